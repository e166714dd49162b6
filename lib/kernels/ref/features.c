/* features.c - reference kernels over the data turned over. See ref.h. */
#include "kernels/ref/ref.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "kernels/source.h"

int eae_ref_turn(const eae_source *source, const int64_t *row, int64_t m, bool is_f64, void *out,
                 int threads)
{
    int64_t count = source->feature ? source->feature_count : source->cols;
    int64_t ld = eae_features_stride(m);
    double *line = eae_malloc((size_t)count, sizeof *line);
    float *narrow = out;
    double *wide = out;
    (void)threads;
    for (int64_t i = 0; i < ld; i++) {
        if (i < m)
            eae_source_row(source, row ? row[i] : i, 0, count, line);
        for (int64_t f = 0; f < count; f++) {
            int64_t j = eae_source_column(source, f);
            double z = i < m ? line[f] * (source->inverse ? source->inverse[j] : 1) : 0;
            if (is_f64)
                wide[j * ld + i] = z;
            else
                narrow[j * ld + i] = (float)z;
        }
    }
    free(line);
    return EAE_OK;
}

static double raw_value(const eae_features *s, int64_t i, int64_t j)
{
    int64_t at = j * s->ld + i;
    return s->is_f64 ? ((const double *)s->x)[at] : (double)((const float *)s->x)[at];
}

static double z_value(const eae_features *s, int64_t i, int64_t j)
{
    double x = raw_value(s, i, j);
    return (x - (s->shift ? s->shift[j] : 0)) * (s->inverse ? s->inverse[j] : 1);
}

int eae_ref_feature_weights(const eae_features *features, const int64_t *feature, int64_t count,
                            const double *b, int64_t k, double *w)
{
    for (int64_t f = 0; f < count; f++) {
        for (int64_t c = 0; c < k; c++) {
            double sum = 0;
            for (int64_t i = 0; i < features->rows; i++)
                sum += z_value(features, i, feature ? feature[f] : f) * b[i * k + c];
            w[f * k + c] = sum;
        }
    }
    return EAE_OK;
}

int eae_ref_feature_gram(const eae_features *features, const int64_t *feature, int64_t count,
                         const int64_t *row, int64_t m, eae_precision precision, double sign,
                         double *gram, int threads)
{
    (void)precision;
    (void)threads;
    for (int64_t r = 0; r < m; r++) {
        for (int64_t c = 0; c <= r; c++) {
            double sum = 0;
            for (int64_t f = 0; f < count; f++) {
                int64_t j = feature ? feature[f] : f;
                sum +=
                    z_value(features, row ? row[r] : r, j) * z_value(features, row ? row[c] : c, j);
            }
            gram[r * m + c] += sign * sum;
            if (c < r)
                gram[c * m + r] += sign * sum;
        }
    }
    return EAE_OK;
}

int eae_ref_rough_make(const eae_features *f, const eae_rough *rough, int threads)
{
    (void)threads;
    for (int64_t j = 0; j < f->cols; j++) {
        double low = INFINITY, high = -INFINITY, square = 0;
        int8_t *value = rough->value + j * f->ld;
        bool finite = true;
        for (int64_t i = 0; i < f->rows; i++) {
            double x = raw_value(f, i, j);
            finite = finite && isfinite(x);
            low = fmin(low, x);
            high = fmax(high, x);
        }
        double middle = rough->middle[j] = finite ? low / 2 + high / 2 : 0;
        double step = rough->step[j] = finite ? high / 254 - low / 254 : 0;
        for (int64_t i = 0; i < f->ld; i++)
            value[i] = 0;
        for (int64_t i = 0; i < f->rows && finite; i++) {
            double x = raw_value(f, i, j) - middle;
            value[i] = step > 0 ? (int8_t)fmax(fmin(rint(x / step), 127), -127) : 0;
            square += (x - step * value[i]) * (x - step * value[i]);
        }
        double rounding = 4 * DBL_EPSILON * (fabs(low) + fabs(high)) * sqrt((double)f->rows);
        rough->left[j] = finite ? sqrt(square) * (1 + 1e-9) + rounding : INFINITY;
    }
    return EAE_OK;
}

void eae_ref_rough_dots(const eae_rough *rough, const int32_t *feature, int64_t count,
                        const int16_t *v, int32_t *dot)
{
    for (int64_t k = 0; k < count; k++) {
        const int8_t *value = rough->value + feature[k] * rough->ld;
        dot[k] = 0;
        for (int64_t i = 0; i < rough->ld; i++)
            dot[k] += value[i] * v[i];
    }
}
