/*
 * import.h - data matrices from text and arrays, and the meaning of annotation columns.
 *
 * Formats, recognised by content: delimited text (tab, comma or semicolon; a header row), GEO
 * series matrix, GCT 1.2 and 1.3, CLS (only as --annot), LIBSVM / SVMlight, NumPy .npy; each
 * optionally compressed with gzip (zlib: CRC and length checked, several members), bzip2, xz or
 * zstd (libarchive). Every error names file, line and column:
 *
 *     expr.tsv:41: column 3: not a number: "NA?"
 *
 * Rules for text (eae-view(1) has them for users): the first column is the id if its header is
 * empty, `id` or `sample`, or any value in it is not a number; columns named by an option or in
 * meta become annotations, columns whose name begins with @ always; any other column that is not
 * numeric is an error naming it and suggesting --meta. NaN is missing; Inf is an error.
 *
 * A header with one name less than the rows have fields lacks that of the id (R's write.table). An
 * annotation of numbers is f64 unless one is written with leading zeros; in an @ column text in
 * quotes stays text. @label, @group, @time and @status are the roles themselves, and @label=POS/NEG
 * says the order of the classes (export.h). A column or a GEO characteristic that is called like a
 * role, but was asked for by no role option, is kept as meta.label, meta.status, ...; role options
 * find it there.
 *
 * With by_feature the first column names the features; rows named by an option, in meta, or @label,
 * @group, @time, @status are annotations of the samples; columns of such names, of the features.
 *
 * Numbers are read as correctly rounded doubles and then rounded to f32 (unless f64 is asked for).
 */
#ifndef EAE_MATRIX_IMPORT_H
#define EAE_MATRIX_IMPORT_H

#include "base/options.h"
#include "matrix/frame.h"

typedef struct eae_import {
    const char *label;    /* "COL" or "COL=POS/NEG" */
    const char *positive; /* the positive class */
    bool regression;      /* the label is a number */
    const char *group;
    const char *time;
    const char *status; /* "COL" or "COL=EVENT" */
    const char *annot;  /* a TSV joined by id, or a CLS file */
    const eae_names *meta;
    bool by_feature; /* rows are features, columns are samples */
    bool f64;        /* element type of what is imported */
} eae_import;

/* --label --positive --regression --group --time --status --annot --meta --by-feature */
extern const eae_option eae_import_options[];
#define EAE_GROUP_IMPORT \
    { \
        "Import", eae_import_options \
    }
void eae_import_from_options(eae_import *import, const eae_options *o);

/* The content of an input that is not an eae stream, already whole in memory or mapped. `name` is
 * for messages. Recognises the format; decompresses; gives one data frame, roles not yet applied.
 */
int eae_import_bytes(const char *bytes, size_t n, const char *name, const eae_import *import,
                     int threads, eae_frame **f);

/* Apply label, group, time, status and --annot to a data frame, whatever it was read from: renames
 * and retypes annotation columns to `label`, `group`, `time`, `status`; orders the classes; drops
 * samples of other classes (--label COL=POS/NEG), counted in a note. May replace *f. */
int eae_import_apply_roles(eae_frame **f, const eae_import *import);

/* A list for --samples, --features: a file of one name a line, or names separated by commas. */
int eae_read_name_list(const char *file_or_list, eae_names *names);

#endif
