/*
 * test_table.h - the univariate table of a model frame of the `test` family, for people: a line
 * per feature, the parts (statistic, effect, df, p, ...) as columns.
 *
 * In the stream such a frame is parts x features: one row per statistic. Where it holds several
 * runs (splits, permutations, tests), the lines of one run follow those of the one before, and the
 * annotations that differ between runs are columns.
 */
#ifndef EAE_MATRIX_TEST_TABLE_H
#define EAE_MATRIX_TEST_TABLE_H

#include "matrix/frame.h"

/* Is it a model frame whose rows are all of the model `test` and have a `part`? */
bool eae_is_test_frame(const eae_frame *f);
/* The table as an f64 data frame of features x parts. Its names are not unique when there are
 * several runs. Fails when the runs do not have the same parts. */
int eae_test_table_of(const eae_frame *f, eae_frame **made);

#endif
