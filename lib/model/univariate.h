/*
 * univariate.h - each feature alone: tests with statistic, effect and p-value, and the scores by
 * which --filter ranks features inside a training set.
 *
 * The data come as an eae_source (fill and design already part of it, so that a test sees imputed
 * and adjusted values; `inverse` is ignored) and a list of training rows with the times each
 * counts. Missing values that remain (fill NULL) are left out of that feature's test, which then
 * has fewer observations; `count` c stands for c equal rows. A constant feature has statistic NaN,
 * p NaN and score -Inf; limma alone, which borrows its variance from the other features, gives it
 * t = 0 and p = 1. Fails where the outcome that a test needs is not there. Equal columns give equal
 * bits, for any number of threads and at any position. `kernels` is not used by any test so far
 * (NULL is allowed).
 */
#ifndef EAE_MODEL_UNIVARIATE_H
#define EAE_MODEL_UNIVARIATE_H

#include "kernels/kernels.h"

typedef enum eae_test {
    EAE_TEST_WELCH,    /* two classes: unequal-variance t (Welch 1947), Satterthwaite df */
    EAE_TEST_LIMMA,    /* two classes or more: moderated t / F (Smyth 2004, eqs 4-6; trend off) */
    EAE_TEST_ANOVA,    /* K >= 2 classes: one-way F */
    EAE_TEST_SPEARMAN, /* number: rank correlation, ties averaged; t approximation, n - 2 df */
    EAE_TEST_PEARSON,  /* number: correlation */
    EAE_TEST_COX       /* time, status: Wald test of one feature, Efron ties */
} eae_test;

/* What is tested against: one of class (0 .. classes-1), value, or time + status; per data row. */
typedef struct eae_outcome {
    const int32_t *class;
    int classes;
    const double *value;
    const double *time;
    const double *status; /* 1 event, 0 censored */
} eae_outcome;

/* One array per column of the table, `cols` long, indexed by column; the caller owns them. For
 * classes effect = mean of the positive (last) class - mean of the rest (two classes), NaN for
 * more; for correlations the coefficient (the statistic is its t); for Cox the log hazard ratio per
 * unit, NaN like statistic and p where the likelihood has no maximum. df2 is 0 where there is none,
 * df as well for Cox. Any array may be NULL; columns that are not in use get NaN. */
typedef struct eae_test_table {
    double *statistic;
    double *effect;
    double *df;
    double *df2;
    double *p;    /* two-sided; accurate in relative terms down to 1e-300 */
    double *mean; /* over the rows used */
} eae_test_table;

int eae_univariate_test(const eae_kernels *kernels, const eae_source *source, const int64_t *row,
                        int64_t n, const double *count, const eae_outcome *outcome, eae_test test,
                        eae_test_table *table, int threads);

/* Corrected p-values over the m entries that are not NaN, in place of none: out may be p. */
void eae_adjust_bonferroni(const double *p, int64_t m, double *out);
void eae_adjust_holm(const double *p, int64_t m, double *out);
void eae_adjust_bh(const double *p, int64_t m, double *out);
void eae_adjust_by(const double *p, int64_t m, double *out);

typedef enum eae_adjustment {
    EAE_ADJUST_BONFERRONI,
    EAE_ADJUST_HOLM,
    EAE_ADJUST_BH,
    EAE_ADJUST_BY
} eae_adjustment;
/* The same for m entries out of a family, of which all others are larger. Exact for bonferroni and
 * holm, and for bh and by wherever the result does not exceed what a p-value that was left out
 * would get: if those are above alpha, every bh up to alpha, and by of the same entries. */
void eae_adjust_smallest(eae_adjustment how, const double *p, int64_t m, int64_t family,
                         double *out);

/* --filter: the K features of the highest score; ties by lower index; constant features never. */
typedef enum eae_filter {
    EAE_FILTER_NONE,
    EAE_FILTER_TTEST,    /* Welch's |t| */
    EAE_FILTER_ANOVA,    /* F */
    EAE_FILTER_CORR,     /* |Pearson correlation| */
    EAE_FILTER_COX,      /* |Wald z| */
    EAE_FILTER_VARIANCE, /* of the training rows */
    EAE_FILTER_MAD       /* median absolute deviation from the median */
} eae_filter;

/* Parse "ttest:500"; EAE_USAGE with a message if it is malformed. */
int eae_filter_parse(const char *text, eae_filter *filter, int64_t *keep);
bool eae_filter_reads_labels(eae_filter filter);

/* The chosen columns, increasing, into selected[0 .. *selected_count-1] (room for `keep`). */
int eae_filter_select(const eae_kernels *kernels, const eae_source *source, const int64_t *row,
                      int64_t n, const double *count, const eae_outcome *outcome, eae_filter filter,
                      int64_t keep, int64_t *selected, int64_t *selected_count, int threads);

#endif
