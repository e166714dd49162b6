/*
 * univariate_parts.h - what the files behind univariate.h share; not for others.
 *
 *     univariate.c       the driver: checks, blocks of columns, tables
 *     moments_test.c     tests made of sums: welch, limma, anova, pearson, and variance
 *     limma.c            moderated t and F
 *     rank_test.c        tests made of sorted values: spearman, and the median absolute deviation
 *     univariate_cox.c   one-feature Cox regression
 *     filter.c           --filter
 *     adjust.c           correction of p-values
 *
 * Work is cut into blocks of EAE_COLUMN_BLOCK columns, whatever the number of threads, and every
 * number of a feature depends on that feature's column alone (but for limma's two prior values), in
 * the order of the rows: so results do not depend on threads, blocks or position.
 */
#ifndef EAE_MODEL_UNIVARIATE_PARTS_H
#define EAE_MODEL_UNIVARIATE_PARTS_H

#include "model/univariate.h"

enum { EAE_COLUMN_BLOCK = 512 };

/* The rows of a test: those with a positive count, in the order given. Outcomes are gathered, so
 * that entry i of each array belongs to row[i]. */
typedef struct eae_test_rows {
    const eae_source *source;
    int64_t n;
    int64_t *row;
    double *count;
    int32_t *class; /* 0 .. classes-1; all 0 when classes is 1 */
    int classes;    /* 1 where the outcome is not a class */
    double *value;
    double *time;
    double *status;
} eae_test_rows;

/* Sums over the rows for a block of columns: arrays of groups x width, [group][column]. About the
 * group's first value in that column (the reference), so that a constant group has square exactly
 * 0, and the loss of digits is at most a factor n: the reference lies no farther from the mean than
 * the root of the sum of squares. */
typedef struct eae_moments {
    int64_t width;
    int groups;
    double *weight;    /* sum of counts of values that are there */
    double *reference; /* NaN in an empty group */
    double *sum;       /* of count * d, d = value - reference */
    double *square;    /* of count * d^2 */
    double *cross;     /* of count * d * y, where there is a y; one group only, as the next two */
    double *y_sum;
    double *y_square;
    double *buffer; /* a row of the block */
    void *memory;
} eae_moments;

int eae_moments_new(eae_moments *m, int groups, int64_t width);
void eae_moments_free(eae_moments *m);
/* Columns at positions first .. first+count-1, count <= width; y (one entry a row, centred by the
 * caller) may be NULL. Missing values are left out. */
void eae_moments_compute(eae_moments *m, const eae_test_rows *rows, const double *y, int64_t first,
                         int64_t count);

/* One feature's result. NaN where undefined. */
typedef struct eae_test_result {
    double statistic, effect, df, df2, mean;
    double p;
} eae_test_result;

/* From the moments of column k of the block; without p. */
eae_test_result eae_welch_result(const eae_moments *m, int64_t k);
eae_test_result eae_anova_result(const eae_moments *m, int64_t k);
eae_test_result eae_pearson_result(const eae_moments *m, int64_t k);
/* With divisor (sum of counts) - 1; 0 for a constant feature, NaN for fewer than two values. */
double eae_variance_result(const eae_moments *m, int64_t k);

/* What limma needs of each feature before the prior is known, and what it makes of it then. */
typedef struct eae_limma_feature {
    double variance, df; /* residual; variance NaN and df 0 where there is none */
    double effect, mean; /* as in the table */
    double unscaled;     /* two classes: 1/n_0 + 1/n_1; more: between-class sum of squares */
} eae_limma_feature;
eae_limma_feature eae_limma_feature_of(const eae_moments *m, int64_t k);
/* Results of `count` features together (the prior is estimated from all of them). */
int eae_limma_results(const eae_limma_feature *feature, int64_t count, int classes,
                      eae_test_result *result);

/* Scratch of one worker for the tests below, for n rows. */
typedef struct eae_rank_scratch eae_rank_scratch;
eae_rank_scratch *eae_rank_scratch_new(const eae_test_rows *rows);
void eae_rank_scratch_free(eae_rank_scratch *scratch);
/* x: the n values of a feature, in the order of rows. */
eae_test_result eae_spearman_result(eae_rank_scratch *scratch, const eae_test_rows *rows,
                                    const double *x);
double eae_mad_result(eae_rank_scratch *scratch, const eae_test_rows *rows, const double *x);

typedef struct eae_cox_scratch eae_cox_scratch;
eae_cox_scratch *eae_cox_scratch_new(const eae_test_rows *rows);
void eae_cox_scratch_free(eae_cox_scratch *scratch);
eae_test_result eae_cox_result(eae_cox_scratch *scratch, const eae_test_rows *rows,
                               const double *x);

/* What is made of each feature: a number for a filter, a result for a table. */
typedef enum eae_measure {
    EAE_MEASURE_WELCH,
    EAE_MEASURE_LIMMA,
    EAE_MEASURE_ANOVA,
    EAE_MEASURE_PEARSON,
    EAE_MEASURE_VARIANCE,
    EAE_MEASURE_SPEARMAN,
    EAE_MEASURE_MAD,
    EAE_MEASURE_COX
} eae_measure;

/* result[position], one for each column in use; p only with_p (limma: always). A variance or MAD is
 * the statistic. */
int eae_measure_features(const eae_source *source, const int64_t *row, int64_t n,
                         const double *count, const eae_outcome *outcome, eae_measure measure,
                         bool with_p, eae_test_result *result, int threads);

#endif
