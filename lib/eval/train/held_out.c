/* held_out.c - see held_out.h. */
#include "eval/train/held_out.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

static double *rows_of(const double *all, const int64_t *row, int64_t n)
{
    double *some = all ? eae_malloc((size_t)n, sizeof *some) : NULL;
    for (int64_t i = 0; i < n && all; i++)
        some[i] = all[row[i]];
    return some;
}

void eae_held_out_open(eae_held_out *h, const eae_fold *fold, const eae_target *t, int sides)
{
    const int64_t *row = fold->row + fold->n;
    int64_t n = fold->m - fold->n;
    *h = (eae_held_out){.target = rows_of(t->value, row, n),
                        .time = rows_of(t->time, row, n),
                        .status = rows_of(t->status, row, n)};
    h->value = eae_malloc((size_t)(n * sides), sizeof *h->value);
    h->cut = eae_malloc((size_t)n, sizeof *h->cut);
    h->sd = eae_malloc((size_t)n, sizeof *h->sd);
    h->class = t->class ? eae_malloc((size_t)n, sizeof *h->class) : NULL;
    for (int64_t i = 0; i < n && t->class; i++)
        h->class[i] = t->class[row[i]];
    h->scored = (eae_scored){.n = n,
                             .classes = t->class ? t->outcome.classes : 0,
                             .class = h->class,
                             .value = h->value,
                             .target = h->target,
                             .time = h->time,
                             .status = h->status};
}

void eae_held_out_close(eae_held_out *h)
{
    free(h->class);
    free(h->value);
    free(h->target);
    free(h->time);
    free(h->status);
    free(h->cut);
    free(h->sd);
    *h = (eae_held_out){0};
}

double eae_held_out_score(eae_held_out *h, const eae_metric *metric, bool probability,
                          const eae_fits *fits, int64_t first, const double *value)
{
    int64_t n = h->scored.n;
    for (int64_t i = 0; i < n; i++) {
        for (int side = 0; side < fits->sides; side++)
            h->value[i * fits->sides + side] = value[side * n + i];
        h->cut[i] = fits->spread ? fits->spread[first].median : NAN;
        h->sd[i] = fits->spread ? fits->spread[first].sd : NAN;
    }
    h->scored.cut = fits->spread ? h->cut : NULL;
    h->scored.sd = fits->spread ? h->sd : NULL;
    h->scored.probability = probability;
    return metric->compute(&h->scored);
}
