/* import_annot.c - --annot: a table of annotations joined by sample id, or a CLS file in order. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/files.h"
#include "base/number.h"
#include "matrix/import_parts.h"

/* ---- CLS: "48 2 1", "# ALL AML", then one class a sample ------------------------------------ */

static bool is_cls(const eae_text *t)
{
    eae_field first, second;
    size_t next;
    if (!eae_first_record(t, 0, &first, &next) || first.length == 0)
        return false;
    if (strncmp(first.text, "#numeric", first.length < 8 ? first.length : 8) == 0)
        return true;
    for (size_t i = 0; i < first.length; i++) {
        if (!strchr(" \t0123456789", first.text[i]))
            return false;
    }
    return eae_first_record(t, next, &second, &next) && second.length > 0 && *second.text == '#';
}

static eae_field next_word(const char **p, const char *end)
{
    while (*p < end && strchr(" \t\r\n", **p))
        (*p)++;
    const char *from = *p;
    while (*p < end && !strchr(" \t\r\n", **p))
        (*p)++;
    return (eae_field){from, (size_t)(*p - from)};
}

static int collect_words(const char *p, const char *end, eae_names *words)
{
    for (eae_field w = next_word(&p, end); w.length > 0; w = next_word(&p, end))
        eae_names_add(words, w.text, w.length);
    return EAE_OK;
}

/* A class given by number stands for the name in the second line. */
static const char *class_name(const eae_names *classes, const char *word)
{
    int64_t k;
    for (int64_t i = 0; i < classes->count; i++) {
        if (strcmp(eae_name(classes, i), word) == 0)
            return word;
    }
    if (eae_parse_int(word, strlen(word), &k) && k >= 0 && k < classes->count)
        return eae_name(classes, k);
    return word;
}

static int join_cls(eae_frame *f, const eae_text *t, const eae_import *import)
{
    eae_field first, second;
    size_t next;
    eae_first_record(t, 0, &first, &next);
    if (*first.text == '#')
        return eae_fail("%s: a CLS file with numbers; give them as a table instead", t->name);
    eae_first_record(t, next, &second, &next);
    eae_names classes = {0}, words = {0};
    collect_words(second.text + 1, second.text + second.length, &classes);
    collect_words(t->data + next, t->data + t->length, &words);
    int status = EAE_OK;
    if (words.count != f->rows.count)
        status = eae_text_fail(t, t->data + next, 0, "%lld classes for %lld samples",
                               (long long)words.count, (long long)f->rows.count);
    if (status == EAE_OK) {
        char *name = import->label ? eae_strndup(import->label, strcspn(import->label, "="))
                                   : eae_strdup("class");
        eae_annot *a = eae_axis_add(&f->rows, name, EAE_ANNOT_TEXT);
        for (int64_t i = 0; i < words.count; i++)
            eae_annot_set_text(a, i, class_name(&classes, eae_name(&words, i)));
        free(name);
    }
    eae_names_free(&classes);
    eae_names_free(&words);
    return status;
}

/* ---- a table ------------------------------------------------------------------------------ */

typedef struct {
    eae_field *field; /* records x cols */
    int64_t rows, cols;
    eae_names header;
    eae_names id;
} annotations;

static void free_annotations(annotations *x)
{
    free(x->field);
    eae_names_free(&x->header);
    eae_names_free(&x->id);
}

static int split_all(const eae_text *t, const eae_records *r, char delimiter, annotations *x)
{
    for (int64_t i = 0; i < r->count; i++) {
        eae_field *field;
        int64_t n;
        int status = eae_split_record(t, r->record + i, delimiter, &field, &n);
        if (status != EAE_OK)
            return status;
        if (i == 0) {
            x->cols = n;
            x->field = EAE_NEW_ARRAY(eae_field, r->count * n);
        }
        if (n == x->cols)
            memcpy(x->field + i * n, field, (size_t)n * sizeof *field);
        free(field);
        if (n != x->cols)
            return eae_text_fail(t, r->record[i].text, 0, "%lld fields, where the header has %lld",
                                 (long long)n, (long long)x->cols);
    }
    x->rows = r->count - 1;
    return EAE_OK;
}

