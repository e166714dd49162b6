/*
 * stream.h - read and write the matrix stream of eae-matrix(5).
 *
 * Reading: eae_read() takes all operands of a program, recognises by content what each one is (an
 * eae stream, or one of the text and array formats of import.h), and returns the frames merged:
 * frames of one kind with the same columns become one frame with the rows of all, in order. Data
 * frames with other columns are an error that names the first difference; predictions, models and
 * ranks with other columns stay separate. Hashes are checked before eae_read() returns, or, where
 * the caller asks for it, those of large mapped payloads until eae_bundle_check() does.
 *
 * A regular file is mapped; a pipe is read into memory up to `memory` bytes and beyond that spilled
 * into an unnamed file in `tmpdir` and mapped. A mapped file that is truncated meanwhile ends the
 * program with one line and status 1 (SIGBUS handler), and eae_bundle_check() finds one that was
 * changed.
 *
 * Writing: eae_writer_frame() writes a whole frame; begin/rows/end write one whose rows are made on
 * the way. Nothing is committed under its name before eae_writer_close() succeeds (files.h).
 */
#ifndef EAE_MATRIX_STREAM_H
#define EAE_MATRIX_STREAM_H

#include "base/files.h"
#include "base/options.h"
#include "matrix/frame.h"
#include "matrix/import.h"

typedef struct eae_read_options {
    uint64_t memory;    /* bytes a pipe may take before it is spilled */
    const char *tmpdir; /* NULL: the default of eae_temp_file() */
    int threads;
    const eae_import *import; /* NULL: the defaults */
    bool verify_later; /* go on while large payloads are hashed: for who writes nothing, anywhere,
                          before eae_bundle_check(), and asks it about failures too */
    eae_buffer *plain; /* not NULL: what is no eae stream goes here as it is, for programs
                          whose text is no matrix; decompressed, in order */
} eae_read_options;

typedef struct eae_bundle {
    eae_frame **frame; /* in order of first appearance */
    int count;
    struct eae_input *input; /* open files, kept to notice changes; stream.c only */
    int input_count;
    struct eae_unverified *unverified; /* hashes that are still being made; stream.c only */
} eae_bundle;

/* Read operands path[0..n-1]; n = 0 or "-" is standard input, which must not be a terminal.
 * The import options are applied to data frames (labels, groups, annotations: import.h). */
int eae_read(eae_bundle *b, const char *const *path, int n, const eae_read_options *options);
/* The same, with the operands from `first` on and --memory --tmpdir --threads and the import
 * options of a program's command line. */
int eae_read_operands(eae_bundle *b, const eae_options *o, int first, const eae_import *import);
/* With verify_later. */
int eae_read_operands_ahead(eae_bundle *b, const eae_options *o, int first,
                            const eae_import *import);
/* The same for a program whose text is no matrix: what is no stream is added to *plain. */
int eae_read_operands_or_text(eae_bundle *b, const eae_options *o, int first, eae_buffer *plain);
/* The only frame of that kind; NULL if there is none; an error if there are several. */
int eae_bundle_find(const eae_bundle *b, eae_kind kind, eae_frame **f);
/* "data, split": the kinds that are there, for messages. The caller frees. */
char *eae_bundle_kinds(const eae_bundle *b);
/* Take frame i out: the caller frees it. */
eae_frame *eae_bundle_take(eae_bundle *b, int i);
/* Fails when a mapped input changed since it was opened, or is damaged. Call before committing any
 * output. */
int eae_bundle_check(const eae_bundle *b);
/* What a failure comes to: what is wrong with the input explains everything else. */
int eae_bundle_blame(const eae_bundle *b, int status);
void eae_bundle_free(eae_bundle *b);

/* The frames of one list merged by the rule above; takes the frames over. */
int eae_merge_frames(eae_frame **frame, int *count);

typedef struct eae_writer eae_writer;
/* Binary: a terminal is refused. `history` false leaves every frame's history out. */
int eae_writer_open(eae_writer **w, const char *path, bool history);
/* On an open output, which becomes the writer's. */
eae_writer *eae_writer_on(eae_output *out, bool history);
/* Writes the whole frame; sets f->content. Text annotations are made canonical first. */
int eae_writer_frame(eae_writer *w, eae_frame *f);
/* A frame in pieces: `head` has the shape, axes and history but no payload. */
int eae_writer_begin(eae_writer *w, eae_frame *head);
int eae_writer_rows(eae_writer *w, const void *values, int64_t rows);
/* The same by cells, row by row: a piece may begin and end within a row. */
int eae_writer_cells(eae_writer *w, const void *values, int64_t cells);
int eae_writer_end(eae_writer *w);
/* Check, commit, free; after a failure it frees too. */
int eae_writer_close(eae_writer *w);
void eae_writer_discard(eae_writer *w);

/* Content identity without writing: hash of kind, type, shape, header and payload. */
int eae_frame_content(eae_frame *f, eae_hash *content);

#endif
