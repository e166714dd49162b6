/* cluster.c - see cluster.h. */
#include "model/cluster.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

typedef struct {
    int64_t n;
    double *distance; /* of i > j at i (i - 1) / 2 + j; by the row that a cluster is kept at */
    int64_t *count;   /* rows in the cluster kept there; 0: joined to another */
    double *sum;      /* of the means of its rows */
    int64_t *next;    /* the row after this one in its cluster; -1 */
    int64_t *first, *last;
} forest;

static double *between(const forest *f, int64_t i, int64_t j)
{
    return i > j ? &f->distance[i * (i - 1) / 2 + j] : &f->distance[j * (j - 1) / 2 + i];
}

static void measure(forest *f, const double *x, int64_t p)
{
    for (int64_t i = 0; i < f->n; i++) {
        double mean = 0;
        for (int64_t c = 0; c < p; c++)
            mean += x[i * p + c];
        f->count[i] = 1;
        f->sum[i] = p > 0 ? mean / (double)p : 0;
        f->next[i] = -1;
        f->first[i] = f->last[i] = i;
        for (int64_t j = 0; j < i; j++) {
            double square = 0;
            for (int64_t c = 0; c < p; c++) {
                double d = x[i * p + c] - x[j * p + c];
                square += d * d;
            }
            *between(f, i, j) = sqrt(square);
        }
    }
}

/* The nearest cluster of `of`; `before`, the one that led here, wins when it is as near. */
static int64_t nearest(const forest *f, int64_t of, int64_t before)
{
    int64_t best = before;
    for (int64_t i = 0; i < f->n; i++) {
        if (i == of || f->count[i] == 0)
            continue;
        if (best < 0 || *between(f, of, i) < *between(f, of, best))
            best = i;
    }
    return best;
}

/* Into the one with the lower number (Lance and Williams' update). */
static void join(forest *f, int64_t a, int64_t b)
{
    int64_t to = a < b ? a : b, from = a < b ? b : a;
    double m = (double)f->count[to], n = (double)f->count[from];
    for (int64_t i = 0; i < f->n; i++) {
        if (i == to || i == from || f->count[i] == 0)
            continue;
        *between(f, to, i) = (m * *between(f, to, i) + n * *between(f, from, i)) / (m + n);
    }
    bool swap = f->sum[from] / n < f->sum[to] / m;
    int64_t head = swap ? from : to, tail = swap ? to : from;
    f->next[f->last[head]] = f->first[tail];
    int64_t first = f->first[head], last = f->last[tail];
    f->first[to] = first;
    f->last[to] = last;
    f->sum[to] += f->sum[from];
    f->count[to] += f->count[from];
    f->count[from] = 0;
}

static void grow(forest *f)
{
    int64_t *chain = eae_malloc((size_t)f->n, sizeof *chain), length = 0, left = f->n, start = 0;
    while (left > 1) {
        if (length == 0) {
            while (f->count[start] == 0)
                start++;
            chain[length++] = start;
        }
        int64_t top = chain[length - 1], before = length > 1 ? chain[length - 2] : -1;
        int64_t to = nearest(f, top, before);
        if (to != before) {
            chain[length++] = to;
            continue;
        }
        join(f, top, before);
        length -= 2;
        left--;
    }
    free(chain);
}

int eae_cluster_order(const double *x, int64_t n, int64_t p, int64_t *order)
{
    size_t rows = (size_t)n;
    forest f = {.n = n,
                .distance = eae_try_alloc(rows * (rows > 0 ? rows - 1 : 0) / 2 + 1, sizeof(double),
                                          "distances between rows")};
    if (!f.distance)
        return EAE_FAIL;
    f.count = EAE_NEW_ARRAY(int64_t, n);
    f.sum = EAE_NEW_ARRAY(double, n);
    f.next = EAE_NEW_ARRAY(int64_t, n);
    f.first = EAE_NEW_ARRAY(int64_t, n);
    f.last = EAE_NEW_ARRAY(int64_t, n);
    measure(&f, x, p);
    grow(&f);
    int64_t k = 0;
    for (int64_t i = n > 0 ? f.first[0] : -1; i >= 0; i = f.next[i])
        order[k++] = i;
    free(f.distance);
    free(f.count);
    free(f.sum);
    free(f.next);
    free(f.first);
    free(f.last);
    return EAE_OK;
}
