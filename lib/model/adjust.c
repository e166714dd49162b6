/*
 * adjust.c - correction of p-values for the size of the family. See univariate.h.
 *
 * Holm 1979; Benjamini and Hochberg 1995; Benjamini and Yekutieli 2001.
 */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "model/univariate.h"

typedef struct ordered {
    double p;
    int64_t i;
} ordered;

static int by_p(const void *a, const void *b)
{
    const ordered *x = a, *y = b;
    if (x->p != y->p)
        return x->p < y->p ? -1 : 1;
    return (x->i > y->i) - (x->i < y->i);
}

/* The entries that are not NaN, increasing; the caller frees. NaN goes to out as it is. */
static ordered *sort_family(const double *p, int64_t m, double *out, int64_t *family)
{
    ordered *o = eae_malloc((size_t)m, sizeof *o);
    int64_t n = 0;
    for (int64_t i = 0; i < m; i++) {
        if (isnan(p[i]))
            out[i] = p[i];
        else
            o[n++] = (ordered){p[i], i};
    }
    qsort(o, (size_t)n, sizeof *o, by_p);
    *family = n;
    return o;
}

void eae_adjust_bonferroni(const double *p, int64_t m, double *out)
{
    double n = 0;
    for (int64_t i = 0; i < m; i++)
        n += !isnan(p[i]);
    for (int64_t i = 0; i < m; i++)
        out[i] = p[i] * n > 1 ? 1 : p[i] * n;
}

void eae_adjust_holm(const double *p, int64_t m, double *out)
{
    int64_t n;
    ordered *o = sort_family(p, m, out, &n);
    double largest = 0;
    for (int64_t k = 0; k < n; k++) {
        largest = fmax(largest, o[k].p * (double)(n - k));
        out[o[k].i] = fmin(largest, 1);
    }
    free(o);
}

/* Step up: the smallest of factor * n / rank * p over this and all larger p. */
static void step_up(const double *p, int64_t m, double *out, bool any_dependence)
{
    int64_t n;
    ordered *o = sort_family(p, m, out, &n);
    double factor = any_dependence ? 0 : 1, smallest = 1;
    for (int64_t k = n; k >= 1 && any_dependence; k--)
        factor += 1 / (double)k;
    for (int64_t k = n - 1; k >= 0; k--) {
        smallest = fmin(smallest, factor * ((double)n / (double)(k + 1)) * o[k].p);
        out[o[k].i] = smallest;
    }
    free(o);
}

void eae_adjust_bh(const double *p, int64_t m, double *out)
{
    step_up(p, m, out, false);
}

void eae_adjust_by(const double *p, int64_t m, double *out)
{
    step_up(p, m, out, true);
}
