/* features.c - reference kernels over the data turned over. See ref.h. */
#include "kernels/ref/ref.h"

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

static double z_value(const eae_features *s, int64_t i, int64_t j)
{
    int64_t at = j * s->ld + i;
    double x = s->is_f64 ? ((const double *)s->x)[at] : (double)((const float *)s->x)[at];
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
