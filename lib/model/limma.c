/*
 * limma.c - moderated t and F: Smyth 2004, "Linear models and empirical Bayes methods for assessing
 * differential expression in microarray experiments".
 *
 * The residual variances of all features follow s0^2 F(df, df0); df0 and s0^2 are found from the
 * mean and variance of their logarithms (section 6.2), and each variance is replaced by its
 * posterior mean. As in the limma package: variances below 1e-5 of the median (constant features)
 * are raised to that for the estimate only, so that a constant feature gets t = 0 and p = 1; the
 * degrees of freedom of t are at most those of all features together.
 */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "model/distribution.h"
#include "model/univariate_parts.h"

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *x, int64_t n)
{
    qsort(x, (size_t)n, sizeof *x, by_value);
    return n % 2 ? x[n / 2] : 0.5 * (x[n / 2 - 1] + x[n / 2]);
}

typedef struct prior {
    double df, variance;
} prior;

static bool is_usable(const eae_limma_feature *f)
{
    return f->df > 0 && isfinite(f->variance);
}

/* x: variances, df: their degrees of freedom, n >= 2 of each; scratch of n. */
static prior fit_prior(double *x, const double *df, int64_t n, double *scratch)
{
    for (int64_t i = 0; i < n; i++)
        scratch[i] = x[i];
    double middle = median(scratch, n), floor = 1e-5 * (middle > 0 ? middle : 1);
    double mean = 0, noise = 0, plain = 0, spread = 0;
    for (int64_t i = 0; i < n; i++) {
        if (x[i] < floor)
            x[i] = floor;
        plain += x[i];
        scratch[i] = log(x[i]) - eae_digamma(0.5 * df[i]) + log(0.5 * df[i]);
        mean += scratch[i];
        noise += eae_trigamma(0.5 * df[i]);
    }
    mean /= (double)n;
    for (int64_t i = 0; i < n; i++)
        spread += (scratch[i] - mean) * (scratch[i] - mean);
    double excess = spread / (double)(n - 1) - noise / (double)n;
    if (!(excess > 0)) /* the variances do not differ more than chance makes them */
        return (prior){INFINITY, plain / (double)n};
    double df0 = 2 * eae_trigamma_inverse(excess);
    return (prior){df0, exp(mean + eae_digamma(0.5 * df0) - log(0.5 * df0))};
}

static int estimate_prior(const eae_limma_feature *feature, int64_t count, prior *out)
{
    int64_t n = 0;
    double *x = eae_try_alloc((size_t)count, 3 * sizeof *x, "variances");
    if (!x)
        return EAE_FAIL;
    double *df = x + count;
    for (int64_t i = 0; i < count; i++) {
        if (is_usable(&feature[i])) {
            x[n] = feature[i].variance;
            df[n++] = feature[i].df;
        }
    }
    int status = EAE_OK;
    if (n == 0)
        status = eae_fail("limma: no feature has residual degrees of freedom");
    else
        *out = n == 1 ? (prior){0, x[0]} : fit_prior(x, df, n, df + count);
    free(x);
    return status;
}

static double posterior(const eae_limma_feature *f, const prior *p)
{
    if (isinf(p->df))
        return p->variance;
    double own = f->df > 0 ? f->df * f->variance : 0;
    return (own + p->df * p->variance) / (f->df + p->df);
}

static eae_test_result moderated_t(const eae_limma_feature *f, const prior *p, double pooled)
{
    eae_test_result r = {.effect = f->effect, .mean = f->mean};
    double df = f->df + p->df;
    r.statistic = f->effect / sqrt(f->unscaled) / sqrt(posterior(f, p));
    r.df = df < pooled ? df : pooled;
    r.p = eae_t_two_sided(r.statistic, r.df);
    return r;
}

/* limma does not cap df2 of F, and takes it as infinite above 1e6. */
static eae_test_result moderated_f(const eae_limma_feature *f, const prior *p, int classes)
{
    eae_test_result r = {.effect = NAN, .mean = f->mean, .df = classes - 1};
    r.df2 = f->df + p->df;
    r.statistic = f->unscaled / (classes - 1) / posterior(f, p);
    r.p = eae_f_upper(r.statistic, r.df, r.df2 > 1e6 ? INFINITY : r.df2);
    return r;
}

int eae_limma_results(const eae_limma_feature *feature, int64_t count, int classes,
                      eae_test_result *result)
{
    prior p = {0, NAN};
    if (count > 0 && estimate_prior(feature, count, &p) != EAE_OK)
        return EAE_FAIL;
    double pooled = 0;
    for (int64_t i = 0; i < count; i++)
        pooled += feature[i].df;
    for (int64_t i = 0; i < count; i++) {
        result[i] = classes == 2 ? moderated_t(&feature[i], &p, pooled)
                                 : moderated_f(&feature[i], &p, classes);
        if (isnan(result[i].statistic))
            result[i].df = NAN;
    }
    return EAE_OK;
}
