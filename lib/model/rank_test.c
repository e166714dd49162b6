/* rank_test.c - tests made of sorted values: see univariate_parts.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/univariate_parts.h"

/* A value as an integer of the same order, and its row. */
typedef struct entry {
    uint64_t key;
    int64_t i;
} entry;

struct eae_rank_scratch {
    entry *sorted, *other; /* n each */
    double *rank;          /* of the feature */
    double *outcome_rank;  /* of the outcome: over all rows, and over those that are left */
    double *outcome_left;
};

void eae_rank_scratch_free(eae_rank_scratch *s)
{
    if (!s)
        return;
    free(s->sorted);
    free(s->other);
    free(s->rank);
    free(s->outcome_rank);
    free(s->outcome_left);
    free(s);
}

/* ---- sorting ------------------------------------------------------------------------------ */

static uint64_t key_of(double value)
{
    uint64_t bits;
    value += 0.0; /* -0 is 0 */
    memcpy(&bits, &value, sizeof bits);
    return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

static double value_of(entry e)
{
    uint64_t bits = e.key >> 63 ? e.key & ~(UINT64_C(1) << 63) : ~e.key;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void insertion_sort(entry *e, int64_t n)
{
    for (int64_t i = 1; i < n; i++) {
        entry moving = e[i];
        int64_t at = i;
        for (; at > 0 && e[at - 1].key > moving.key; at--)
            e[at] = e[at - 1];
        e[at] = moving;
    }
}

enum { DIGITS = 8, SHORT = 24 };

/* Sorts s->sorted[0 .. n-1], stably: by bytes, the lowest first, without those that all keys share
 * (f32 values have three). */
static void sort_entries(eae_rank_scratch *s, int64_t n)
{
    if (n <= SHORT) {
        insertion_sort(s->sorted, n);
        return;
    }
    int64_t place[DIGITS][256] = {{0}};
    for (int64_t i = 0; i < n; i++) {
        for (int d = 0; d < DIGITS; d++)
            place[d][s->sorted[i].key >> (8 * d) & 255]++;
    }
    for (int d = 0; d < DIGITS; d++) {
        if (place[d][s->sorted[0].key >> (8 * d) & 255] == n)
            continue;
        for (int64_t digit = 0, before = 0; digit < 256; digit++) {
            int64_t here = place[d][digit];
            place[d][digit] = before;
            before += here;
        }
        for (int64_t i = 0; i < n; i++)
            s->other[place[d][s->sorted[i].key >> (8 * d) & 255]++] = s->sorted[i];
        entry *swap = s->sorted;
        s->sorted = s->other;
        s->other = swap;
    }
}

/* The rows where x is there, with the values of v there, sorted by them; how many. */
static int64_t sort_present(eae_rank_scratch *s, int64_t n, const double *x, const double *v)
{
    int64_t left = 0;
    for (int64_t i = 0; i < n; i++) {
        if (!isnan(x[i]))
            s->sorted[left++] = (entry){key_of(v[i]), i};
    }
    sort_entries(s, left);
    return left;
}

/* ---- Spearman ----------------------------------------------------------------------------- */

/* Ranks less their mean, ties averaged, into rank[row] for the `left` sorted rows; a row that
 * counts c times takes c places. Multiples of a half: their sums are exact in any order. */
static double rank_sorted(const eae_rank_scratch *s, int64_t left, const double *count,
                          double *rank)
{
    double total = 0, before = 0;
    for (int64_t k = 0; k < left; k++)
        total += count[s->sorted[k].i];
    for (int64_t k = 0, end; k < left; k = end) {
        double tied = 0;
        for (end = k; end < left && s->sorted[end].key == s->sorted[k].key; end++)
            tied += count[s->sorted[end].i];
        for (int64_t t = k; t < end; t++)
            rank[s->sorted[t].i] = before + 0.5 * (tied - total);
        before += tied;
    }
    return total;
}

eae_rank_scratch *eae_rank_scratch_new(const eae_test_rows *rows)
{
    size_t n = (size_t)rows->n;
    eae_rank_scratch *s = EAE_NEW(eae_rank_scratch);
    s->sorted = eae_try_alloc(n, sizeof *s->sorted, "ranks");
    s->other = eae_try_alloc(n, sizeof *s->other, "ranks");
    s->rank = eae_try_alloc(n, sizeof(double), "ranks");
    s->outcome_rank = eae_try_alloc(n, sizeof(double), "ranks");
    s->outcome_left = eae_try_alloc(n, sizeof(double), "ranks");
    if (!s->sorted || !s->other || !s->rank || !s->outcome_rank || !s->outcome_left) {
        eae_rank_scratch_free(s);
        return NULL;
    }
    if (rows->value) {
        sort_present(s, rows->n, rows->value, rows->value);
        rank_sorted(s, rows->n, rows->count, s->outcome_rank);
    }
    return s;
}

eae_test_result eae_spearman_result(eae_rank_scratch *s, const eae_test_rows *rows, const double *x)
{
    eae_test_result r = {NAN, NAN, NAN, 0, NAN, NAN};
    const double *y = s->outcome_rank;
    int64_t left = rows->n;
    for (int64_t i = 0; i < rows->n; i++)
        left -= isnan(x[i]);
    if (left < rows->n) {
        sort_present(s, rows->n, x, rows->value);
        rank_sorted(s, left, rows->count, s->outcome_left);
        y = s->outcome_left;
    }
    sort_present(s, rows->n, x, x);
    double n = rank_sorted(s, left, rows->count, s->rank);
    double xx = 0, xy = 0, yy = 0, sum = 0, reference = left > 0 ? value_of(s->sorted[0]) : NAN;
    for (int64_t i = 0; i < rows->n; i++) {
        if (isnan(x[i]))
            continue;
        double c = rows->count[i];
        xx += c * s->rank[i] * s->rank[i];
        xy += c * s->rank[i] * y[i];
        yy += c * y[i] * y[i];
        sum += c * (x[i] - reference);
    }
    r.mean = reference + sum / n;
    if (n < 3 || xx == 0 || yy == 0)
        return r;
    double rho = xy / sqrt(xx) / sqrt(yy);
    r.effect = rho > 1 ? 1 : rho < -1 ? -1 : rho;
    if (xy * xy == xx * yy) /* exactly: both sides are sums of quarters */
        r.effect = xy > 0 ? 1 : -1;
    r.df = n - 2;
    r.statistic = r.effect * sqrt(r.df / ((1 - r.effect) * (1 + r.effect)));
    return r;
}

/* ---- median absolute deviation ------------------------------------------------------------ */

/* A walk over values in increasing order that finds the middle of n, each counted as often as it
 * counts: the mean of the values at places n/2 - 1 and n/2 for even n. */
typedef struct middle {
    double low_place, high_place; /* from 0 */
    double passed;
    double low, high;
} middle;

static middle middle_start(double n)
{
    return (middle){floor((n - 1) / 2), floor(n / 2), 0, NAN, NAN};
}

/* true when found */
static bool middle_add(middle *m, double value, double count)
{
    double end = m->passed + count;
    if (m->passed <= m->low_place && m->low_place < end)
        m->low = value;
    if (m->passed <= m->high_place && m->high_place < end) {
        m->high = value;
        return true;
    }
    m->passed = end;
    return false;
}

static double middle_value(const middle *m)
{
    return 0.5 * m->low + 0.5 * m->high;
}

double eae_mad_result(eae_rank_scratch *s, const eae_test_rows *rows, const double *x)
{
    int64_t left = sort_present(s, rows->n, x, x);
    double n = 0;
    for (int64_t k = 0; k < left; k++)
        n += rows->count[s->sorted[k].i];
    if (left == 0)
        return NAN;
    middle m = middle_start(n);
    for (int64_t k = 0; !middle_add(&m, value_of(s->sorted[k]), rows->count[s->sorted[k].i]);)
        k++;
    double median = middle_value(&m);
    /* deviations in increasing order: from the median outwards on both sides */
    int64_t up = 0;
    while (up < left && value_of(s->sorted[up]) < median)
        up++;
    int64_t down = up - 1;
    m = middle_start(n);
    for (bool found = false; !found;) {
        double below = down >= 0 ? median - value_of(s->sorted[down]) : INFINITY;
        double above = up < left ? value_of(s->sorted[up]) - median : INFINITY;
        bool lower = up >= left || (down >= 0 && below < above);
        int64_t i = s->sorted[lower ? down-- : up++].i;
        found = middle_add(&m, lower ? below : above, rows->count[i]);
    }
    return middle_value(&m);
}
