/*
 * import_text.c - delimited text: header, roles of its columns, and tables with features as rows
 * (which the GEO and GCT importers use as well).
 */
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/number.h"
#include "matrix/import_parts.h"

enum { TEXT_SHOWN = 12 }; /* columns named in a message */

/* ---- the header --------------------------------------------------------------------------- */

typedef struct {
    eae_text text;
    char delimiter;
    eae_field *field;
    int64_t count;
    eae_names name;  /* of the fields */
    size_t body;     /* where the second record begins */
    eae_field first; /* that record, when there is one */
    eae_field *first_field;
    int64_t first_count;
    bool headless_id; /* rows have a field more than the header: it is the id (R's write.table) */
} header;

static void free_header(header *h)
{
    free(h->field);
    free(h->first_field);
    eae_names_free(&h->name);
}

/* Wait until the record at `begin` is all there. */
static int wait_for_record(const eae_import_job *job, eae_text *text, size_t begin,
                           eae_field *record, size_t *next)
{
    int status = EAE_OK;
    while (status == EAE_OK && !eae_first_record(text, begin, record, next)) {
        if (text->whole) {
            *record = (eae_field){text->data + begin, 0};
            break;
        }
        status = eae_text_source_wait(job->source, 2 * text->length, text);
    }
    return status;
}

static int name_fields(header *h)
{
    for (int64_t c = 0; c < h->count; c++) {
        int status = eae_add_field(&h->name, &h->text, h->field + c);
        if (status != EAE_OK)
            return status;
        if (c > 0 && !*eae_name(&h->name, c))
            return eae_text_fail(&h->text, h->field[c].text, c + 1, "this column has no name");
    }
    int64_t first, second = eae_names_find_duplicate(&h->name, &first);
    if (second >= 0)
        return eae_text_fail(&h->text, h->field[second].text, second + 1,
                             "\"%.200s\" is the name of column %lld already",
                             eae_name(&h->name, second), (long long)first + 1);
    return EAE_OK;
}

/* Nothing, or nothing but line ends, after the header; or an empty line instead of the first row.
 */
static int no_rows(const header *h)
{
    for (size_t i = h->body; i < h->text.length; i++) {
        if (!strchr("\r\n", h->text.data[i]))
            return eae_text_fail(&h->text, h->first.text, 0, "an empty line");
    }
    if (memchr(h->text.data, '\r', h->body - 1))
        return eae_fail("%s: lines end in CR alone, as on old Macintoshes; convert it: "
                        "tr '\\r' '\\n'",
                        h->text.name);
    return eae_fail("%s: only a header, no rows", h->text.name);
}

static int read_header(const eae_import_job *job, const eae_text *head, header *h)
{
    eae_field record;
    h->text = *head;
    int status = wait_for_record(job, &h->text, 0, &record, &h->body);
    if (status != EAE_OK)
        return status;
    if (record.length == 0)
        return eae_text_fail(&h->text, record.text, 0, "an empty line instead of a header");
    h->delimiter = eae_find_delimiter(&record);
    if (!h->delimiter)
        h->delimiter = '\t'; /* a single column */
    status = eae_split_record(&h->text, &record, h->delimiter, &h->field, &h->count);
    if (status == EAE_OK)
        status = wait_for_record(job, &h->text, h->body, &h->first, &(size_t){0});
    if (status == EAE_OK && h->first.length == 0)
        status = no_rows(h);
    if (status == EAE_OK)
        status =
            eae_split_record(&h->text, &h->first, h->delimiter, &h->first_field, &h->first_count);
    if (status != EAE_OK)
        return status;
    h->headless_id = h->first_count == h->count + 1;
    return name_fields(h);
}

/* ---- samples as rows ---------------------------------------------------------------------- */

static bool is_number(const eae_field *f)
{
    eae_field bare = eae_field_bare(f);
    double value;
    return eae_parse_double(bare.text, bare.length, &value);
}

static bool is_number_or_missing(const eae_field *f)
{
    eae_field bare = eae_field_bare(f);
    return eae_is_missing(bare.text, bare.length) || is_number(f);
}

static bool is_id_name(const char *name)
{
    return !*name || strcasecmp(name, "id") == 0 || strcasecmp(name, "sample") == 0;
}

/* Whether any value of the first column is not a number; looks at all of the text. */
static int first_column_is_text(const eae_import_job *job, header *h, bool *is_text)
{
    *is_text = !is_number_or_missing(h->first_field);
    if (*is_text)
        return EAE_OK;
    int status = eae_text_source_wait(job->source, SIZE_MAX, &h->text);
    eae_records r = {0};
    if (status == EAE_OK)
        status = eae_find_records(&h->text, h->body, job->threads, &r);
    for (int64_t i = 0; status == EAE_OK && i < r.count && !*is_text; i++) {
        const char *p = r.record[i].text, *end = p + r.record[i].length;
        const char *q = eae_field_end(p, end, h->delimiter);
        eae_field f = {p, q ? (size_t)(q - p) : 0};
        *is_text = !is_number_or_missing(&f);
    }
    eae_records_free(&r);
    return status;
}

