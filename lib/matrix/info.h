/*
 * info.h - what a frame is, in words or as JSON: kind, shape, missing values, names, annotations
 * with their classes and counts, content hash, history.
 *
 * The content hash is taken from the frame, or calculated when it is not known. Single-threaded.
 */
#ifndef EAE_MATRIX_INFO_H
#define EAE_MATRIX_INFO_H

#include "base/memory.h"
#include "matrix/frame.h"

/* A paragraph for people, ending in a line feed. */
int eae_info_text(eae_frame *f, eae_buffer *b);
/* One JSON object on one line:
 * {"kind","type","rows","cols","missing","content",
 *  "row_names":[first few],"col_names":[...],
 *  "annotations":[{"axis","name","type","missing", "counts":{value: n} or "min","max"}],
 *  "history":[...]} */
int eae_info_json(eae_frame *f, eae_buffer *b);

#endif
