/*
 * import_parts.h - what the importers of import.h share; used by import*.c and roles.c only.
 */
#ifndef EAE_MATRIX_IMPORT_PARTS_H
#define EAE_MATRIX_IMPORT_PARTS_H

#include "matrix/import.h"
#include "matrix/text_source.h"
#include "matrix/table.h"
#include "matrix/text.h"

typedef struct eae_import_job {
    eae_text_source *source;
    const eae_import *import; /* never NULL */
    int threads;
} eae_import_job;

/* One format each; `head` is what has arrived of the text so far. */
int eae_import_delimited(const eae_import_job *job, const eae_text *head, eae_frame **f);
int eae_import_geo(const eae_import_job *job, const eae_text *head, eae_frame **f);
int eae_import_gct(const eae_import_job *job, const eae_text *head, eae_frame **f);
int eae_import_libsvm(const eae_import_job *job, const eae_text *whole, eae_frame **f);
int eae_import_npy(const eae_import_job *job, const eae_text *whole, eae_frame **f);
bool eae_is_libsvm(const eae_text *head);

/* ---- annotations ------------------------------------------------------------------------ */

/* What an import option or the name itself makes of a column of a text. */
typedef enum {
    EAE_USE_NONE,   /* not named */
    EAE_USE_GUESS,  /* numbers if all are, written without leading zeros; else text */
    EAE_USE_TEXT,   /* label, group, status */
    EAE_USE_NUMBER, /* time; label of a regression */
} eae_use;

eae_use eae_column_use(const eae_import *import, const char *name);
/* The name of its annotation: @ taken off, and "meta." put before the name of a role (label, group,
 * time, status) that no option asked for. The caller frees. */
char *eae_annot_name(const eae_import *import, const char *name);
/* The part of "COL=..." before the equals sign is `name`. */
bool eae_role_names(const char *option, const char *name);

/* Fields of one annotation: element i is field[i * stride]. */
typedef struct eae_annot_fields {
    const eae_text *text;
    const eae_field *field;
    int64_t stride;
    int64_t column; /* for messages; 0: unknown */
} eae_annot_fields;

/* Add the column `name` of the file (as written there) to the axis; a failure if it has it. */
int eae_add_annot(eae_axis *axis, const char *name, const eae_annot_fields *from,
                  const eae_import *import);
/* The classes of the text annotation `name` in order (statistics.md), as annotation `label`. */
int eae_order_label(eae_frame *f, const eae_import *import);

/* ---- names and shapes ------------------------------------------------------------------- */

/* names from fields[0], fields[stride], ...; `what` ("sample", "feature") must be unique, not
 * empty. `column`: for messages, 0 if the names are a header. */
int eae_add_unique_names(eae_names *names, const eae_text *text, const eae_field *field,
                         int64_t stride, int64_t count, const char *what, int64_t column);
/* "s1", "s2", ... */
void eae_number_names(eae_names *names, const char *prefix, int64_t count);

/* A frame around a payload of rows x cols that it takes over. */
int eae_frame_around(eae_frame **f, bool f64, int64_t rows, int64_t cols, void **payload);
/* The same, transposed: `payload` is cols x rows. It is freed. */
int eae_frame_transposed(eae_frame **f, bool f64, int64_t rows, int64_t cols, void **payload,
                         int threads);

/* A table whose rows are features, read into a frame: the header fields name its columns. */
typedef struct eae_by_feature {
    size_t begin; /* of the body */
    char delimiter;
    char stop;
    const eae_field *header;
    int64_t header_count;
    bool headless_id;    /* rows have one field more than the header */
    int64_t annots;      /* so many columns after the id are annotations of features; or: */
    bool named_annots;   /* those that options name are */
    int64_t aside_first; /* so many rows are annotations of samples */
    bool named_aside;    /* and those that options name */
} eae_by_feature;
int eae_import_by_feature(const eae_import_job *job, const eae_text *head, const eae_by_feature *b,
                          eae_frame **f);

/* ---- --annot ---------------------------------------------------------------------------- */

/* Add the annotations of a file to the rows of f. */
int eae_join_annot(eae_frame *f, const eae_import *import);

#endif