/* What the columns of the body are; *column has h->first_count or h->count of them. */
static int choose_columns(const eae_import_job *job, header *h, uint8_t **column, int64_t *cols)
{
    int64_t shift = h->headless_id;
    *cols = h->count + shift;
    uint8_t *list = EAE_NEW_ARRAY(uint8_t, *cols);
    *column = list;
    for (int64_t c = 0; c < h->count; c++) {
        bool named = eae_column_use(job->import, eae_name(&h->name, c)) != EAE_USE_NONE;
        list[c + shift] = named ? EAE_COLUMN_ANNOT : EAE_COLUMN_VALUE;
    }
    bool id = h->headless_id;
    int status = EAE_OK;
    if (!id && is_id_name(eae_name(&h->name, 0)))
        id = true;
    else if (!id && list[0] == EAE_COLUMN_VALUE)
        status = first_column_is_text(job, h, &id);
    if (id)
        list[0] = EAE_COLUMN_ID;
    return status;
}

/* Names of the columns whose first value is not a number, for a message; `column`, which may be
 * NULL, says which are values. The caller frees. */
static char *text_columns(const header *h, const uint8_t *column)
{
    eae_buffer b = {0};
    eae_buffer_puts(&b, "");
    int shown = 0;
    for (int64_t c = !h->headless_id; c < h->count && c < h->first_count; c++) {
        if (is_number_or_missing(h->first_field + c + h->headless_id) ||
            (column && column[c + h->headless_id] != EAE_COLUMN_VALUE))
            continue;
        if (++shown > TEXT_SHOWN) {
            eae_buffer_puts(&b, ", ...");
            break;
        }
        eae_buffer_printf(&b, "%s%.80s", shown > 1 ? ", " : "", eae_name(&h->name, c));
    }
    return b.data;
}

/* The first columns of the header, whatever they hold. */
static char *first_columns(const header *h)
{
    eae_buffer b = {0};
    for (int64_t c = 0; c < h->count && c < TEXT_SHOWN; c++)
        eae_buffer_printf(&b, "%s%.80s", c > 0 ? ", " : "", eae_name(&h->name, c));
    eae_buffer_puts(&b, h->count > TEXT_SHOWN ? ", ..." : "");
    return b.data;
}

/* Whether the first field of a row is `name`. */
static bool is_row_name(const eae_text *t, const header *h, const char *name, size_t length)
{
    const char *p = t->data + h->body, *end = t->data + t->length;
    for (; p && (size_t)(end - p) > length; p = memchr(p, '\n', (size_t)(end - p))) {
        p += *p == '\n';
        p += p < end && *p == '"';
        if ((size_t)(end - p) > length && memcmp(p, name, length) == 0 &&
            (p[length] == h->delimiter || p[length] == '"'))
            return true;
    }
    return false;
}

/* Molecular data have more features than samples. */
static bool is_long(int64_t rows, int64_t columns)
{
    return rows > 200 && rows > 5 * columns;
}

/* What speaks for a table with features as rows: a row that is called like the label, or many more
 * rows than columns. */
static const char *shape_hint(const eae_import_job *job, const header *h)
{
    eae_text text;
    if (eae_text_source_wait(job->source, SIZE_MAX, &text) != EAE_OK)
        return "";
    const char *label = job->import->label;
    if (label && is_row_name(&text, h, label, strcspn(label, "=")))
        return "; there is a row of that name: is it feature-major? try --by-feature";
    int64_t rows = 0;
    const char *p = text.data + h->body, *end = text.data + text.length;
    while (p < end && (p = memchr(p, '\n', (size_t)(end - p)))) {
        rows++;
        p++;
    }
    return is_long(rows, h->count)
               ? "; far more rows than columns: is it feature-major? try --by-feature"
               : "";
}

/* A column that an option names must be in the header, unless --annot may bring it. */
static int check_named(const eae_import_job *job, const header *h, const char *option,
                       const char *value)
{
    if (!value || job->import->annot)
        return EAE_OK;
    for (int64_t c = 0; c < h->count; c++) {
        const char *name = eae_name(&h->name, c);
        if (eae_role_names(value, name) || (*name == '@' && eae_role_names(value, name + 1)))
            return EAE_OK;
    }
    bool numbers = strcmp(option, "time") == 0 || strcmp(option, "status") == 0;
    char *others = numbers ? first_columns(h) : text_columns(h, NULL);
    const char *found = numbers   ? "columns: "
                        : *others ? "columns that are not numbers: "
                                  : "the header has none that is not a number";
    int status =
        eae_fail("%s: no column \"%.*s\" (--%s); %s%s%s", h->text.name, (int)strcspn(value, "="),
                 value, option, found, others, shape_hint(job, h));
    free(others);
    return status;
}

static int check_roles(const eae_import_job *job, const header *h)
{
    const eae_import *im = job->import;
    int status = check_named(job, h, "label", im->label);
    for (int64_t i = 0; im->meta && i < im->meta->count && status == EAE_OK; i++)
        status = check_named(job, h, "meta", eae_name(im->meta, i));
    if (status == EAE_OK)
        status = check_named(job, h, "group", im->group);
    if (status == EAE_OK)
        status = check_named(job, h, "time", im->time);
    if (status == EAE_OK)
        status = check_named(job, h, "status", im->status);
    return status;
}

