/*
 * writer.c - frames as bytes: preamble and header first, the payload as it comes, then the footer
 * with what is known only then. Declared in stream.h.
 */
#include "matrix/stream.h"

#include <stdlib.h>
#include <string.h>

#include "matrix/format.h"

enum { CHUNK = 1 << 18 }; /* small enough to stay in the cache between hashing and writing */

struct eae_writer {
    eae_output *out;
    bool keep_history;
    eae_hash *written; /* digests of the column blocks this stream has */
    int written_count;
    /* the frame being written; hasher is NULL between frames */
    eae_hasher *hasher;
    eae_preamble preamble;
    eae_buffer history;
    uint64_t begun;     /* offset of the frame in the stream */
    uint64_t remaining; /* payload bytes still to come */
    void *scratch;      /* CHUNK bytes */
};

eae_writer *eae_writer_on(eae_output *out, bool history)
{
    eae_writer *w = EAE_NEW(eae_writer);

    w->out = out;
    w->keep_history = history;
    w->scratch = eae_malloc(CHUNK, 1);
    return w;
}

int eae_writer_open(eae_writer **w, const char *path, bool history)
{
    eae_output *out;

    *w = NULL;
    if (eae_output_open(&out, path, true) != EAE_OK)
        return EAE_FAIL;
    *w = eae_writer_on(out, history);
    return EAE_OK;
}

static void free_writer(eae_writer *w)
{
    eae_hasher_free(w->hasher);
    eae_buffer_free(&w->history);
    free(w->written);
    free(w->scratch);
    free(w);
}

void eae_writer_discard(eae_writer *w)
{
    if (w == NULL)
        return;
    eae_output_discard(w->out);
    free_writer(w);
}

static int make_canonical(eae_axis *axis)
{
    for (int i = 0; i < axis->annot_count; i++) {
        eae_annot *a = &axis->annot[i];
        int64_t twice;

        eae_annot_canonical(a);
        twice = a->type == EAE_ANNOT_TEXT ? eae_names_find_duplicate(&a->dict, NULL) : -1;
        if (twice >= 0)
            return eae_fail("cannot write: the annotation %s has the entry \"%s\" twice", a->name,
                            eae_name(&a->dict, twice));
    }
    return EAE_OK;
}

/* Fill the preamble but for what depends on the stream; columns and rows go into the buffers. */
static int describe(eae_frame *f, eae_preamble *p, eae_buffer *columns, eae_buffer *rows)
{
    size_t elements, bytes;

    if (make_canonical(&f->rows) != EAE_OK || make_canonical(&f->cols) != EAE_OK)
        return EAE_FAIL;
    if (eae_frame_check_rows(f) != EAE_OK || eae_frame_check_columns(f) != EAE_OK)
        return eae_fail_within(EAE_FAIL, "cannot write");
    if (!eae_mul_fits((size_t)f->rows.count, (size_t)f->cols.count, &elements) ||
        !eae_mul_fits(elements, eae_type_size(f->type), &bytes) || bytes > INT64_MAX)
        return eae_fail("cannot write a matrix of %lld x %lld: too large", (long long)f->rows.count,
                        (long long)f->cols.count);
    eae_block_encode(&f->cols, columns);
    eae_block_encode(&f->rows, rows);
    memset(p, 0, sizeof *p);
    memcpy(p->magic, eae_frame_magic, sizeof p->magic);
    p->major = EAE_FORMAT_MAJOR;
    p->minor = EAE_FORMAT_MINOR;
    p->kind = (uint8_t)f->kind;
    p->type = (uint8_t)f->type;
    p->rows = (uint64_t)f->rows.count;
    p->cols = (uint64_t)f->cols.count;
    p->payload_length = bytes;
    p->column_digest = eae_hash_bytes(columns->data, columns->length);
    p->row_digest = eae_hash_bytes(rows->data, rows->length);
    return EAE_OK;
}

static void hash_payload(eae_hasher *h, eae_type type, const void *payload, size_t n, void *scratch)
{
    for (size_t at = 0; at < n; at += CHUNK) {
        size_t step = n - at < CHUNK ? n - at : CHUNK;

        eae_hasher_add(h, eae_payload_canonical(type, (const char *)payload + at, step, scratch),
                       step);
    }
}

int eae_frame_content(eae_frame *f, eae_hash *content)
{
    eae_buffer columns = {0}, rows = {0};
    eae_preamble p;
    int status = describe(f, &p, &columns, &rows);

    if (status == EAE_OK) {
        eae_hasher *h = eae_hasher_new();
        void *scratch = eae_malloc(CHUNK, 1);
        eae_hash payload;

        hash_payload(h, f->type, f->payload, p.payload_length, scratch);
        payload = eae_hasher_value(h);
        *content = eae_content_identity(&p, &payload);
        eae_hasher_free(h);
        free(scratch);
    }
    eae_buffer_free(&columns);
    eae_buffer_free(&rows);
    return status;
}

static bool already_written(const eae_writer *w, const eae_hash *digest)
{
    for (int i = 0; i < w->written_count; i++)
        if (eae_hash_equal(&w->written[i], digest))
            return true;
    return false;
}

static void remember_columns(eae_writer *w, const eae_hash *digest)
{
    w->written = eae_realloc(w->written, (size_t)w->written_count + 1, sizeof *w->written);
    w->written[w->written_count++] = *digest;
}

static int write_zeros(eae_writer *w, uint64_t n)
{
    static const char zeros[EAE_FRAME_ALIGN];

    return eae_output_write(w->out, zeros, (size_t)n);
}

