/*
 * transform.h - changes of the values of a data frame, in place: logarithm, normalisation,
 * imputation, element type. All of them see all rows of the frame.
 *
 * Each works on f32 and f64 (other element types become f64 first), calculates in f64, makes a
 * mapped payload private memory, and leaves NaN, which is missing, as it is unless it imputes. A
 * failure names how many values are at fault and where the first is (sample, feature); the frame is
 * then in an undefined state. `threads` changes the time, never a bit of the result.
 */
#ifndef EAE_MATRIX_TRANSFORM_H
#define EAE_MATRIX_TRANSFORM_H

#include "matrix/frame.h"

typedef enum eae_log2_mode {
    EAE_LOG2_STRICT, /* values <= 0 are an error */
    EAE_LOG2_FLOOR,  /* log2(max(x, amount)), amount > 0 */
    EAE_LOG2_OFFSET  /* log2(x + amount); x + amount <= 0 is an error */
} eae_log2_mode;

/* "", "floor:X" or "offset:X"; EAE_USAGE with a message if it is malformed. */
int eae_log2_parse(const char *text, eae_log2_mode *mode, double *amount);
int eae_transform_log2(eae_frame *f, eae_log2_mode mode, double amount);

/* Counts per million: x / (sum of the sample) * 10^6. Values < 0, or a sample whose sum is 0, are
 * an error. */
int eae_transform_cpm(eae_frame *f);

/* Quantile normalisation (Bolstad, Irizarry, Astrand and Speed 2003): every sample gets the mean
 * over samples of the sorted values, by rank. Ties get the value at their mean rank, by linear
 * interpolation; a sample with missing values stands for its quantiles, interpolated linearly
 * (as limma's normalizeQuantiles with ties = TRUE). One sample alone stays as it is. */
int eae_transform_quantile(eae_frame *f, int threads);

typedef enum eae_impute { EAE_IMPUTE_MEAN, EAE_IMPUTE_MEDIAN, EAE_IMPUTE_KNN } eae_impute;

/* "mean", "median" or "knn:K"; EAE_USAGE with a message if it is malformed. */
int eae_impute_parse(const char *text, eae_impute *method, int64_t *neighbours);

/* Fill NaN with the mean or median of the feature's other samples, or from its K nearest features
 * (Troyanskaya et al. 2001): the mean of their values in that sample weighted by 1 / distance;
 * those at distance 0, if any, alone. Distance: Euclidean over the samples both have, scaled up to
 * all samples; neighbours are chosen for each cell among the features with a value there, equal
 * distances by lower index. A feature with no such neighbour gets its own mean; a feature without
 * any value is an error. Time of knn: features with missing values x features x samples. */
int eae_transform_impute(eae_frame *f, eae_impute method, int64_t neighbours, int threads);

/* Element type EAE_F32 or EAE_F64. A value that is too large for f32 is an error. */
int eae_transform_type(eae_frame *f, eae_type type);

/* How many elements are NaN, and the first of them. */
int64_t eae_frame_missing(const eae_frame *f, int64_t *row, int64_t *col);

#endif
