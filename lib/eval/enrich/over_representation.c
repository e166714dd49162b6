/* over_representation.c - see over_representation.h. */
#include "eval/enrich/over_representation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/threads.h"
#include "model/distribution.h"

const char *const eae_adjustment_names[EAE_ADJUSTMENTS] = {"bonferroni", "holm", "bh", "by"};

enum { LISTS_PER_TASK = 64 };

/* ---- the work ---------------------------------------------------------------------------- */

/* Lists of one length. */
typedef struct {
    int64_t first, end; /* in order[] */
} task_range;

/* Of a worker: tails for the length of list at hand, and the counts of one list. */
typedef struct {
    double *tails;     /* per size of a set: min(size, list) + 1 of them */
    int64_t *begin;    /* where those of size number z begin */
    int64_t capacity;  /* of tails */
    uint32_t *least;   /* per set: the smallest overlap with p <= alpha */
    uint32_t *overlap; /* per set */
    eae_ora_line *candidate;
    double *p, *adjusted;
} scratch;

typedef struct {
    const eae_tested_sets *sets;
    const eae_gene_list *list;
    const eae_ora_rule *rule;
    int64_t *order; /* lists by length */
    task_range *task;
    int64_t tasks;
    int64_t *size; /* different sizes of sets, increasing */
    int64_t sizes;
    int64_t *size_of; /* per set: its number in size[] */
    scratch *scratch; /* per worker */
    eae_ora_result *result;
} work;

typedef struct {
    int64_t key, index;
} keyed;

static int by_key(const void *pa, const void *pb)
{
    const keyed *a = pa, *b = pb;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return (a->index > b->index) - (a->index < b->index);
}

static void plan_tasks(work *w, int64_t n)
{
    keyed *k = eae_malloc((size_t)n, sizeof *k);
    for (int64_t i = 0; i < n; i++)
        k[i] = (keyed){w->list[i].count, i};
    qsort(k, (size_t)n, sizeof *k, by_key);
    w->order = eae_malloc((size_t)n, sizeof *w->order);
    w->task = eae_malloc((size_t)n, sizeof *w->task);
    for (int64_t i = 0; i < n; i++) {
        w->order[i] = k[i].index;
        bool same =
            i > 0 && k[i].key == k[i - 1].key && i - w->task[w->tasks - 1].first < LISTS_PER_TASK;
        if (!same)
            w->task[w->tasks++].first = i;
        w->task[w->tasks - 1].end = i + 1;
    }
    free(k);
}

static void number_sizes(work *w)
{
    int64_t count = w->sets->count;
    keyed *k = eae_malloc((size_t)count, sizeof *k);
    for (int64_t s = 0; s < count; s++)
        k[s] = (keyed){w->sets->size[s], s};
    qsort(k, (size_t)count, sizeof *k, by_key);
    w->size = eae_malloc((size_t)count, sizeof *w->size);
    w->size_of = eae_malloc((size_t)count, sizeof *w->size_of);
    for (int64_t s = 0; s < count; s++) {
        if (s == 0 || k[s].key != k[s - 1].key)
            w->size[w->sizes++] = k[s].key;
        w->size_of[k[s].index] = w->sizes - 1;
    }
    free(k);
}

/* ---- tails ------------------------------------------------------------------------------- */

static void make_tails(const work *w, scratch *x, int64_t length)
{
    int64_t room = 0;
    for (int64_t z = 0; z < w->sizes; z++) {
        x->begin[z] = room;
        room += (w->size[z] < length ? w->size[z] : length) + 1;
    }
    if (room > x->capacity) {
        x->tails = eae_realloc(x->tails, (size_t)room, sizeof *x->tails);
        x->capacity = room;
    }
    for (int64_t z = 0; z < w->sizes; z++)
        eae_hypergeometric_tails(w->sets->universe, w->size[z], length, x->tails + x->begin[z]);
}

/* The smallest overlap of each set with p <= alpha, beyond all where there is none. */
static void find_least(const work *w, scratch *x, int64_t length)
{
    uint32_t *least = eae_malloc((size_t)w->sizes, sizeof *least);
    for (int64_t z = 0; z < w->sizes; z++) {
        const double *tail = x->tails + x->begin[z];
        int64_t most = w->size[z] < length ? w->size[z] : length, k = 0;
        while (k <= most && tail[k] > w->rule->alpha)
            k++;
        least[z] = (uint32_t)k;
    }
    for (int64_t s = 0; s < w->sets->count; s++)
        x->least[s] = least[w->size_of[s]];
    free(least);
}

/* ---- one list ---------------------------------------------------------------------------- */

static void count_overlaps(const eae_tested_sets *sets, const eae_gene_list *list,
                           uint32_t *overlap)
{
    memset(overlap, 0, (size_t)sets->count * sizeof *overlap);
    for (int64_t i = 0; i < list->count; i++) {
        int32_t g = list->gene[i];
        for (int64_t k = sets->begin[g]; k < sets->begin[g + 1]; k++)
            overlap[sets->in[k]]++;
    }
}

static int64_t list_candidates(const work *w, scratch *x)
{
    int64_t n = 0;
    for (int64_t s = 0; s < w->sets->count; s++) {
        if (x->overlap[s] < x->least[s])
            continue;
        double p = x->tails[x->begin[w->size_of[s]] + x->overlap[s]];
        x->candidate[n++] = (eae_ora_line){.tested = s, .overlap = x->overlap[s], .p = p};
    }
    return n;
}

