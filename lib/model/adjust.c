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

static void bonferroni(const ordered *o, int64_t n, int64_t family, double *out)
{
    for (int64_t k = 0; k < n; k++)
        out[o[k].i] = fmin(o[k].p * (double)family, 1);
}

static void holm(const ordered *o, int64_t n, int64_t family, double *out)
{
    double largest = 0;
    for (int64_t k = 0; k < n; k++) {
        largest = fmax(largest, o[k].p * (double)(family - k));
        out[o[k].i] = fmin(largest, 1);
    }
}

/* Step up: the smallest of factor * family / rank * p over this and all larger p. */
static void step_up(const ordered *o, int64_t n, int64_t family, double *out, bool any_dependence)
{
    double factor = any_dependence ? 0 : 1, smallest = 1;
    for (int64_t k = family; k >= 1 && any_dependence; k--)
        factor += 1 / (double)k;
    for (int64_t k = n - 1; k >= 0; k--) {
        smallest = fmin(smallest, factor * ((double)family / (double)(k + 1)) * o[k].p);
        out[o[k].i] = smallest;
    }
}

void eae_adjust_smallest(eae_adjustment how, const double *p, int64_t m, int64_t family,
                         double *out)
{
    int64_t n;
    ordered *o = sort_family(p, m, out, &n);
    if (how == EAE_ADJUST_BONFERRONI)
        bonferroni(o, n, family, out);
    else if (how == EAE_ADJUST_HOLM)
        holm(o, n, family, out);
    else
        step_up(o, n, family, out, how == EAE_ADJUST_BY);
    free(o);
}

static void adjust(eae_adjustment how, const double *p, int64_t m, double *out)
{
    int64_t family = 0;
    for (int64_t i = 0; i < m; i++)
        family += !isnan(p[i]);
    eae_adjust_smallest(how, p, m, family, out);
}

void eae_adjust_bonferroni(const double *p, int64_t m, double *out)
{
    adjust(EAE_ADJUST_BONFERRONI, p, m, out);
}

void eae_adjust_holm(const double *p, int64_t m, double *out)
{
    adjust(EAE_ADJUST_HOLM, p, m, out);
}

void eae_adjust_bh(const double *p, int64_t m, double *out)
{
    adjust(EAE_ADJUST_BH, p, m, out);
}

void eae_adjust_by(const double *p, int64_t m, double *out)
{
    adjust(EAE_ADJUST_BY, p, m, out);
}
