/* tall_adjust.c - values less what a design explains, without making them; see tall_parts.h. */
#include "kernels/source.h"
#include "model/tall_parts.h"

void eae_tall_take_off(const eae_source *s, const int64_t *row, int64_t n, const double *along,
                       double *value, int64_t stride)
{
    for (int64_t i = 0; i < n; i++) {
        const double *design = s->design + row[i] * s->terms;
        for (int64_t t = 0; t < s->terms; t++)
            value[i * stride] -= design[t] * along[t];
    }
}

void eae_tall_along(const eae_source *s, const double *u, double *along)
{
    for (int64_t t = 0; t < s->terms; t++) {
        const double *coef = s->coef + t * s->cols;
        along[t] = 0;
        for (int64_t k = 0; k < s->feature_count; k++) {
            int64_t j = eae_source_column(s, k);
            along[t] += coef[j] * u[j];
        }
    }
}

void eae_tall_take_back(const eae_source *s, const double *by, const int64_t *row, int64_t n,
                        const double *change, double *u, double *along)
{
    for (int64_t t = 0; t < s->terms; t++) {
        const double *coef = s->coef + t * s->cols;
        double sum = 0;
        for (int64_t i = 0; i < n; i++)
            sum += change[i] * s->design[row[i] * s->terms + t];
        for (int64_t k = 0; k < s->feature_count && sum != 0; k++) {
            int64_t j = eae_source_column(s, k);
            u[j] -= (by ? by[j] : 1) * sum * coef[j];
        }
    }
    eae_tall_along(s, u, along);
}
