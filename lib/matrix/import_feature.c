/* import_feature.c - tables whose rows are features and whose columns are samples. */
#include <stdlib.h>
#include <string.h>

#include "matrix/import_parts.h"

/* The names that make a row an annotation of samples. */
static void names_of_options(const eae_import *im, eae_names *names)
{
    const char *const options[] = {im->label, im->group, im->time, im->status};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        if (options[i])
            eae_names_add(names, options[i], strcspn(options[i], "="));
    }
    for (int64_t i = 0; im->meta && i < im->meta->count; i++)
        eae_names_add(names, eae_name(im->meta, i), strlen(eae_name(im->meta, i)));
    static const char *const roles[] = {"@label", "@group", "@time", "@status"};
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        eae_names_add(names, roles[i], strlen(roles[i]));
}

static int choose_columns(const eae_import_job *job, const eae_text *text, const eae_by_feature *b,
                          eae_table *t, uint8_t **column)
{
    t->cols = b->header_count + b->headless_id;
    *column = EAE_NEW_ARRAY(uint8_t, t->cols);
    memset(*column, EAE_COLUMN_VALUE, (size_t)t->cols);
    (*column)[0] = EAE_COLUMN_ID;
    for (int64_t c = 1; c <= b->annots && c < t->cols; c++)
        (*column)[c] = EAE_COLUMN_ANNOT;
    t->column = *column;
    eae_buffer name = {0};
    int status = EAE_OK;
    for (int64_t c = 1; b->named_annots && c < t->cols && status == EAE_OK; c++) {
        status = eae_field_string(&name, text, b->header + c - b->headless_id);
        if (status == EAE_OK && eae_column_use(job->import, name.data) != EAE_USE_NONE)
            (*column)[c] = EAE_COLUMN_ANNOT;
    }
    eae_buffer_free(&name);
    return status;
}

/* The fields of the header over the value columns: the sample names. */
static int name_samples(eae_frame *f, const eae_by_feature *b, const eae_table *t)
{
    eae_field *field = EAE_NEW_ARRAY(eae_field, t->values);
    int64_t n = 0;
    for (int64_t c = 1; c < t->cols; c++) {
        if (t->column[c] == EAE_COLUMN_VALUE)
            field[n++] = b->header[c - b->headless_id];
    }
    int status = eae_add_unique_names(&f->rows.names, &t->text, field, 1, n, "sample", 0);
    free(field);
    return status;
}

static int annotate_features(eae_frame *f, const eae_import_job *job, const eae_by_feature *b,
                             const eae_table *t)
{
    int64_t k = 0;
    int status = EAE_OK;
    eae_buffer name = {0};
    for (int64_t c = 1; c < t->cols && status == EAE_OK; c++) {
        if (t->column[c] != EAE_COLUMN_ANNOT)
            continue;
        eae_annot_fields from = {&t->text, t->annot + k++, t->annots, c + 1};
        status = eae_field_string(&name, &t->text, b->header + c - b->headless_id);
        if (status == EAE_OK)
            status = eae_add_annot(&f->cols, name.data, &from, job->import);
    }
    eae_buffer_free(&name);
    return status;
}

/* A row put aside: an annotation of the samples. */
static int annotate_samples(eae_frame *f, const eae_import_job *job, const eae_table *t,
                            const eae_field *record)
{
    eae_field *field = NULL;
    int64_t count, n = 0;
    eae_buffer name = {0};
    int status = eae_split_record(&t->text, record, t->delimiter, &field, &count);
    if (status == EAE_OK && count != t->cols)
        status = eae_text_fail(&t->text, record->text, 0, "%lld fields, where the header has %lld",
                               (long long)count, (long long)t->cols);
    if (status == EAE_OK)
        status = eae_field_string(&name, &t->text, field);
    for (int64_t c = 1; status == EAE_OK && c < t->cols; c++) {
        if (t->column[c] == EAE_COLUMN_VALUE)
            field[n++] = field[c];
    }
    if (status == EAE_OK) {
        eae_annot_fields from = {&t->text, field, 1, 0};
        status = eae_add_annot(&f->rows, name.data, &from, job->import);
    }
    eae_buffer_free(&name);
    free(field);
    return status;
}

static int frame_of_features(const eae_import_job *job, const eae_by_feature *b, eae_table *t,
                             eae_frame **f)
{
    if (t->rows == 0)
        return eae_fail("%s: the table is empty: no features", t->text.name);
    if (t->values == 0)
        return eae_fail("%s: the table has no samples", t->text.name);
    int status = eae_frame_transposed(f, t->f64, t->values, t->rows, &t->payload, job->threads);
    if (status == EAE_OK)
        status = name_samples(*f, b, t);
    if (status == EAE_OK)
        status = eae_add_unique_names(&(*f)->cols.names, &t->text, t->id, 1, t->rows, "feature", 1);
    if (status == EAE_OK)
        status = annotate_features(*f, job, b, t);
    for (int64_t i = 0; i < t->aside_count && status == EAE_OK; i++)
        status = annotate_samples(*f, job, t, t->aside_record + i);
    return status;
}

int eae_import_by_feature(const eae_import_job *job, const eae_text *head, const eae_by_feature *b,
                          eae_frame **f)
{
    eae_names aside = {0};
    uint8_t *column = NULL;
    if (b->named_aside)
        names_of_options(job->import, &aside);
    eae_table t = {.source = job->source,
                   .begin = b->begin,
                   .delimiter = b->delimiter,
                   .threads = job->threads,
                   .f64 = job->import->f64,
                   .stop = b->stop,
                   .aside_first = b->aside_first,
                   .aside = &aside};
    int status = choose_columns(job, head, b, &t, &column);
    if (status == EAE_OK)
        status = eae_table_read(&t);
    if (status == EAE_OK && b->stop && !t.stopped)
        status = eae_fail("%s: the table has no end mark: the file is cut short", head->name);
    if (status == EAE_OK)
        status = frame_of_features(job, b, &t, f);
    eae_table_free(&t);
    eae_names_free(&aside);
    free(column);
    return status;
}
