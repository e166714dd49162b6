/* table.c - see table.h. */
#include "matrix/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/threads.h"

enum {
    TASK_BYTES = 1 << 19, /* of text, for one task */
    BATCH = 1 << 22,      /* of text, parsed while more is being decompressed */
    TILE = 64             /* of a transpose */
};

/* ---- one value ---------------------------------------------------------------------------- */

static bool is_infinity(const eae_field *f)
{
    static const char *const words[] = {"inf", "infinity"};
    size_t skip = f->length > 0 && (*f->text == '+' || *f->text == '-');
    for (size_t i = 0; i < 2; i++) {
        size_t n = strlen(words[i]);
        if (f->length - skip != n)
            continue;
        size_t same = 0;
        while (same < n && (f->text[skip + same] | 0x20) == words[i][same])
            same++;
        if (same == n)
            return true;
    }
    return false;
}

/* Digits with a comma: of a country's decimals, or of thousands. */
static bool has_comma(const eae_field *bare)
{
    char number[EAE_EXCERPT];
    char *comma = memchr(bare->text, ',', bare->length);
    double value;
    if (!comma || bare->length > sizeof number)
        return false;
    memcpy(number, bare->text, bare->length);
    number[comma - bare->text] = '.';
    return eae_parse_double(number, bare->length, &value);
}

int eae_read_value(const eae_text *text, const eae_field *f, int64_t column, double *value)
{
    char buf[EAE_EXCERPT];
    eae_field bare = eae_field_bare(f);
    if (eae_is_missing(bare.text, bare.length)) {
        *value = (double)NAN;
        return EAE_OK;
    }
    if (eae_parse_double(bare.text, bare.length, value))
        return isfinite(*value) ? EAE_OK
                                : eae_text_fail(text, f->text, column, "too large a number: \"%s\"",
                                                eae_excerpt(f, buf));
    if (is_infinity(&bare))
        return eae_text_fail(text, f->text, column, "an infinite value: \"%s\"",
                             eae_excerpt(f, buf));
    return eae_text_fail(text, f->text, column, "not a number: \"%s\"%s", eae_excerpt(f, buf),
                         has_comma(&bare) ? "; numbers are written with a point, as 1234.5" : "");
}

/* ---- rows ------------------------------------------------------------------------------- */

typedef struct {
    eae_table *table;
    const eae_field *record;
    int64_t count;
    int64_t per_task;
    const char *limit; /* of the text that may be looked at */
} batch;

static int bad_quote(const eae_table *t, const char *p, int64_t column)
{
    return eae_text_fail(&t->text, p, column + 1,
                         "a quote out of place, or one that is not closed");
}

/* The value at p that the quick way did not take; *p moves to its end. */
static int slow_value(const eae_table *t, const char **p, const char *end, int64_t column,
                      double *value)
{
    const char *q = eae_field_end(*p, end, t->delimiter);
    if (!q)
        return bad_quote(t, *p, column);
    eae_field f = {*p, (size_t)(q - *p)};
    int status = eae_read_value(&t->text, &f, column + 1, value);
    if (status == EAE_OK && !t->f64 && isinf((float)*value))
        status = eae_text_fail(&t->text, *p, column + 1,
                               "too large a number for f32; --dtype f64 holds it");
    *p = q;
    return status;
}

static int ragged(const eae_table *t, const eae_field *record)
{
    if (record->length == 0)
        return eae_text_fail(&t->text, record->text, 0, "an empty line");
    eae_field *fields;
    int64_t n;
    int status = eae_split_record(&t->text, record, t->delimiter, &fields, &n);
    if (status != EAE_OK)
        return status;
    free(fields);
    return eae_text_fail(&t->text, record->text, 0, "%lld fields, where the header has %lld",
                         (long long)n, (long long)t->cols);
}

/* Parse a record into row `row`. Nearly every field is a plain number, which eae_scan_double()
 * takes without looking for its end first. */
