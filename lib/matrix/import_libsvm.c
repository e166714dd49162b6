/*
 * import_libsvm.c - LIBSVM / SVMlight: "label index:value ...", indices from 1 and increasing; what
 * is not there is 0. Features are named f1, f2, ... Labels that are all whole numbers are classes,
 * unless --regression; others are numbers. "qid:" and text after # are skipped.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "matrix/import_parts.h"

static const char *skip_blanks(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    return p;
}

/* index:value at p; returns its end or NULL. */
static const char *scan_pair(const char *p, const char *end, int64_t *index, double *value)
{
    const char *colon = p;
    while (colon < end && *colon >= '0' && *colon <= '9')
        colon++;
    if (colon == end || *colon != ':' || !eae_parse_int(p, (size_t)(colon - p), index))
        return NULL;
    const char *q = eae_scan_double(colon + 1, end, value);
    return q && (q == end || *q == ' ' || *q == '\t') ? q : NULL;
}

/* A number, a blank, index:value: no header looks like that. */
bool eae_is_libsvm(const eae_text *head)
{
    const char *p = head->data, *end = memchr(p, '\n', head->length);
    if (!end)
        end = p + head->length;
    if (end > p && end[-1] == '\r')
        end--;
    double value;
    int64_t index;
    const char *q = eae_scan_double(p, end, &value);
    if (!q || q == end || (*q != ' ' && *q != '\t'))
        return false;
    q = skip_blanks(q, end);
    return scan_pair(q, end, &index, &value) || (end - q > 4 && memcmp(q, "qid:", 4) == 0);
}

typedef struct {
    const eae_text *text;
    eae_frame *frame; /* NULL while the shape is being found */
    double *label;
    int64_t cols;
} reader;

static void put(const reader *r, int64_t row, int64_t index, double value)
{
    int64_t at = row * r->cols + index - 1;
    if (r->frame->type == EAE_F64)
        eae_frame_f64(r->frame)[at] = value;
    else
        eae_frame_f32(r->frame)[at] = (float)value;
}

static int read_line(reader *r, const eae_field *line, int64_t row)
{
    const char *p = line->text, *end = p + line->length;
    const char *comment = memchr(p, '#', line->length);
    end = comment ? comment : end;
    double label, value;
    int64_t index, last = 0;
    const char *q = eae_scan_double(p, end, &label);
    if (!q || (q < end && *q != ' ' && *q != '\t') || label - label != 0)
        return eae_text_fail(r->text, p, 1, "LIBSVM: a label is expected here");
    if (r->frame)
        r->label[row] = label;
    for (int64_t item = 2; (p = skip_blanks(q, end)) < end; item++) {
        if (end - p > 4 && memcmp(p, "qid:", 4) == 0) {
            for (q = p; q < end && *q != ' ' && *q != '\t'; q++)
                ;
            continue;
        }
        q = scan_pair(p, end, &index, &value);
        bool finite =
            q && value - value == 0 &&
            (r->frame == NULL || r->frame->type == EAE_F64 || (float)value - (float)value == 0);
        if (!finite)
            return eae_text_fail(r->text, p, item, "LIBSVM: index:value is expected here");
        if (index <= last)
            return eae_text_fail(r->text, p, item,
                                 "LIBSVM: indices begin at 1 and increase; this is %lld after %lld",
                                 (long long)index, (long long)last);
        last = index;
        if (r->frame)
            put(r, row, index, value);
    }
    if (!r->frame && last > r->cols)
        r->cols = last;
    return EAE_OK;
}

static int read_lines(reader *r, const eae_records *lines)
{
    int status = EAE_OK;
    for (int64_t i = 0; i < lines->count && status == EAE_OK; i++)
        status = read_line(r, lines->record + i, i);
    return status;
}

/* A few bytes of text can ask for any shape: more than there is memory for is refused. */
static int make_frame(reader *r, int64_t rows, bool f64, eae_frame **f)
{
    size_t bytes;
    if (r->cols == 0)
        return eae_fail("%s: no features", r->text->name);
    if (!eae_mul_fits((size_t)rows, (size_t)r->cols, &bytes) ||
        !eae_mul_fits(bytes, f64 ? 8 : 4, &bytes) || bytes > eae_memory_available())
        return eae_fail("%s: %lld samples x %lld features do not fit in memory when not sparse",
                        r->text->name, (long long)rows, (long long)r->cols);
    int status = eae_frame_new(f, EAE_KIND_DATA, f64 ? EAE_F64 : EAE_F32, rows, r->cols);
    if (status == EAE_OK)
        memset((*f)->payload, 0, bytes);
    return status;
}

static void label_rows(eae_frame *f, const double *label, bool regression)
{
    bool whole = !regression;
    for (int64_t i = 0; i < f->rows.count; i++)
        whole =
            whole && label[i] >= -1e15 && label[i] <= 1e15 && label[i] == (double)(int64_t)label[i];
    eae_annot *a = eae_axis_add(&f->rows, "label", whole ? EAE_ANNOT_TEXT : EAE_ANNOT_F64);
    char text[EAE_NUMBER_TEXT];
    for (int64_t i = 0; i < f->rows.count; i++) {
        if (whole) {
            eae_format_double(label[i] + 0.0, text); /* -0 is 0 */
            eae_annot_set_text(a, i, text);
        } else {
            a->f64[i] = label[i];
        }
    }
}

int eae_import_libsvm(const eae_import_job *job, const eae_text *whole, eae_frame **f)
{
    eae_records lines = {0};
    reader r = {.text = whole};
    int status = eae_find_records(whole, 0, job->threads, &lines);
    if (status == EAE_OK)
        status = read_lines(&r, &lines);
    if (status == EAE_OK)
        status = make_frame(&r, lines.count, job->import->f64, f);
    if (status == EAE_OK) {
        r.frame = *f;
        r.label = EAE_NEW_ARRAY(double, lines.count);
        status = read_lines(&r, &lines);
    }
    if (status == EAE_OK) {
        label_rows(*f, r.label, job->import->regression);
        eae_number_names(&(*f)->rows.names, "s", lines.count);
        eae_number_names(&(*f)->cols.names, "f", r.cols);
    }
    free(r.label);
    eae_records_free(&lines);
    return status;
}
