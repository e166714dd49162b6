/* interval.c - Nadeau-Bengio, DeLong and bootstrap intervals. */
#include "eval/score/interval.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "base/threads.h"
#include "eval/score/ranking.h"
#include "model/distribution.h"

double eae_corrected_error(double sd, int64_t j, double ratio)
{
    return j < 2 || !isfinite(ratio) ? NAN : sd * sqrt(1 / (double)j + ratio);
}

eae_interval eae_nadeau_bengio(double mean, double sd, int64_t j, double ratio)
{
    double half =
        j < 2 ? NAN : eae_t_quantile(0.975, (double)(j - 1)) * eae_corrected_error(sd, j, ratio);
    return (eae_interval){mean - half, mean + half};
}

/* ---- DeLong ------------------------------------------------------------------------------ */

/* A positive's placement is its midrank among all less its midrank in its own class, over the
 * number of negatives (Sun and Xu, equation 9); a negative's one minus the same. */
static void place_class(const double *value, const bool *positive, bool which,
                        const double *rank_all, int64_t n, double *placement)
{
    double *own = eae_malloc((size_t)n, sizeof *own);
    double *rank = eae_malloc((size_t)n, sizeof *rank);
    int64_t m = 0;
    for (int64_t i = 0; i < n; i++) {
        if (positive[i] == which)
            own[m++] = value[i];
    }
    eae_midranks(own, m, rank);
    double others = (double)(n - m);
    m = 0;
    for (int64_t i = 0; i < n; i++) {
        if (positive[i] == which) {
            double beats = (rank_all[i] - rank[m++]) / others;
            placement[i] = which ? beats : 1 - beats;
        }
    }
    free(own);
    free(rank);
}

void eae_placements(const double *value, const bool *positive, int64_t n, double *placement)
{
    double *rank = eae_malloc((size_t)n, sizeof *rank);
    eae_midranks(value, n, rank);
    place_class(value, positive, true, rank, n, placement);
    place_class(value, positive, false, rank, n, placement);
    free(rank);
}

/* Sample variance of one class' part of x, over its number. */
static double variance_of_mean(const double *x, const bool *positive, bool which, int64_t n)
{
    double mean = 0, square = 0, m = 0;
    for (int64_t i = 0; i < n; i++) {
        if (positive[i] == which) {
            mean += x[i];
            m++;
        }
    }
    mean /= m;
    for (int64_t i = 0; i < n; i++) {
        if (positive[i] == which)
            square += (x[i] - mean) * (x[i] - mean);
    }
    return m < 2 ? NAN : square / (m - 1) / m;
}

double eae_placement_variance(const double *x, const bool *positive, int64_t n)
{
    return variance_of_mean(x, positive, true, n) + variance_of_mean(x, positive, false, n);
}

void eae_delong(const double *value, const bool *positive, int64_t n, double *auc, double *variance)
{
    double *placement = eae_malloc((size_t)n, sizeof *placement);
    eae_placements(value, positive, n, placement);
    *auc = eae_auc(value, positive, n);
    *variance = eae_placement_variance(placement, positive, n);
    free(placement);
}

eae_interval eae_delong_interval(const eae_predictions *p, int candidate)
{
    int64_t first, end, cols = p->frame->cols.count, n = 0;
    eae_candidate_entries(p, candidate, &first, &end);
    eae_joined all;
    eae_join(p, first, end, &all);
    double *sum = EAE_NEW_ARRAY(double, cols), *times = EAE_NEW_ARRAY(double, cols);
    bool *positive = EAE_NEW_ARRAY(bool, cols);
    for (int64_t i = 0; i < all.scored.n; i++) {
        sum[all.sample[i]] += all.value[i];
        times[all.sample[i]]++;
    }
    for (int64_t j = 0; j < cols; j++) {
        if (times[j] > 0) {
            positive[n] = p->label->code[j] == 1;
            sum[n++] = sum[j] / times[j];
        }
    }
    double auc, variance;
    eae_delong(sum, positive, n, &auc, &variance);
    double half = 1.959963984540054 * sqrt(variance);
    eae_joined_free(&all);
    free(sum);
    free(times);
    free(positive);
    return (eae_interval){fmax(auc - half, isnan(half) ? NAN : 0),
                          fmin(auc + half, isnan(half) ? NAN : 1)};
}

/* ---- bootstrap --------------------------------------------------------------------------- */

/* What is drawn: samples, or groups of them, numbered from 0. */
typedef struct {
    int64_t *of_sample; /* column -> unit, -1 for one never held out */
    int64_t count;
} units;

/* Groups by value; samples without a group are each their own. */
static void number_units(const eae_predictions *p, const eae_joined *all, units *u)
{
    int64_t cols = p->frame->cols.count;
    u->of_sample = eae_malloc((size_t)cols, sizeof *u->of_sample);
    u->count = 0;
    eae_names keys = {0};
    char text[64];
    bool *held = EAE_NEW_ARRAY(bool, cols);
    for (int64_t i = 0; i < all->scored.n; i++)
        held[all->sample[i]] = true;
    for (int64_t j = 0; j < cols; j++) {
        bool grouped = p->group && !eae_annot_is_missing(p->group, j);
        char *key = grouped ? eae_sprintf("g%s", eae_annot_print(p->group, j, text))
                            : eae_sprintf("s%lld", (long long)j);
        eae_names_add(&keys, key, strlen(key));
        free(key);
    }
    eae_name_index *index = eae_name_index_new(&keys);
    int64_t *unit_of_key = eae_malloc((size_t)cols, sizeof *unit_of_key);
    for (int64_t j = 0; j < cols; j++)
        unit_of_key[j] = u->of_sample[j] = -1;
    for (int64_t j = 0; j < cols; j++) {
        if (!held[j])
            continue;
        int64_t first = eae_name_find(index, eae_name(&keys, j), strlen(eae_name(&keys, j)));
        if (unit_of_key[first] < 0)
            unit_of_key[first] = u->count++;
        u->of_sample[j] = unit_of_key[first];
    }
    eae_name_index_free(index);
    eae_names_free(&keys);
    free(unit_of_key);
    free(held);
}