static int parse_row(const batch *b, const eae_field *record, int64_t row)
{
    const eae_table *t = b->table;
    const char *p = record->text, *end = p + record->length;
    const char delimiter = t->delimiter;
    float *f32 = (float *)t->payload + (t->f64 ? 0 : row * t->values);
    double *f64 = (double *)t->payload + (t->f64 ? row * t->values : 0);
    eae_field *annot = t->annot + row * t->annots;
    for (int64_t c = 0; c < t->cols; c++) {
        if (t->column[c] == EAE_COLUMN_VALUE) {
            double value;
            const char *q = eae_scan_double(p, b->limit, &value);
            bool quick = q && (q == end || *q == delimiter) &&
                         (t->f64 ? isfinite(value) : isfinite((float)value));
            int status = quick ? EAE_OK : slow_value(t, &p, end, c, &value);
            if (status != EAE_OK)
                return status;
            p = quick ? q : p;
            if (t->f64)
                *f64++ = value;
            else
                *f32++ = (float)value;
        } else {
            const char *q = eae_field_end(p, end, delimiter);
            if (!q)
                return bad_quote(t, p, c);
            eae_field *to = t->column[c] == EAE_COLUMN_ID ? t->id + row : annot++;
            *to = (eae_field){p, (size_t)(q - p)};
            p = q;
        }
        if (p == end ? c + 1 < t->cols : c + 1 == t->cols)
            return ragged(t, record);
        p++;
    }
    return EAE_OK;
}

static int parse_task(void *context, int64_t task, int worker)
{
    (void)worker;
    const batch *b = context;
    int64_t from = task * b->per_task;
    int64_t to = b->count - from < b->per_task ? b->count : from + b->per_task;
    for (int64_t i = from; i < to; i++) {
        int status = parse_row(b, b->record + i, b->table->rows + i);
        if (status != EAE_OK)
            return status;
    }
    return EAE_OK;
}

/* ---- batches ------------------------------------------------------------------------------ */

/* Take the stop record, and what is put aside, out of the list. */
static int sift_records(eae_table *t, const eae_name_index *aside, eae_records *r)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < r->count; i++) {
        const eae_field *f = r->record + i;
        if (t->stop && f->length > 0 && f->text[0] == t->stop) {
            t->stopped = true;
            break;
        }
        bool away = t->rows + kept == 0 && t->aside_count < t->aside_first;
        if (aside && !away) {
            const char *q = eae_field_end(f->text, f->text + f->length, t->delimiter);
            eae_field id = {f->text, q ? (size_t)(q - f->text) : 0};
            eae_field bare = eae_field_bare(&id);
            away = eae_name_find(aside, bare.text, bare.length) >= 0;
        }
        if (!away) {
            r->record[kept++] = *f;
            continue;
        }
        t->aside_record =
            eae_realloc(t->aside_record, (size_t)t->aside_count + 1, sizeof *t->aside_record);
        t->aside_record[t->aside_count++] = *f;
    }
    r->count = kept;
    return EAE_OK;
}

/* Room for `rows` rows; exact when that is all. */
static int grow(eae_table *t, int64_t *room, int64_t rows, bool all)
{
    if (rows <= *room)
        return EAE_OK;
    int64_t want = all || rows > 2 * *room ? rows : 2 * *room;
    size_t size = t->f64 ? sizeof(double) : sizeof(float), width;
    if (!eae_mul_fits((size_t)t->values, size, &width))
        return eae_fail("%s: too many columns", t->text.name);
    void *payload = eae_try_alloc((size_t)want, width, "the matrix");
    if (!payload)
        return eae_fail_within(EAE_FAIL, "%s", t->text.name);
    if (t->rows > 0)
        memcpy(payload, t->payload, (size_t)t->rows * width);
    free(t->payload);
    t->payload = payload;
    bool with_id = memchr(t->column, EAE_COLUMN_ID, (size_t)t->cols) != NULL;
    if (with_id)
        t->id = eae_realloc(t->id, (size_t)want, sizeof *t->id);
    t->annot = eae_realloc(t->annot, (size_t)(want * t->annots), sizeof *t->annot);
    *room = want;
    return EAE_OK;
}