/* A frame says once what its columns are; later ones of the stream refer to it by the digest. */
static int write_head(eae_writer *w, const eae_buffer *columns, const eae_buffer *rows)
{
    eae_preamble *p = &w->preamble;
    bool left_out = already_written(w, &p->column_digest);
    uint64_t end;

    p->flags = left_out ? EAE_FLAG_COLUMNS_LEFT_OUT : 0;
    p->column_length = left_out ? 0 : columns->length;
    p->header_length = p->column_length + rows->length;
    end = sizeof *p + p->header_length;
    p->payload_offset = eae_align_up(end, EAE_FRAME_ALIGN);
    p->own = eae_hash_bytes(p, offsetof(eae_preamble, own));
    w->begun = eae_output_offset(w->out);
    if (eae_output_write(w->out, p, sizeof *p) != EAE_OK ||
        eae_output_write(w->out, columns->data, p->column_length) != EAE_OK ||
        eae_output_write(w->out, rows->data, rows->length) != EAE_OK)
        return EAE_FAIL;
    if (!left_out)
        remember_columns(w, &p->column_digest);
    return write_zeros(w, p->payload_offset - end);
}

int eae_writer_begin(eae_writer *w, eae_frame *head)
{
    eae_buffer columns = {0}, rows = {0};
    int status;

    if (w->hasher != NULL)
        return eae_fail("a frame was begun before the last one was ended");
    status = describe(head, &w->preamble, &columns, &rows);
    if (status == EAE_OK)
        status = write_head(w, &columns, &rows);
    if (status == EAE_OK) {
        w->remaining = w->preamble.payload_length;
        w->hasher = eae_hasher_new();
        w->history.length = 0;
        for (int64_t i = 0; w->keep_history && i < head->history.count; i++) {
            eae_buffer_puts(&w->history, eae_name(&head->history, i));
            eae_buffer_putc(&w->history, '\n');
        }
    }
    eae_buffer_free(&columns);
    eae_buffer_free(&rows);
    return status;
}

int eae_writer_rows(eae_writer *w, const void *values, int64_t rows)
{
    return eae_writer_cells(w, values, rows * (int64_t)w->preamble.cols);
}

int eae_writer_cells(eae_writer *w, const void *values, int64_t cells)
{
    eae_type type = (eae_type)w->preamble.type;
    size_t n = (size_t)cells * eae_type_size(type);

    if (w->hasher == NULL || n > w->remaining)
        return eae_fail("more rows than the frame was begun with");
    w->remaining -= n;
    for (size_t at = 0; at < n; at += CHUNK) {
        size_t step = n - at < CHUNK ? n - at : CHUNK;
        const void *bytes =
            eae_payload_canonical(type, (const char *)values + at, step, w->scratch);

        eae_hasher_add(w->hasher, bytes, step);
        if (eae_output_write(w->out, bytes, step) != EAE_OK)
            return EAE_FAIL;
    }
    return EAE_OK;
}

static int write_footer(eae_writer *w, const eae_hash *payload)
{
    eae_footer footer = {.history_length = w->history.length, .payload = *payload};
    eae_buffer b = {0};
    eae_end_mark end;
    eae_hash own;
    size_t n = sizeof footer + w->history.length;
    int status;

    footer.length = eae_align_up(n + sizeof own + sizeof end, EAE_FRAME_ALIGN);
    footer.content = eae_content_identity(&w->preamble, payload);
    memcpy(footer.magic, eae_footer_magic, sizeof footer.magic);
    eae_buffer_add(&b, &footer, sizeof footer);
    eae_buffer_add(&b, w->history.data, w->history.length);
    while (b.length < footer.length - sizeof own - sizeof end)
        eae_buffer_putc(&b, 0);
    own = eae_hash_bytes(b.data, b.length);
    eae_buffer_add(&b, &own, sizeof own);
    memcpy(end.magic, eae_end_magic, sizeof end.magic);
    end.frame_length = eae_output_offset(w->out) - w->begun + footer.length;
    eae_buffer_add(&b, &end, sizeof end);
    status = eae_output_write(w->out, b.data, b.length);
    eae_buffer_free(&b);
    return status;
}

int eae_writer_end(eae_writer *w)
{
    uint64_t end = w->preamble.payload_length;
    eae_hash payload;

    if (w->hasher == NULL || w->remaining > 0)
        return eae_fail("fewer rows than the frame was begun with");
    payload = eae_hasher_value(w->hasher);
    eae_hasher_free(w->hasher);
    w->hasher = NULL;
    if (write_zeros(w, eae_align_up(end, EAE_FRAME_ALIGN) - end) != EAE_OK)
        return EAE_FAIL;
    return write_footer(w, &payload);
}

int eae_writer_frame(eae_writer *w, eae_frame *f)
{
    eae_hash payload;

    if (eae_writer_begin(w, f) != EAE_OK || eae_writer_rows(w, f->payload, f->rows.count) != EAE_OK)
        return EAE_FAIL;
    payload = eae_hasher_value(w->hasher);
    f->content = eae_content_identity(&w->preamble, &payload);
    return eae_writer_end(w);
}

int eae_writer_close(eae_writer *w)
{
    int status;

    if (w->hasher != NULL) {
        eae_writer_discard(w);
        return eae_fail("a frame was begun and not ended");
    }
    status = eae_output_close(w->out);
    free_writer(w);
    return status;
}