/* After a failure to read the body: if a whole column is text, say what to do about it. */
static void explain_text_column(const eae_import_job *job, const header *h, const uint8_t *column,
                                int64_t cols)
{
    const char *what = strstr(eae_message(), ": not a number: ");
    if (!what || cols != h->first_count)
        return;
    for (int64_t c = 0; c < cols; c++) {
        if (column[c] != EAE_COLUMN_VALUE || is_number_or_missing(h->first_field + c))
            continue;
        char *message = eae_strdup(eae_message()), *names = text_columns(h, column);
        bool one = !strstr(names, ", ");
        eae_fail("%s (column%s %s: keep %s by --meta, or name %s by --label)%s", message,
                 one ? "" : "s", names, one ? "it as an annotation" : "them as annotations",
                 one ? "it" : "one", shape_hint(job, h));
        free(names);
        free(message);
        return;
    }
}

static int name_columns(eae_frame *f, const header *h, const eae_table *t)
{
    for (int64_t c = 0; c < t->cols; c++) {
        if (t->column[c] != EAE_COLUMN_VALUE)
            continue;
        const char *name = eae_name(&h->name, c - h->headless_id);
        eae_names_add(&f->cols.names, name, strlen(name));
    }
    return EAE_OK;
}

static int annotate_rows(eae_frame *f, const eae_import_job *job, const header *h,
                         const eae_table *t)
{
    int64_t k = 0;
    for (int64_t c = 0; c < t->cols; c++) {
        if (t->column[c] != EAE_COLUMN_ANNOT)
            continue;
        eae_annot_fields from = {&t->text, t->annot + k++, t->annots, c + 1};
        int status =
            eae_add_annot(&f->rows, eae_name(&h->name, c - h->headless_id), &from, job->import);
        if (status != EAE_OK)
            return status;
    }
    return EAE_OK;
}

static int frame_of_samples(const eae_import_job *job, const header *h, eae_table *t, eae_frame **f)
{
    if (t->values == 0)
        return eae_fail("%s: no column of numbers%s", t->text.name,
                        h->count > 1 ? ""
                                     : "; is it a table? columns are separated by tabs, commas "
                                       "or semicolons, and here there is one");
    int status = eae_frame_around(f, t->f64, t->rows, t->values, &t->payload);
    if (status == EAE_OK)
        status = name_columns(*f, h, t);
    if (status == EAE_OK && t->id)
        status = eae_add_unique_names(&(*f)->rows.names, &t->text, t->id, 1, t->rows, "sample", 1);
    else if (status == EAE_OK)
        eae_number_names(&(*f)->rows.names, "s", t->rows);
    if (status == EAE_OK)
        status = annotate_rows(*f, job, h, t);
    return status;
}

/* What looks odd, though it can be read: data without a header, and features as rows. */
static void remark(const eae_import_job *job, const header *h, const eae_frame *f)
{
    int64_t c = 0;
    while (c < h->count && is_number(h->field + c))
        c++;
    if (c == h->count)
        eae_warn(
            "%s:1: a header of numbers only: is it data? The first line is taken for the names "
            "of the columns",
            h->text.name);
    if (f->rows.annot_count == 0 && !job->import->annot && is_long(f->rows.count, f->cols.count))
        eae_note("%s: %lld samples of %lld features: if the rows are features, say --by-feature",
                 h->text.name, (long long)f->rows.count, (long long)f->cols.count);
}

static int import_samples(const eae_import_job *job, header *h, eae_frame **f)
{
    uint8_t *column = NULL;
    eae_table t = {.source = job->source,
                   .begin = h->body,
                   .delimiter = h->delimiter,
                   .threads = job->threads,
                   .f64 = job->import->f64};
    int status = check_roles(job, h);
    if (status == EAE_OK)
        status = choose_columns(job, h, &column, &t.cols);
    t.column = column;
    if (status == EAE_OK) {
        status = eae_table_read(&t);
        if (status != EAE_OK)
            explain_text_column(job, h, column, t.cols);
    }
    if (status == EAE_OK)
        status = frame_of_samples(job, h, &t, f);
    if (status == EAE_OK)
        remark(job, h, *f);
    eae_table_free(&t);
    free(column);
    return status;
}

int eae_import_delimited(const eae_import_job *job, const eae_text *head, eae_frame **f)
{
    header h = {0};
    int status = read_header(job, head, &h);
    if (status == EAE_OK && job->import->by_feature) {
        eae_by_feature b = {.begin = h.body,
                            .delimiter = h.delimiter,
                            .header = h.field,
                            .header_count = h.count,
                            .headless_id = h.headless_id,
                            .named_annots = true,
                            .named_aside = true};
        status = eae_import_by_feature(job, &h.text, &b, f);
    } else if (status == EAE_OK) {
        status = import_samples(job, &h, f);
    }
    free_header(&h);
    return status;
}
