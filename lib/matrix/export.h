/*
 * export.h - a frame as text or as an array: TSV, CSV, NumPy .npy, LIBSVM.
 *
 * Text: the row name first under `id`, then row annotations as @name, then the columns; numbers in
 * the shortest form that reads back to the same value, NA for missing. Reading it back (import.h)
 * gives the same matrix; where the positive class is not the last by order, its column is called
 * @label=POS/NEG, and text that looks like a number is quoted. CSV quotes by RFC 4180 where needed.
 * npy: format 1.0, C order. LIBSVM: label (1/-1 for two classes, 0.. for more, the value for
 * regression), then index:value from 1, zeros left out; NaN is an error.
 */
#ifndef EAE_MATRIX_EXPORT_H
#define EAE_MATRIX_EXPORT_H

#include "base/files.h"
#include "matrix/frame.h"

int eae_export_delimited(eae_output *out, const eae_frame *f, char delimiter);
int eae_export_npy(eae_output *out, const eae_frame *f);
int eae_export_libsvm(eae_output *out, const eae_frame *f);

#endif
