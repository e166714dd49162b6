/* synth_plant.c - which features have signal, and what it adds to whom; see synth.h. */
#include "eval/synth/synth_parts.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/random.h"

/* The first `planted` of a shuffled list of all features (Fisher-Yates, from the front), each up
 * or down by a fair coin; of several classes, they mark one after the other. */
static void choose(const eae_synth *s, double *truth, int32_t *marked)
{
    int64_t *column = eae_malloc((size_t)s->cols, sizeof *column);
    bool two = s->options.survival || s->options.classes == 2;
    for (int64_t j = 0; j < s->cols; j++)
        column[j] = j;
    eae_random r;
    eae_random_start(&r, s->options.seed, EAE_RANDOM_SYNTH_BASE, SYNTH_BASE_PLANTED);
    for (int64_t k = 0; k < s->options.planted; k++) {
        int64_t other = k + (int64_t)eae_random_below(&r, (uint64_t)(s->cols - k));
        int64_t chosen = column[other];
        column[other] = column[k];
        truth[chosen] = eae_random_u32(&r) & 1 ? s->options.effect : -s->options.effect;
        marked[chosen] = two ? 1 : (int32_t)(k % s->options.classes);
    }
    free(column);
}

void eae_synth_plant(eae_synth *s)
{
    int64_t n = s->options.planted, k = 0;
    if (n == 0)
        return;
    double *truth = EAE_NEW_ARRAY(double, s->cols);
    int32_t *marked = eae_malloc((size_t)s->cols, sizeof *marked);
    for (int64_t j = 0; j < s->cols; j++)
        marked[j] = -1;
    choose(s, truth, marked);
    s->column = eae_malloc((size_t)n, sizeof *s->column);
    s->truth = eae_malloc((size_t)n, sizeof *s->truth);
    s->marked = eae_malloc((size_t)n, sizeof *s->marked);
    for (int64_t j = 0; j < s->cols; j++) {
        if (marked[j] < 0)
            continue;
        s->column[k] = j;
        s->truth[k] = truth[j];
        s->marked[k++] = marked[j];
    }
    s->planted = n;
    free(truth);
    free(marked);
}

static void add_mark(eae_synth_marks *m, int64_t column, float lift)
{
    m->column[m->count] = column;
    m->lift[m->count++] = lift;
}

void eae_synth_set_levels(eae_synth *s, const double *mean, const double *sd)
{
    int64_t classes = s->options.classes;
    s->centre = eae_malloc((size_t)s->cols, sizeof(float));
    s->scale = eae_malloc((size_t)s->cols, sizeof(float));
    for (int64_t j = 0; j < s->cols; j++) {
        s->centre[j] = (float)mean[j];
        s->scale[j] = (float)(sd[j] * s->options.noise);
    }
    if (s->options.survival || s->planted == 0)
        return;
    s->marks = EAE_NEW_ARRAY(eae_synth_marks, classes);
    for (int64_t k = 0; k < s->planted; k++)
        s->marks[s->marked[k]].count++;
    for (int64_t c = 0; c < classes; c++) {
        eae_synth_marks *m = &s->marks[c];
        m->column = eae_malloc((size_t)m->count, sizeof *m->column);
        m->lift = eae_malloc((size_t)m->count, sizeof *m->lift);
        m->count = 0;
    }
    for (int64_t k = 0; k < s->planted; k++) {
        int64_t j = s->column[k];
        double lift = s->truth[k] * sd[j];
        s->centre[j] = (float)(mean[j] - lift / (double)classes);
        add_mark(&s->marks[s->marked[k]], j, (float)lift);
    }
}

void eae_synth_free_marks(eae_synth *s)
{
    for (int64_t c = 0; s->marks && c < s->options.classes; c++) {
        free(s->marks[c].column);
        free(s->marks[c].lift);
    }
    free(s->marks);
}
