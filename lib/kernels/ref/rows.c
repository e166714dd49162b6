/* rows.c - reference kernels over blocks of rows. See ref.h. */
#include "kernels/ref/ref.h"

/* What vector v sees of a value. */
static double seen(const eae_source *s, const eae_row_vector *v, int64_t i, int64_t j)
{
    int64_t at = i * s->cols + j;
    double x = s->is_f64 ? ((const double *)s->x)[at] : (double)((const float *)s->x)[at];
    if (x != x && v->fill)
        x = v->fill[j];
    return x - (v->shift ? v->shift[j] : 0);
}

int eae_ref_row_values(const eae_source *source, const int64_t *row, int64_t m,
                       const eae_row_vector *vector, int64_t k, double *value, int threads)
{
    (void)threads;
    for (int64_t i = 0; i < m; i++) {
        for (int64_t q = 0; q < k; q++) {
            double sum = 0;
            for (int64_t j = 0; j < source->cols; j++)
                sum += seen(source, &vector[q], row ? row[i] : i, j) * vector[q].v[j];
            value[i * k + q] = sum;
        }
    }
    return EAE_OK;
}

int eae_ref_row_update(const eae_source *source, const int64_t *row, int64_t m, const double *d,
                       const eae_row_vector *vector, int64_t k, int threads)
{
    (void)threads;
    for (int64_t q = 0; q < k; q++) {
        for (int64_t j = 0; j < source->cols; j++) {
            double sum = 0;
            for (int64_t i = 0; i < m; i++)
                sum += d[i * k + q] * seen(source, &vector[q], row ? row[i] : i, j);
            vector[q].v[j] += (vector[q].by ? vector[q].by[j] : 1) * sum;
        }
    }
    return EAE_OK;
}
