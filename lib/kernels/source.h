/*
 * source.h - values of an eae_source (kernels.h), a stretch of a row or a block at a time.
 *
 * These are z before `inverse`: filled, adjusted by design and coef, shifted; f64. Where a residual
 * x - sum_t design coef is below 2^-40 of the terms that it is the difference of, it is rounding
 * noise and given as 0, so that a feature that the design explains wholly stays constant.
 * Positions count the columns in use: position k is column feature[k], or k where feature is NULL.
 */
#ifndef EAE_KERNELS_SOURCE_H
#define EAE_KERNELS_SOURCE_H

#include <stddef.h>

#include "kernels/kernels.h"

static inline int64_t eae_source_column(const eae_source *source, int64_t position)
{
    return source->feature ? source->feature[position] : position;
}

/* The values themselves, from position `first` of data row `row` on, where they are f32, lie side
 * by side and nothing is done to them; else NULL. */
static inline const float *eae_source_plain(const eae_source *source, int64_t row, int64_t first)
{
    bool plain = !source->is_f64 && !source->feature && !source->fill && !source->shift &&
                 !(source->design && source->coef);
    return plain ? (const float *)source->x + row * source->cols + first : NULL;
}

/* out[0 .. count-1] = positions first .. first+count-1 of data row `row`. */
void eae_source_row(const eae_source *source, int64_t row, int64_t first, int64_t count,
                    double *out);

/* The same for m rows (NULL: rows 0 .. m-1): out is m x count, row-major. */
void eae_source_block(const eae_source *source, const int64_t *row, int64_t m, int64_t first,
                      int64_t count, double *out);

#endif