static int read_annotations(const eae_text *t, annotations *x)
{
    eae_records r = {0};
    int status = eae_find_records(t, 0, 1, &r);
    char delimiter = r.count > 0 ? eae_find_delimiter(r.record) : '\0';
    if (status == EAE_OK && r.count < 2)
        status = eae_fail("%s: a table of annotations needs a header and rows", t->name);
    if (status == EAE_OK && !delimiter)
        status = eae_fail("%s: a table of annotations needs an id and other columns", t->name);
    if (status == EAE_OK)
        status = split_all(t, &r, delimiter, x);
    for (int64_t c = 0; c < x->cols && status == EAE_OK; c++)
        status = eae_add_field(&x->header, t, x->field + c);
    if (status == EAE_OK)
        status = eae_add_unique_names(&x->id, t, x->field + x->cols, x->cols, x->rows, "sample", 1);
    eae_records_free(&r);
    return status;
}

static bool is_feature(const eae_frame *f, const char *name)
{
    for (int64_t j = 0; j < f->cols.names.count; j++) {
        if (strcmp(eae_name(&f->cols.names, j), name) == 0)
            return true;
    }
    return false;
}

/* Row of the table for each sample of f, -1 for none. */
static int match_samples(const eae_frame *f, const eae_text *t, const annotations *x, int64_t *row)
{
    eae_name_index *index = eae_name_index_new(&x->id);
    int64_t n = f->rows.count, found = 0;
    for (int64_t i = 0; i < n; i++) {
        const char *name = f->rows.names.count ? eae_name(&f->rows.names, i) : "";
        row[i] = eae_name_find(index, name, strlen(name));
        found += row[i] >= 0;
    }
    eae_name_index_free(index);
    if (found == 0)
        return eae_fail("%s: none of its ids (%.80s, ...) is a sample of the data (%.80s, ...)%s",
                        t->name, eae_name(&x->id, 0),
                        f->rows.names.count ? eae_name(&f->rows.names, 0) : "without names",
                        is_feature(f, eae_name(&x->id, 0))
                            ? "; they are the features: is the table feature-major? try "
                              "--by-feature"
                            : "");
    if (found < n)
        eae_note("%s: %lld of %lld samples are not in it; their annotations are missing", t->name,
                 (long long)(n - found), (long long)n);
    if (found < x->rows)
        eae_note("%s: %lld of its %lld rows are not samples of the data", t->name,
                 (long long)(x->rows - found), (long long)x->rows);
    return EAE_OK;
}

static int join_table(eae_frame *f, const eae_text *t, const eae_import *import)
{
    annotations x = {0};
    int64_t n = f->rows.count;
    int64_t *row = eae_malloc((size_t)n, sizeof *row);
    eae_field *field = EAE_NEW_ARRAY(eae_field, n);
    int status = read_annotations(t, &x);
    if (status == EAE_OK)
        status = match_samples(f, t, &x, row);
    for (int64_t c = 1; c < x.cols && status == EAE_OK; c++) {
        for (int64_t i = 0; i < n; i++)
            field[i] = row[i] < 0 ? (eae_field){t->data, 0} : x.field[(row[i] + 1) * x.cols + c];
        eae_annot_fields from = {t, field, 1, c + 1};
        char *name = eae_annot_name(import, eae_name(&x.header, c));
        eae_axis_remove(&f->rows, name); /* what --annot says replaces what was there */
        free(name);
        status = eae_add_annot(&f->rows, eae_name(&x.header, c), &from, import);
    }
    free(field);
    free(row);
    free_annotations(&x);
    return status;
}

int eae_join_annot(eae_frame *f, const eae_import *import)
{
    char *bytes;
    size_t n;
    int status = eae_read_file(import->annot, &bytes, &n);
    if (status != EAE_OK)
        return status;
    eae_text_source *source = NULL;
    eae_text text;
    status = eae_text_source_open(&source, bytes, n, import->annot, 1);
    if (status == EAE_OK)
        status = eae_text_source_wait(source, SIZE_MAX, &text);
    if (status == EAE_OK)
        status = is_cls(&text) ? join_cls(f, &text, import) : join_table(f, &text, import);
    eae_text_source_close(source);
    free(bytes);
    return status;
}