static int parse_batch(eae_table *t, eae_records *r, int64_t *room, size_t bytes)
{
    int status = grow(t, room, t->rows + r->count, t->text.whole);
    if (status != EAE_OK || r->count == 0)
        return status;
    int64_t tasks = (int64_t)(bytes / TASK_BYTES) + 1;
    batch b = {t, r->record, r->count, (r->count + tasks - 1) / tasks,
               t->text.data + t->text.length};
    tasks = (r->count + b.per_task - 1) / b.per_task;
    status = eae_parallel(t->threads, tasks, parse_task, &b);
    if (status == EAE_OK)
        t->rows += r->count;
    return status;
}

int eae_table_read(eae_table *t)
{
    t->values = t->annots = t->rows = 0;
    for (int64_t c = 0; c < t->cols; c++) {
        t->values += t->column[c] == EAE_COLUMN_VALUE;
        t->annots += t->column[c] == EAE_COLUMN_ANNOT;
    }
    eae_name_index *aside = t->aside && t->aside->count ? eae_name_index_new(t->aside) : NULL;
    size_t at = t->begin, ahead = BATCH;
    int64_t room = 0;
    int status = EAE_OK;
    do {
        eae_records r = {0};
        status = eae_text_source_wait(t->source, at + ahead, &t->text);
        if (status == EAE_OK)
            status = eae_find_records(&t->text, at, t->threads, &r);
        if (status == EAE_OK)
            status = sift_records(t, aside, &r);
        if (status == EAE_OK)
            status = parse_batch(t, &r, &room, r.next - at);
        ahead = r.next == at ? 2 * ahead : BATCH; /* a record may be longer than that */
        at = r.next;
        eae_records_free(&r);
    } while (status == EAE_OK && !t->text.whole && !t->stopped);
    /* the end of the text is waited for in any case: only there the CRC is checked */
    if (status == EAE_OK && !t->text.whole)
        status = eae_text_source_wait(t->source, SIZE_MAX, &t->text);
    eae_name_index_free(aside);
    return status;
}

void eae_table_free(eae_table *t)
{
    free(t->payload);
    free(t->id);
    free(t->annot);
    free(t->aside_record);
}

/* ---- transpose -------------------------------------------------------------------------- */

typedef struct {
    const void *from;
    void *to;
    int64_t rows, cols;
    size_t size;
} transposition;

/* Rows task*TILE .. of `from`. */
static int transpose_strip(void *context, int64_t task, int worker)
{
    (void)worker;
    const transposition *x = context;
    int64_t i0 = task * TILE, i1 = x->rows - i0 < TILE ? x->rows : i0 + TILE;
    for (int64_t j0 = 0; j0 < x->cols; j0 += TILE) {
        int64_t j1 = x->cols - j0 < TILE ? x->cols : j0 + TILE;
        for (int64_t j = j0; j < j1; j++) {
            if (x->size == 4) {
                const uint32_t *from = x->from;
                for (int64_t i = i0; i < i1; i++)
                    ((uint32_t *)x->to)[j * x->rows + i] = from[i * x->cols + j];
            } else {
                const uint64_t *from = x->from;
                for (int64_t i = i0; i < i1; i++)
                    ((uint64_t *)x->to)[j * x->rows + i] = from[i * x->cols + j];
            }
        }
    }
    return EAE_OK;
}

int eae_transpose(const void *from, int64_t rows, int64_t cols, size_t size, void *to, int threads)
{
    transposition x = {from, to, rows, cols, size};
    return eae_parallel(threads, (rows + TILE - 1) / TILE, transpose_strip, &x);
}
