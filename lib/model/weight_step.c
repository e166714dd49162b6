/* weight_step.c - see weight_step.h. */
#include "model/weight_step.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "kernels/kernels.h"

int eae_weight_step_open(eae_weight_step *s, int64_t rows, int64_t ld, int sides)
{
    *s = (eae_weight_step){.rows = rows, .ld = ld, .sides = sides};
    s->vector = eae_try_alloc((size_t)(sides * ld), sizeof *s->vector, "a model in whole numbers");
    s->sum = EAE_NEW_ARRAY(double, 2 * sides);
    s->unit = s->sum + sides;
    if (!s->vector) {
        eae_weight_step_close(s);
        return EAE_FAIL;
    }
    memset(s->vector, 0, (size_t)(sides * ld) * sizeof *s->vector);
    return EAE_OK;
}

void eae_weight_step_close(eae_weight_step *s)
{
    free(s->vector);
    free(s->sum);
    *s = (eae_weight_step){0};
}

double eae_weight_step_length(const double *b, const double *old, int64_t n, double *by)
{
    double other = 0, product = 0, size = 0, square = 0;
    for (int64_t i = 0; i < n; i++) {
        other += old[i] * old[i];
        product += old[i] * b[i];
        size += b[i] * b[i];
    }
    double a = *by = other > 0 ? product / other : 0;
    for (int64_t i = 0; i < n; i++)
        square += (b[i] - a * old[i]) * (b[i] - a * old[i]);
    return sqrt(square) * (1 + 1e-9) + 1e-15 * sqrt(size);
}

/* The nearest whole number of something below 2^51. */
static double whole(double v)
{
    const double magic = 0x1.8p52;
    return v + magic - magic;
}

/* One side of D into whole numbers; returns the square of what is left. */
static double make_side(eae_weight_step *s, const double *b, const double *old, int q)
{
    int64_t sides = s->sides, width = s->rows * sides;
    double most = (double)eae_rough_most(s->ld), largest = 0, sum = 0, left = 0;
    int16_t *v = s->vector + q * s->ld;
    for (int64_t i = q; i < width; i += sides) {
        double size = fabs(b[i] - s->by * old[i]);
        largest = size > largest ? size : largest;
    }
    double unit = largest / most, inverse = unit > 0 ? 1 / unit : 0;
    if (!(inverse <= 1e300))
        unit = inverse = 0;
    for (int64_t i = 0; i < s->rows; i++) {
        double d = b[i * sides + q] - s->by * old[i * sides + q], n = whole(d * inverse);
        n = fabs(n) <= most ? n : 0; /* NaN, or one too many */
        v[i] = (int16_t)n;
        sum += d;
        left += (d - unit * n) * (d - unit * n);
    }
    s->sum[q] = sum;
    s->unit[q] = unit;
    return left;
}

void eae_weight_step_make(eae_weight_step *s, const double *b, const double *old)
{
    int64_t width = s->rows * s->sides;
    double left = 0, sums = 0, square = 0;
    s->length = eae_weight_step_length(b, old, width, &s->by);
    for (int64_t i = 0; i < width; i++)
        square += b[i] * b[i];
    s->size = sqrt(square);
    for (int q = 0; q < s->sides; q++) {
        left += make_side(s, b, old, q);
        sums += s->sum[q] * s->sum[q];
    }
    s->sum_size = sqrt(sums);
    s->left = sqrt(left) * (1 + 1e-9) + 1e-15 * s->size;
}
