/* products.c - reference kernels over the data: Gram, weights, decision, moments. See ref.h. */
#include "kernels/ref/ref.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

static int64_t column_of(const eae_source *s, int64_t f)
{
    return s->feature ? s->feature[f] : f;
}

static int64_t column_count(const eae_source *s)
{
    return s->feature ? s->feature_count : s->cols;
}

static double raw_value(const eae_source *s, int64_t i, int64_t j)
{
    int64_t at = i * s->cols + j;
    return s->is_f64 ? ((const double *)s->x)[at] : (double)((const float *)s->x)[at];
}

/* What is left of a value after the design and the shift are taken off. */
static double centred(const eae_source *s, double value, int64_t i, int64_t j)
{
    double adjust = 0;
    for (int64_t t = 0; t < s->terms; t++)
        adjust += s->design[i * s->terms + t] * s->coef[t * s->cols + j];
    return value - adjust - (s->shift ? s->shift[j] : 0);
}

static double z_value(const eae_source *s, int64_t i, int64_t j)
{
    double value = raw_value(s, i, j);
    if (isnan(value) && s->fill)
        value = s->fill[j];
    return centred(s, value, i, j) * (s->inverse ? s->inverse[j] : 1);
}

/* Z, m x features in use, whole: the caller frees. */
static double *z_matrix(const eae_source *s, const int64_t *row, int64_t m)
{
    int64_t p = column_count(s);
    size_t count;
    if (!eae_mul_fits((size_t)m, (size_t)p, &count)) {
        eae_fail("matrix too large");
        return NULL;
    }
    double *z = eae_try_alloc(count, sizeof *z, "the data in f64");
    if (!z)
        return NULL;
    for (int64_t i = 0; i < m; i++) {
        for (int64_t f = 0; f < p; f++)
            z[i * p + f] = z_value(s, row ? row[i] : i, column_of(s, f));
    }
    return z;
}

int eae_ref_gram(const eae_source *source, const int64_t *row, int64_t m, eae_precision precision,
                 double *gram, int threads)
{
    (void)precision;
    (void)threads;
    int64_t p = column_count(source);
    double *z = z_matrix(source, row, m);
    if (!z)
        return EAE_FAIL;
    for (int64_t i = 0; i < m; i++) {
        for (int64_t l = 0; l <= i; l++) {
            double sum = 0;
            for (int64_t j = 0; j < p; j++)
                sum += z[i * p + j] * z[l * p + j];
            gram[i * m + l] = sum;
            gram[l * m + i] = sum;
        }
    }
    free(z);
    return EAE_OK;
}

int eae_ref_weights(const eae_source *source, const int64_t *row, int64_t m, const double *b,
                    int64_t k, double *w, int threads)
{
    (void)threads;
    for (int64_t at = 0; at < k * source->cols; at++)
        w[at] = NAN;
    for (int64_t c = 0; c < k; c++) {
        for (int64_t f = 0; f < column_count(source); f++) {
            int64_t j = column_of(source, f);
            double sum = 0;
            for (int64_t i = 0; i < m; i++)
                sum += b[i * k + c] * z_value(source, row ? row[i] : i, j);
            w[c * source->cols + j] = sum;
        }
    }
    return EAE_OK;
}

int eae_ref_decision(const eae_source *source, const int64_t *row, int64_t m, const double *w,
                     int64_t k, double *y, int threads)
{
    (void)threads;
    for (int64_t i = 0; i < m; i++) {
        for (int64_t c = 0; c < k; c++) {
            double sum = 0;
            for (int64_t f = 0; f < column_count(source); f++) {
                int64_t j = column_of(source, f);
                double weight = w[c * source->cols + j];
                if (!isnan(weight))
                    sum += z_value(source, row ? row[i] : i, j) * weight;
            }
            y[i * k + c] = sum;
        }
    }
    return EAE_OK;
}

int eae_ref_gram_apply(const eae_source *source, const int64_t *row, int64_t m, const float *d,
                       const double *b, int64_t k, eae_precision precision, double *y, int threads)
{
    (void)precision;
    (void)threads;
    int64_t p = column_count(source);
    double *z = z_matrix(source, row, m);
    if (!z)
        return EAE_FAIL;
    for (int64_t at = 0; at < m * k; at++)
        y[at] = 0;
    for (int64_t c = 0; c < k; c++) {
        for (int64_t f = 0; f < p; f++) {
            double inner = 0;
            for (int64_t l = 0; l < m; l++)
                inner += z[l * p + f] * b[l * k + c];
            inner *= (double)d[c * source->cols + column_of(source, f)];
            for (int64_t i = 0; i < m; i++)
                y[i * k + c] += z[i * p + f] * inner;
        }
    }
    free(z);
    return EAE_OK;
}

int eae_ref_moments(const eae_source *source, const int64_t *row, int64_t m, const double *c,
                    int64_t s, double *weight, double *sum, double *square, int threads)
{
    (void)threads;
    double *const output[3] = {weight, sum, square};
    for (int which = 0; which < 3; which++) {
        for (int64_t at = 0; output[which] && at < s * source->cols; at++)
            output[which][at] = NAN;
    }
    for (int64_t g = 0; g < s; g++) {
        for (int64_t f = 0; f < column_count(source); f++) {
            int64_t j = column_of(source, f);
            double total[3] = {0, 0, 0};
            for (int64_t i = 0; i < m; i++) {
                int64_t r = row ? row[i] : i;
                double t = centred(source, raw_value(source, r, j), r, j);
                if (isnan(t))
                    continue;
                total[0] += c[g * m + i];
                total[1] += c[g * m + i] * t;
                total[2] += c[g * m + i] * (t * t);
            }
            for (int which = 0; which < 3; which++) {
                if (output[which])
                    output[which][g * source->cols + j] = total[which];
            }
        }
    }
    return EAE_OK;
}
