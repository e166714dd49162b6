/* export.c - see export.h. */
#include "matrix/export.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"

enum { FLUSH = 1 << 17 };

static int flush(eae_output *out, eae_buffer *b, size_t keep)
{
    if (b->length <= keep)
        return EAE_OK;
    int status = eae_output_write(out, b->data, b->length);
    b->length = 0;
    return status;
}

/* ---- delimited text ----------------------------------------------------------------------- */

/* Quoted where RFC 4180 asks for it, where the reader would take spaces off, or where told to. */
static void put_text(eae_buffer *b, const char *text, char delimiter, bool quote)
{
    size_t n = strlen(text);
    char special[] = {delimiter, '"', '\r', '\n', '\0'};
    bool outer_blank = n > 0 && (strchr(" \t", text[0]) || strchr(" \t", text[n - 1]));
    if (!quote && !outer_blank && !strpbrk(text, special)) {
        eae_buffer_add(b, text, n);
        return;
    }
    eae_buffer_putc(b, '"');
    for (const char *p = text; *p; p++) {
        if (*p == '"')
            eae_buffer_putc(b, '"');
        eae_buffer_putc(b, *p);
    }
    eae_buffer_putc(b, '"');
}

static void put_value(eae_buffer *b, const eae_frame *f, int64_t at)
{
    char *to = eae_buffer_reserve(b, EAE_NUMBER_TEXT);
    switch (f->type) {
    case EAE_F32:
        b->length += eae_format_float(((const float *)f->payload)[at], to);
        break;
    case EAE_F64:
        b->length += eae_format_double(((const double *)f->payload)[at], to);
        break;
    case EAE_I16:
        b->length += eae_format_double(((const int16_t *)f->payload)[at], to);
        break;
    case EAE_I32:
        b->length += eae_format_double(((const int32_t *)f->payload)[at], to);
        break;
    case EAE_U8:
        b->length += eae_format_double(((const uint8_t *)f->payload)[at], to);
        break;
    }
}

/* Text that would be read back as a number or as missing is quoted. */
static bool needs_quotes(const char *text)
{
    double value;
    size_t n = strlen(text);
    return eae_is_missing(text, n) || eae_parse_double(text, n, &value);
}

static void put_annot(eae_buffer *b, const eae_annot *a, int64_t i, char delimiter)
{
    char text[EAE_NUMBER_TEXT];
    if (eae_annot_is_missing(a, i))
        eae_buffer_puts(b, "NA");
    else if (a->type == EAE_ANNOT_TEXT)
        put_text(b, eae_annot_text(a, i), delimiter, needs_quotes(eae_annot_text(a, i)));
    else
        eae_buffer_puts(b, eae_annot_print(a, i, text));
}

/* A reader takes the last of two classes by order as positive: where that is wrong, the header says
 * which is, as in --label. */
static bool needs_order(const eae_annot *a)
{
    if (strcmp(a->name, "label") != 0 || a->type != EAE_ANNOT_TEXT || a->dict.count != 2)
        return false;
    const char *negative = eae_name(&a->dict, 0), *positive = eae_name(&a->dict, 1);
    double x, y;
    if (eae_parse_double(negative, strlen(negative), &x) &&
        eae_parse_double(positive, strlen(positive), &y) && x != y)
        return x > y;
    return strcmp(negative, positive) > 0;
}

static bool both_occur(const eae_annot *a, int64_t n)
{
    bool seen[2] = {false, false};
    for (int64_t i = 0; i < n; i++) {
        if (a->code[i] >= 0)
            seen[a->code[i] == 1] = true;
    }
    return seen[0] && seen[1];
}

static char *annot_header(const eae_annot *a, int64_t n)
{
    if (!needs_order(a) || !both_occur(a, n))
        return eae_sprintf("@%s", a->name);
    return eae_sprintf("@label=%s/%s", eae_name(&a->dict, 1), eae_name(&a->dict, 0));
}

static int put_header(eae_output *out, eae_buffer *b, const eae_frame *f, char delimiter)
{
    bool first = f->rows.names.count == 0;
    int status = EAE_OK;
    if (!first)
        eae_buffer_puts(b, "id");
    for (int k = 0; k < f->rows.annot_count; k++, first = false) {
        char *name = annot_header(f->rows.annot + k, f->rows.count);
        if (!first)
            eae_buffer_putc(b, delimiter);
        put_text(b, name, delimiter, false);
        free(name);
    }
    for (int64_t j = 0; j < f->cols.count && status == EAE_OK; j++, first = false) {
        if (!first)
            eae_buffer_putc(b, delimiter);
        if (f->cols.names.count > 0)
            put_text(b, eae_name(&f->cols.names, j), delimiter, false);
        else
            eae_buffer_printf(b, "f%lld", (long long)j + 1);
        status = flush(out, b, FLUSH);
    }
    eae_buffer_putc(b, '\n');
    return status;
}

