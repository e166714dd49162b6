/*
 * table.h - the body of a delimited table, parsed in parallel into a row-major array of numbers.
 *
 * The caller says what each column is; the table delivers the numbers of the value columns as f32
 * or f64 and the other fields as they stand in the text. When the text is still being decompressed
 * the part that has arrived is parsed meanwhile. The result does not depend on threads or timing.
 */
#ifndef EAE_MATRIX_TABLE_H
#define EAE_MATRIX_TABLE_H

#include "matrix/text_source.h"
#include "matrix/text.h"

typedef enum { EAE_COLUMN_ID, EAE_COLUMN_ANNOT, EAE_COLUMN_VALUE } eae_column;

typedef struct eae_table {
    /* filled in by the caller */
    eae_text_source *source;
    size_t begin; /* where the first record of the body begins */
    char delimiter;
    int threads;
    bool f64;
    int64_t cols;
    const uint8_t *column;  /* cols of eae_column; at most one EAE_COLUMN_ID */
    char stop;              /* a record that begins with it ends the table; 0: none */
    int64_t aside_first;    /* so many records at the beginning are put aside */
    const eae_names *aside; /* and those whose first field is one of these; may be NULL */

    /* results; freed by eae_table_free() */
    eae_text text; /* for messages; valid as long as the source */
    int64_t rows;
    int64_t values; /* value columns */
    int64_t annots;
    void *payload;    /* rows x values; 64-byte aligned; free() */
    eae_field *id;    /* rows; NULL without an id column */
    eae_field *annot; /* rows x annots */
    eae_field *aside_record;
    int64_t aside_count;
    bool stopped; /* the stop record was there */
} eae_table;

int eae_table_read(eae_table *t);
void eae_table_free(eae_table *t);

/* One number, "missing" (NaN), or a failure that names the place. */
int eae_read_value(const eae_text *text, const eae_field *f, int64_t column, double *value);

/* to (cols x rows) = the transpose of from (rows x cols), elements of 4 or 8 bytes. */
int eae_transpose(const void *from, int64_t rows, int64_t cols, size_t size, void *to, int threads);

#endif
