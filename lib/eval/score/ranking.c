/* ranking.c - statistics of order: one sort each, ties in runs of equal values. */
#include "eval/score/ranking.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

typedef struct {
    double value;
    int64_t position;
} item;

static int by_value(const void *pa, const void *pb)
{
    const item *a = pa, *b = pb;
    if (a->value != b->value)
        return a->value < b->value ? -1 : 1;
    return a->position < b->position ? -1 : a->position > b->position;
}

void eae_sort_order(const double *value, int64_t n, int64_t *order)
{
    item *items = eae_malloc((size_t)n, sizeof *items);
    for (int64_t i = 0; i < n; i++)
        items[i] = (item){value[i], i};
    qsort(items, (size_t)n, sizeof *items, by_value);
    for (int64_t i = 0; i < n; i++)
        order[i] = items[i].position;
    free(items);
}

/* The end of the run of equal values that begins at sorted position i. */
static int64_t run_end(const double *value, const int64_t *order, int64_t n, int64_t i)
{
    int64_t end = i + 1;
    while (end < n && value[order[end]] == value[order[i]])
        end++;
    return end;
}

void eae_midranks(const double *value, int64_t n, double *rank)
{
    int64_t *order = eae_malloc((size_t)n, sizeof *order);
    eae_sort_order(value, n, order);
    for (int64_t i = 0, end; i < n; i = end) {
        end = run_end(value, order, n, i);
        for (int64_t k = i; k < end; k++)
            rank[order[k]] = 0.5 * (double)(i + 1 + end);
    }
    free(order);
}

double eae_auc(const double *value, const bool *positive, int64_t n)
{
    int64_t *order = eae_malloc((size_t)n, sizeof *order);
    eae_sort_order(value, n, order);
    int64_t below = 0, positives = 0;
    double pairs = 0; /* won pairs, a tie counting 1/2: exact up to 2^52 of them */
    for (int64_t i = 0, end; i < n; i = end) {
        end = run_end(value, order, n, i);
        int64_t pos = 0;
        for (int64_t k = i; k < end; k++)
            pos += positive[order[k]];
        int64_t neg = end - i - pos;
        pairs += (double)pos * ((double)below + 0.5 * (double)neg);
        below += neg;
        positives += pos;
    }
    free(order);
    return pairs / ((double)positives * (double)below);
}

double eae_average_precision(const double *value, const bool *positive, int64_t n)
{
    int64_t *order = eae_malloc((size_t)n, sizeof *order);
    eae_sort_order(value, n, order);
    int64_t taken = 0, hits = 0;
    double sum = 0;
    for (int64_t last = n - 1, next; last >= 0; last = next) {
        int64_t gained = 0;
        for (next = last; next >= 0 && value[order[next]] == value[order[last]]; next--)
            gained += positive[order[next]];
        taken += last - next;
        hits += gained;
        sum += (double)gained * ((double)hits / (double)taken);
    }
    free(order);
    return hits == n ? NAN : sum / (double)hits;
}

double eae_spearman(const double *a, const double *b, int64_t n)
{
    double *ra = eae_malloc((size_t)n, sizeof *ra);
    double *rb = eae_malloc((size_t)n, sizeof *rb);
    eae_midranks(a, n, ra);
    eae_midranks(b, n, rb);
    double centre = 0.5 * (double)(n + 1), ab = 0, aa = 0, bb = 0;
    for (int64_t i = 0; i < n; i++) {
        ab += (ra[i] - centre) * (rb[i] - centre);
        aa += (ra[i] - centre) * (ra[i] - centre);
        bb += (rb[i] - centre) * (rb[i] - centre);
    }
    free(ra);
    free(rb);
    return ab / sqrt(aa * bb); /* 0/0 where one is constant */
}

/* ---- concordance ------------------------------------------------------------------------- */

/* Counts per place, with sums of beginnings in O(log n) (Fenwick 1994). Places 1 .. n. */
typedef struct {
    int64_t n;
    int64_t *node;
} counts;

static void counts_add(counts *c, int64_t place)
{
    for (; place <= c->n; place += place & -place)
        c->node[place]++;
}

static int64_t counts_upto(const counts *c, int64_t place)
{
    int64_t sum = 0;
    for (; place > 0; place -= place & -place)
        sum += c->node[place];
    return sum;
}

/* Dense ranks 1, 2, ... of the values. */
static void dense_ranks(const double *value, int64_t n, int64_t *rank)
{
    int64_t *order = eae_malloc((size_t)n, sizeof *order);
    eae_sort_order(value, n, order);
    int64_t r = 0;
    for (int64_t i = 0, end; i < n; i = end) {
        end = run_end(value, order, n, i);
        r++;
        for (int64_t k = i; k < end; k++)
            rank[order[k]] = r;
    }
    free(order);
}

double eae_concordance(const double *value, const double *time, const double *status, int64_t n)
{
    int64_t *order = eae_malloc((size_t)n, sizeof *order);
    int64_t *rank = eae_malloc((size_t)n, sizeof *rank);
    counts later = {n, eae_calloc((size_t)n + 1, sizeof(int64_t))};
    eae_sort_order(time, n, order);
    dense_ranks(value, n, rank);
    double won = 0, comparable = 0;
    int64_t present = 0;
    for (int64_t end = n, start; end > 0; end = start) {
        for (start = end - 1; start > 0 && time[order[start - 1]] == time[order[end - 1]];)
            start--;
        for (int64_t k = start; k < end; k++) {
            if (status[order[k]] == 0) {
                counts_add(&later, rank[order[k]]);
                present++;
            }
        }
        int64_t events = 0;
        for (int64_t k = start; k < end; k++) {
            if (status[order[k]] == 0)
                continue;
            int64_t lower = counts_upto(&later, rank[order[k]] - 1);
            int64_t equal = counts_upto(&later, rank[order[k]]) - lower;
            won += (double)lower + 0.5 * (double)equal;
            comparable += (double)present;
            events++;
        }
        for (int64_t k = start; k < end; k++) {
            if (status[order[k]] != 0)
                counts_add(&later, rank[order[k]]);
        }
        present += events;
    }
    free(order);
    free(rank);
    free(later.node);
    return won / comparable;
}
