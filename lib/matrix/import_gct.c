/*
 * import_gct.c - GCT 1.2 and 1.3 (Broad Institute).
 *
 *     #1.2                          #1.3
 *     rows  samples                 rows  samples  feature annotations  sample annotations
 *     NAME  Description  s1 ...     id  a1 ...  s1 ...
 *     probe  text  1.5 ...          sample annotation  (nothing under a1 ...)  text ...
 *                                   probe  text ...  1.5 ...
 */
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "matrix/import_parts.h"

/* The numbers of the second line: `count` of them wanted. */
static int read_counts(const eae_text *t, const eae_field *line, int64_t *counts, int count)
{
    eae_field *field;
    int64_t n;
    int status = eae_split_record(t, line, '\t', &field, &n);
    if (status != EAE_OK)
        return status;
    for (int i = 0; i < count && status == EAE_OK; i++) {
        eae_field bare = i < n ? eae_field_bare(field + i) : (eae_field){"", 0};
        if (!eae_parse_int(bare.text, bare.length, counts + i) || counts[i] < 0)
            status = eae_text_fail(t, line->text, i + 1, "GCT: a number of %s is expected here",
                                   i == 0   ? "rows"
                                   : i == 1 ? "samples"
                                            : "annotations");
    }
    free(field);
    return status;
}

/* Lines 2 and 3 are all there. */
static int wait_for_header(const eae_import_job *job, eae_text *t, eae_field *second,
                           eae_field *header, size_t *body)
{
    for (;;) {
        eae_field first;
        size_t next;
        bool there = eae_first_record(t, 0, &first, &next) &&
                     eae_first_record(t, next, second, &next) &&
                     eae_first_record(t, next, header, body);
        if (there)
            return EAE_OK;
        if (t->whole)
            return eae_fail("%s: GCT: the file ends in its header", t->name);
        int status = eae_text_source_wait(job->source, 2 * t->length, t);
        if (status != EAE_OK)
            return status;
    }
}

static int check_shape(const eae_frame *f, const char *name, const int64_t *counts)
{
    if (f->cols.count == counts[0] && f->rows.count == counts[1])
        return EAE_OK;
    return eae_fail("%s: GCT: line 2 says %lld rows and %lld samples, there are %lld and %lld",
                    name, (long long)counts[0], (long long)counts[1], (long long)f->cols.count,
                    (long long)f->rows.count);
}

int eae_import_gct(const eae_import_job *job, const eae_text *head, eae_frame **f)
{
    eae_text t = *head;
    eae_field second, record, *header = NULL;
    eae_by_feature b = {.delimiter = '\t'};
    bool v13 = memcmp(t.data, "#1.3", 4) == 0;
    int64_t counts[4] = {0, 0, 1, 0};
    int status = wait_for_header(job, &t, &second, &record, &b.begin);
    if (status == EAE_OK)
        status = read_counts(&t, &second, counts, v13 ? 4 : 2);
    if (status == EAE_OK)
        status = eae_split_record(&t, &record, '\t', &header, &b.header_count);
    b.header = header;
    b.annots = counts[2];
    b.aside_first = counts[3];
    if (status == EAE_OK)
        status = eae_import_by_feature(job, &t, &b, f);
    if (status == EAE_OK)
        status = check_shape(*f, t.name, counts);
    free(header);
    return status;
}
