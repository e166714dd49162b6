/*
 * frame.h - a matrix with its names, annotations and history, in memory: one frame of the stream.
 *
 * The bytes on disk are described in eae-matrix(5); stream.h reads and writes them. Here a frame is
 *
 *     payload   rows x cols, row-major, no gaps, element type `type`
 *     rows      the row axis: names and typed annotation columns, each rows.count long
 *     cols      the column axis: the same, cols.count long
 *     history   what made it, one JSON record a line (history.h)
 *
 * Ownership: a frame owns all it points to; the payload may lie in a mapped file or in the memory
 * that a pipe was read into (`mapping`, shared by the frames of one input and released with the
 * last of them). Such a payload must not be written to before eae_frame_own(), which copies it
 * where it has to be copied.
 *
 * Threads: reading a frame from many threads is safe.
 */
#ifndef EAE_MATRIX_FRAME_H
#define EAE_MATRIX_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/names.h"
#include "base/number.h"
#include "base/status.h"

typedef enum eae_kind {
    EAE_KIND_DATA = 1,   /* samples x features */
    EAE_KIND_SPLIT,      /* splits x samples, i16: 0 unused, +k in training k times, -1 test */
    EAE_KIND_PREDICTION, /* models x samples, f64: held-out values, NaN where not held out */
    EAE_KIND_MODEL,      /* models x features, f64 */
    EAE_KIND_RANK        /* runs x features: elimination rank, 1 = last to go */
} eae_kind;

typedef enum eae_type { EAE_F32 = 1, EAE_F64, EAE_I16, EAE_I32, EAE_U8 } eae_type;

typedef enum eae_annot_type { EAE_ANNOT_F64 = 1, EAE_ANNOT_I64, EAE_ANNOT_TEXT } eae_annot_type;

/* One annotation column. Exactly one of f64, i64, code is set, by type. Missing: NaN,
 * EAE_MISSING_I64, code -1. A text column's entries are dict names; canonical order is that of
 * first appearance, without unused ones (the writer sees to it), but for `label`, whose dictionary
 * is the list of classes, negative class first, and may hold classes without samples. */
typedef struct eae_annot {
    char *name;
    eae_annot_type type;
    int64_t count; /* elements: the count of its axis */
    double *f64;
    int64_t *i64;
    int32_t *code;
    eae_names dict;
    struct eae_annot_index *index; /* finds entries of dict; annot.c only */
} eae_annot;

typedef struct eae_axis {
    int64_t count;
    eae_names names; /* count names, or none at all */
    eae_annot *annot;
    int annot_count;
} eae_axis;

typedef struct eae_frame {
    eae_kind kind;
    eae_type type;
    eae_axis rows;
    eae_axis cols;
    void *payload;
    struct eae_region *mapping; /* what the payload lies in; NULL: memory of our own, free() */
    eae_names history;
    eae_hash content; /* content identity; zero until read from a stream or written to one */
} eae_frame;

/* Names of kinds ("data", "split", ...) and of types ("f32", ...); the _from_ give 0 if unknown. */
const char *eae_kind_name(eae_kind kind);
eae_kind eae_kind_from_name(const char *name);
const char *eae_type_name(eae_type type);
size_t eae_type_size(eae_type type);

/* A frame with an uninitialised payload, unnamed axes and no annotations. */
int eae_frame_new(eae_frame **f, eae_kind kind, eae_type type, int64_t rows, int64_t cols);
void eae_frame_free(eae_frame *f);
/* Make the payload writable. */
int eae_frame_own(eae_frame *f);
static inline float *eae_frame_f32(const eae_frame *f)
{
    return (float *)f->payload;
}
static inline double *eae_frame_f64(const eae_frame *f)
{
    return (double *)f->payload;
}
static inline int16_t *eae_frame_i16(const eae_frame *f)
{
    return (int16_t *)f->payload;
}
/* Rows first .. first+count-1 of the payload will be read soon: have a mapped file fetch them. */
void eae_frame_ahead(const eae_frame *f, int64_t first, int64_t count);
/* Element (i, j) of a payload of any type as a double. */
double eae_frame_value(const eae_frame *f, int64_t i, int64_t j);

/* A new frame of the rows row[0..n-1] and the columns col[0..m-1] of f, in that order, repeats
 * allowed; NULL means all. History and annotations go with it. */
int eae_frame_select(const eae_frame *f, const int64_t *row, int64_t n, const int64_t *col,
                     int64_t m, eae_frame **selected);

/* ---- axes and annotations --------------------------------------------------------------- */

/* NULL if there is none of that name. */
eae_annot *eae_axis_find(const eae_axis *axis, const char *name);
/* A new column, all missing. The pointer is valid until the next one is added to the axis. Replaces
 * a column of the same name in place. */
eae_annot *eae_axis_add(eae_axis *axis, const char *name, eae_annot_type type);
void eae_axis_remove(eae_axis *axis, const char *name);
/* Names PREFIX1, PREFIX2, ... if the axis has none. */
void eae_axis_number(eae_axis *axis, const char *prefix);
void eae_axis_copy(eae_axis *to, const eae_axis *from); /* `to` zeroed or uninitialised */
void eae_axis_select(eae_axis *to, const eae_axis *from, const int64_t *index, int64_t n);
void eae_axis_free(eae_axis *axis);

/* Who takes columns apart by hand frees or copies them with these: `to` uninitialised. */
void eae_annot_select(eae_annot *to, const eae_annot *from, const int64_t *index, int64_t n);
void eae_annot_free(eae_annot *a);
/* Text of element i of a text column; NULL when missing. */
const char *eae_annot_text(const eae_annot *a, int64_t i);
/* Set it; adds to the dictionary when new. NULL sets missing. */
void eae_annot_set_text(eae_annot *a, int64_t i, const char *text);
bool eae_annot_is_missing(const eae_annot *a, int64_t i);
/* Element i of any column as text for a report ("NA" when missing); buf of EAE_NUMBER_TEXT bytes
 * is used for numbers. */
const char *eae_annot_print(const eae_annot *a, int64_t i, char *buf);
/* Drop unused dictionary entries and put the rest in order of first appearance (not for labels). */
void eae_annot_canonical(eae_annot *a);

#endif