static int put_row(eae_output *out, eae_buffer *b, const eae_frame *f, int64_t i, char delimiter)
{
    bool first = f->rows.names.count == 0;
    int status = EAE_OK;
    if (!first)
        put_text(b, eae_name(&f->rows.names, i), delimiter, false);
    for (int k = 0; k < f->rows.annot_count; k++, first = false) {
        if (!first)
            eae_buffer_putc(b, delimiter);
        put_annot(b, f->rows.annot + k, i, delimiter);
    }
    for (int64_t j = 0; j < f->cols.count && status == EAE_OK; j++, first = false) {
        if (!first)
            eae_buffer_putc(b, delimiter);
        put_value(b, f, i * f->cols.count + j);
        status = flush(out, b, FLUSH);
    }
    eae_buffer_putc(b, '\n');
    return status;
}

int eae_export_delimited(eae_output *out, const eae_frame *f, char delimiter)
{
    eae_buffer b = {0};
    int status = put_header(out, &b, f, delimiter);
    for (int64_t i = 0; i < f->rows.count && status == EAE_OK; i++)
        status = put_row(out, &b, f, i, delimiter);
    if (status == EAE_OK)
        status = flush(out, &b, 0);
    eae_buffer_free(&b);
    return status;
}

/* ---- .npy --------------------------------------------------------------------------------- */

int eae_export_npy(eae_output *out, const eae_frame *f)
{
    static const char *const types[] = {[EAE_F32] = "<f4",
                                        [EAE_F64] = "<f8",
                                        [EAE_I16] = "<i2",
                                        [EAE_I32] = "<i4",
                                        [EAE_U8] = "|u1"};
    char *dict = eae_sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%lld, %lld), }",
                             types[f->type], (long long)f->rows.count, (long long)f->cols.count);
    eae_buffer b = {0};
    /* the magic, version, length and dictionary, filled up with spaces to a multiple of 64 */
    size_t length = (10 + strlen(dict) + 1 + 63) / 64 * 64 - 10;
    eae_buffer_add(&b, "\x93NUMPY\1\0", 8);
    eae_buffer_putc(&b, (char)(length & 0xff));
    eae_buffer_putc(&b, (char)(length >> 8));
    eae_buffer_puts(&b, dict);
    while (b.length < 10 + length - 1)
        eae_buffer_putc(&b, ' ');
    eae_buffer_putc(&b, '\n');
    int status = flush(out, &b, 0);
    if (status == EAE_OK)
        status = eae_output_write(out, f->payload,
                                  (size_t)f->rows.count * (size_t)f->cols.count *
                                      eae_type_size(f->type));
    eae_buffer_free(&b);
    free(dict);
    return status;
}

/* ---- LIBSVM ------------------------------------------------------------------------------- */

/* 1 and -1 for two classes, 0, 1, ... for more, the value of a regression; 0 without a label. */
static int put_label(eae_buffer *b, const eae_frame *f, const eae_annot *label, int64_t i)
{
    if (!label) {
        eae_buffer_putc(b, '0');
        return EAE_OK;
    }
    if (eae_annot_is_missing(label, i))
        return eae_fail("libsvm: sample %s has no label",
                        f->rows.names.count ? eae_name(&f->rows.names, i) : "?");
    char text[EAE_NUMBER_TEXT];
    if (label->type != EAE_ANNOT_TEXT)
        eae_buffer_puts(b, eae_annot_print(label, i, text));
    else if (label->dict.count == 2)
        eae_buffer_puts(b, label->code[i] == 1 ? "1" : "-1");
    else
        eae_buffer_printf(b, "%d", (int)label->code[i]);
    return EAE_OK;
}

static int put_sparse_row(eae_output *out, eae_buffer *b, const eae_frame *f, int64_t i)
{
    int status = EAE_OK;
    for (int64_t j = 0; j < f->cols.count && status == EAE_OK; j++) {
        double x = eae_frame_value(f, i, j);
        if (isnan(x))
            return eae_fail("libsvm: row %lld, column %lld is missing, which LIBSVM cannot say; "
                            "--impute fills it",
                            (long long)i + 1, (long long)j + 1);
        if (x == 0)
            continue;
        eae_buffer_printf(b, " %lld:", (long long)j + 1);
        put_value(b, f, i * f->cols.count + j);
        status = flush(out, b, FLUSH);
    }
    eae_buffer_putc(b, '\n');
    return status;
}

int eae_export_libsvm(eae_output *out, const eae_frame *f)
{
    if (f->type != EAE_F32 && f->type != EAE_F64)
        return eae_fail("libsvm: only frames of f32 and f64 can be written");
    const eae_annot *label = eae_axis_find(&f->rows, "label");
    eae_buffer b = {0};
    int status = EAE_OK;
    for (int64_t i = 0; i < f->rows.count && status == EAE_OK; i++) {
        status = put_label(&b, f, label, i);
        if (status == EAE_OK)
            status = put_sparse_row(out, &b, f, i);
    }
    if (status == EAE_OK)
        status = flush(out, &b, 0);
    eae_buffer_free(&b);
    return status;
}
