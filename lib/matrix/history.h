/*
 * history.h - provenance that travels with the data: one JSON object a line, one per program in the
 * chain, oldest first.
 *
 *     {"program":"eae-train","version":"0.1.0","identity":"...","argv":["eae-train","svm",...],
 *      "seed":1,"inputs":["<content hash>",...],"previous":"<hash of the record before>"}
 *
 * Bytes of argv that are not UTF-8 are written as \udcXX escapes, so that a record is always valid
 * JSON. Options that do not change the result are not in argv; files are there by the hash of
 * their bytes (options.h).
 */
#ifndef EAE_MATRIX_HISTORY_H
#define EAE_MATRIX_HISTORY_H

#include "base/options.h"
#include "matrix/frame.h"

/* Set f->history: the records of all `inputs` (each distinct line once, in order), then one for
 * this program. keep_operands: how many leading operands are words, not files. `identity`: the run
 * identity (kernels.h), or NULL for a program that multiplies nothing. */
void eae_history_append(eae_frame *f, const eae_options *o, int keep_operands, const char *identity,
                        eae_frame *const *inputs, int input_count);
/* Add the records of `from` that `to` does not have. */
void eae_history_merge(eae_names *to, const eae_names *from);

#endif