typedef struct {
    const eae_scores *s;
    units units;
    uint64_t seed;
    int64_t first, end; /* entries */
    eae_joined *repeat; /* the joined values of each repeat */
    int64_t *begin;     /* the first entry of each repeat */
    int64_t repeats;
    double *value; /* replicates x metrics */
} bootstrap;

/* Positions of one repeat's values, each as often as its unit was drawn. */
static int64_t expand(const bootstrap *b, const eae_joined *all, const int64_t *drawn,
                      int64_t **take)
{
    int64_t n = 0;
    for (int64_t i = 0; i < all->scored.n; i++)
        n += drawn[b->units.of_sample[all->sample[i]]];
    *take = eae_malloc((size_t)n, sizeof **take);
    n = 0;
    for (int64_t i = 0; i < all->scored.n; i++) {
        for (int64_t k = drawn[b->units.of_sample[all->sample[i]]]; k > 0; k--)
            (*take)[n++] = i;
    }
    return n;
}

static int replicate(void *data, int64_t task, int worker)
{
    (void)worker;
    bootstrap *b = data;
    int metrics = b->s->metric_count;
    double *value = b->value + task * metrics;
    double *defined = EAE_NEW_ARRAY(double, metrics);
    int64_t *drawn = EAE_NEW_ARRAY(int64_t, b->units.count);
    eae_random random;
    eae_random_start(&random, b->seed, EAE_RANDOM_BOOTSTRAP, (uint64_t)task);
    for (int64_t i = 0; i < b->units.count; i++)
        drawn[eae_random_below(&random, (uint64_t)b->units.count)]++;
    for (int m = 0; m < metrics; m++)
        value[m] = 0;
    for (int64_t r = 0; r < b->repeats; r++) {
        int64_t *take;
        int64_t n = expand(b, &b->repeat[r], drawn, &take);
        eae_joined again;
        eae_joined_take(&b->repeat[r], take, n, &again);
        for (int m = 0; m < metrics; m++) {
            double x = eae_score_joined(b->s->metric[m], &again, b->s->cut + b->begin[r]);
            value[m] += isnan(x) ? 0 : x;
            defined[m] += !isnan(x);
        }
        eae_joined_free(&again);
        free(take);
    }
    for (int m = 0; m < metrics; m++)
        value[m] /= defined[m];
    free(drawn);
    free(defined);
    return EAE_OK;
}

static int increasing(const void *pa, const void *pb)
{
    double a = *(const double *)pa, b = *(const double *)pb;
    return a < b ? -1 : a > b;
}

/* Linear between order statistics (type 7 of Hyndman and Fan 1996). */
static double quantile(const double *sorted, int64_t n, double q)
{
    double at = q * (double)(n - 1);
    int64_t below = (int64_t)at;
    if (below + 1 >= n)
        return sorted[n - 1];
    return sorted[below] + (at - (double)below) * (sorted[below + 1] - sorted[below]);
}

static eae_interval percentiles(const double *value, int64_t replicates, int stride)
{
    double *sorted = eae_malloc((size_t)replicates, sizeof *sorted);
    int64_t n = 0;
    for (int64_t i = 0; i < replicates; i++) {
        if (!isnan(value[i * stride]))
            sorted[n++] = value[i * stride];
    }
    qsort(sorted, (size_t)n, sizeof *sorted, increasing);
    eae_interval interval = {NAN, NAN};
    if (n > 0)
        interval = (eae_interval){quantile(sorted, n, 0.025), quantile(sorted, n, 0.975)};
    free(sorted);
    return interval;
}

static void join_repeats(bootstrap *b)
{
    const eae_predictions *p = b->s->p;
    b->repeat = EAE_NEW_ARRAY(eae_joined, b->end - b->first);
    b->begin = EAE_NEW_ARRAY(int64_t, b->end - b->first);
    for (int64_t i = b->first, next; i < b->end; i = next) {
        next = eae_entry_repeat_end(p, i);
        b->begin[b->repeats] = i;
        eae_join(p, i, next, &b->repeat[b->repeats++]);
    }
}

int eae_bootstrap_interval(const eae_scores *s, int candidate, int64_t replicates, uint64_t seed,
                           int threads, eae_interval *interval)
{
    bootstrap b = {.s = s, .seed = seed};
    eae_candidate_entries(s->p, candidate, &b.first, &b.end);
    eae_joined all;
    eae_join(s->p, b.first, b.end, &all);
    number_units(s->p, &all, &b.units);
    eae_joined_free(&all);
    join_repeats(&b);
    b.value = eae_malloc((size_t)replicates * (size_t)s->metric_count, sizeof *b.value);
    int status = eae_parallel(threads, replicates, replicate, &b);
    for (int m = 0; m < s->metric_count && status == EAE_OK; m++)
        interval[m] = percentiles(b.value + m, replicates, s->metric_count);
    for (int64_t r = 0; r < b.repeats; r++)
        eae_joined_free(&b.repeat[r]);
    free(b.repeat);
    free(b.begin);
    free(b.value);
    free(b.units.of_sample);
    return status;
}