/* Those with bh <= alpha, in place; by the expression that the correction itself uses. */
static int64_t step_up_filter(const work *w, scratch *x, int64_t n)
{
    double family = (double)w->sets->count;
    for (int64_t before = -1; before != n;) {
        int64_t kept = 0;
        before = n;
        for (int64_t i = 0; i < before; i++) {
            if (family / (double)before * x->candidate[i].p <= w->rule->alpha)
                x->candidate[kept++] = x->candidate[i];
        }
        n = kept;
    }
    return n;
}

static void correct(const work *w, scratch *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        x->p[i] = x->candidate[i].p;
    for (int a = 0; a < EAE_ADJUSTMENTS; a++) {
        eae_adjust_smallest((eae_adjustment)a, x->p, n, w->sets->count, x->adjusted);
        for (int64_t i = 0; i < n; i++)
            x->candidate[i].adjusted[a] = x->adjusted[i];
    }
}

static int by_p(const void *pa, const void *pb)
{
    const eae_ora_line *a = pa, *b = pb;
    if (a->p != b->p)
        return a->p < b->p ? -1 : 1;
    return (a->tested > b->tested) - (a->tested < b->tested);
}

static void test_list(const work *w, scratch *x, int64_t i)
{
    const eae_ora_rule *rule = w->rule;
    count_overlaps(w->sets, &w->list[i], x->overlap);
    int64_t n = list_candidates(w, x), kept = 0;
    if (rule->rule != EAE_ADJUST_NOT && rule->alpha < 1)
        n = step_up_filter(w, x, n);
    if (rule->rule != EAE_ADJUST_NOT || rule->alpha >= 1) {
        correct(w, x, n);
    } else {
        for (int64_t k = 0; k < n; k++)
            for (int a = 0; a < EAE_ADJUSTMENTS; a++)
                x->candidate[k].adjusted[a] = NAN;
    }
    for (int64_t k = 0; k < n; k++) {
        if (rule->rule == EAE_ADJUST_NOT || x->candidate[k].adjusted[rule->rule] <= rule->alpha)
            x->candidate[kept++] = x->candidate[k];
    }
    qsort(x->candidate, (size_t)kept, sizeof *x->candidate, by_p);
    w->result[i] = (eae_ora_result){eae_malloc((size_t)kept, sizeof(eae_ora_line)), kept};
    if (kept > 0)
        memcpy(w->result[i].line, x->candidate, (size_t)kept * sizeof *x->candidate);
}

static int run_task(void *context, int64_t task, int worker)
{
    const work *w = context;
    scratch *x = &w->scratch[worker];
    int64_t count = w->sets->count, length = w->list[w->order[w->task[task].first]].count;
    if (!x->begin) {
        x->begin = eae_malloc((size_t)w->sizes, sizeof *x->begin);
        x->least = eae_malloc((size_t)count, sizeof *x->least);
        x->overlap = eae_malloc((size_t)count, sizeof *x->overlap);
        x->candidate = eae_malloc((size_t)count, sizeof *x->candidate);
        x->p = eae_malloc((size_t)count, sizeof *x->p);
        x->adjusted = eae_malloc((size_t)count, sizeof *x->adjusted);
    }
    make_tails(w, x, length);
    find_least(w, x, length);
    for (int64_t k = w->task[task].first; k < w->task[task].end; k++)
        test_list(w, x, w->order[k]);
    return EAE_OK;
}

int eae_over_representation(const eae_tested_sets *sets, const eae_gene_list *list, int64_t n,
                            const eae_ora_rule *rule, int threads, eae_ora_result *result)
{
    work w = {.sets = sets, .list = list, .rule = rule, .result = result};
    w.scratch = EAE_NEW_ARRAY(scratch, threads);
    plan_tasks(&w, n);
    number_sizes(&w);
    int status = eae_parallel(threads, w.tasks, run_task, &w);
    for (int k = 0; k < threads; k++) {
        scratch *x = &w.scratch[k];
        free(x->tails);
        free(x->begin);
        free(x->least);
        free(x->overlap);
        free(x->candidate);
        free(x->p);
        free(x->adjusted);
    }
    free(w.scratch);
    free(w.order);
    free(w.task);
    free(w.size);
    free(w.size_of);
    return status;
}

/* ---- effects ----------------------------------------------------------------------------- */

eae_ora_effect eae_ora_effect_of(int64_t overlap, int64_t list, int64_t size, int64_t universe)
{
    static const double normal_975 = 1.959963984540054;
    double a = (double)overlap, b = (double)(list - overlap), c = (double)(size - overlap);
    double d = (double)(universe - list - size + overlap);
    eae_ora_effect e = {.expected = (double)list * (double)size / (double)universe};
    e.odds_ratio = a * d / (b * c);
    double centre = log((a + 0.5) * (d + 0.5) / ((b + 0.5) * (c + 0.5)));
    double half = normal_975 * sqrt(1 / (a + 0.5) + 1 / (b + 0.5) + 1 / (c + 0.5) + 1 / (d + 0.5));
    e.low = exp(centre - half);
    e.high = exp(centre + half);
    return e;
}
