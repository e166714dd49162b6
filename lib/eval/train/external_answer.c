/* external_answer.c - what an external trainer wrote, as values; see external.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "eval/train/external.h"
#include "matrix/text.h"

/* exp() of it is 0 and its sigmoid 1 - 0: beyond every logarithm of a double. */
#define LOG_OF_NOTHING (-750.0)

typedef struct {
    eae_text text;
    const eae_names *samples;
    const eae_names *classes; /* NULL: no classes */
    bool probability;
    eae_name_index *index; /* of samples */
    int64_t columns;       /* of the answer, `id` among them */
    int *class_of;         /* column -> class; NULL: the one column is `value` */
    bool *seen;            /* per sample */
    double *value;
    bool outside;
} answer;

/* ---- the header ------------------------------------------------------------------------------
 */

static int wrong_header(const answer *a, const eae_field *header)
{
    bool single = !a->classes || a->classes->count == 2;
    char shown[EAE_EXCERPT];
    eae_buffer b = {0};
    eae_buffer_puts(&b, single ? "id and value" : "");
    for (int64_t c = 0; a->classes && c < a->classes->count; c++) {
        if (c == 0)
            eae_buffer_printf(&b, "%sid and a column for each class (", single ? ", or " : "");
        eae_buffer_printf(&b, "%s%s", c ? ", " : "", eae_name(a->classes, c));
    }
    int status = eae_text_fail(&a->text, header->text, 0,
                               "the header must be %s%s, separated by tabs; it is: %s", b.data,
                               a->classes ? ")" : "", eae_excerpt(header, shown));
    eae_buffer_free(&b);
    return status;
}

/* Which class each column is of; false where they are not just the classes. */
static bool match_classes(answer *a, const eae_names *names)
{
    eae_name_index *index = a->classes ? eae_name_index_new(names) : NULL;
    bool all = a->classes && names->count == a->classes->count + 1;
    a->class_of = EAE_NEW_ARRAY(int, names->count);
    for (int64_t c = 0; all && c < a->classes->count; c++) {
        const char *class = eae_name(a->classes, c);
        int64_t column = eae_name_find(index, class, strlen(class));
        all = column > 0;
        if (all)
            a->class_of[column] = (int)c;
    }
    eae_name_index_free(index);
    return all;
}

static int read_header(answer *a, const eae_field *header)
{
    eae_field *field = NULL;
    eae_names names = {0};
    int status = eae_split_record(&a->text, header, '\t', &field, &a->columns);
    for (int64_t c = 0; c < a->columns && status == EAE_OK; c++)
        status = eae_add_field(&names, &a->text, &field[c]);
    if (status == EAE_OK) {
        bool id = strcmp(eae_name(&names, 0), "id") == 0;
        bool single = (!a->classes || a->classes->count == 2) && names.count == 2 &&
                      strcmp(eae_name(&names, 1), "value") == 0;
        if (!id || (!single && !match_classes(a, &names)))
            status = wrong_header(a, header);
    }
    eae_names_free(&names);
    free(field);
    return status;
}

/* ---- values ----------------------------------------------------------------------------------
 */

static double log_of(double p)
{
    return p > 0 ? log(p) : LOG_OF_NOTHING;
}

static int read_number(answer *a, const eae_field *f, int64_t column, double *x)
{
    char shown[EAE_EXCERPT];
    eae_field bare = eae_field_bare(f);
    if (!eae_parse_double(bare.text, bare.length, x) || isinf(*x))
        return eae_text_fail(&a->text, f->text, column, "not a number: \"%s\"",
                             eae_excerpt(f, shown));
    a->outside = a->outside || *x < 0 || *x > 1;
    if (a->probability && (*x < 0 || *x > 1))
        return eae_text_fail(&a->text, f->text, column, "not a probability: %s",
                             eae_excerpt(f, shown));
    return EAE_OK;
}

static int read_single(answer *a, const eae_field *field, int64_t sample)
{
    double x;
    int status = read_number(a, &field[1], 2, &x);
    if (status == EAE_OK)
        a->value[sample] =
            a->probability ? (x < 1 ? fmax(log_of(x) - log1p(-x), LOG_OF_NOTHING) : -LOG_OF_NOTHING)
                           : x;
    return status;
}

static int read_classes(answer *a, const eae_field *field, int64_t sample)
{
    int64_t n = a->samples->count;
    double sum = 0, two[2] = {0, 0};
    for (int64_t c = 1; c < a->columns; c++) {
        double x;
        int status = read_number(a, &field[c], c + 1, &x);
        if (status != EAE_OK)
            return status;
        sum += x;
        double v = a->probability ? log_of(x) : x;
        if (a->classes->count == 2)
            two[a->class_of[c]] = v;
        else
            a->value[a->class_of[c] * n + sample] = v;
    }
    if (a->probability && sum == 0)
        return eae_text_fail(&a->text, field[0].text, 0, "the probability of every class is 0");
    if (a->classes->count == 2)
        a->value[sample] = two[1] - two[0];
    return EAE_OK;
}

static int find_sample(answer *a, const eae_field *f, int64_t *sample)
{
    char shown[EAE_EXCERPT];
    eae_buffer id = {0};
    int status = eae_field_string(&id, &a->text, f);
    if (status == EAE_OK) {
        *sample = eae_name_find(a->index, id.data ? id.data : "", id.length);
        if (*sample < 0)
            status = eae_text_fail(&a->text, f->text, 1, "\"%s\" is not a test sample",
                                   eae_excerpt(f, shown));
        else if (a->seen[*sample])
            status =
                eae_text_fail(&a->text, f->text, 1, "\"%s\" is there twice", eae_excerpt(f, shown));
        else
            a->seen[*sample] = true;
    }
    eae_buffer_free(&id);
    return status;
}

static int read_record(answer *a, const eae_field *record)
{
    eae_field *field = NULL;
    int64_t count, sample;
    int status = eae_split_record(&a->text, record, '\t', &field, &count);
    if (status == EAE_OK && count != a->columns)
        status = eae_text_fail(&a->text, record->text, 0, "%lld columns, and the header has %lld",
                               (long long)count, (long long)a->columns);
    if (status == EAE_OK)
        status = find_sample(a, &field[0], &sample);
    if (status == EAE_OK)
        status = a->class_of ? read_classes(a, field, sample) : read_single(a, field, sample);
    free(field);
    return status;
}

static int check_complete(const answer *a)
{
    int64_t missing = 0, first = 0;
    for (int64_t i = 0; i < a->samples->count; i++) {
        if (!a->seen[i] && missing++ == 0)
            first = i;
    }
    if (missing == 0)
        return EAE_OK;
    return eae_fail("%s has no value for %lld of %lld test samples (first: %s)", a->text.name,
                    (long long)missing, (long long)a->samples->count, eae_name(a->samples, first));
}

int eae_external_parse(const char *text, size_t length, const char *name, const eae_names *samples,
                       const eae_names *classes, bool probability, double *value, bool *outside)
{
    answer a = {.text = {.name = name, .data = text, .length = length, .whole = true},
                .samples = samples,
                .classes = classes,
                .probability = probability,
                .index = eae_name_index_new(samples),
                .seen = EAE_NEW_ARRAY(bool, samples->count),
                .value = value};
    eae_records records = {0};
    int status = eae_find_records(&a.text, 0, 1, &records);
    if (status == EAE_OK && records.count == 0)
        status = eae_fail("%s is empty", name);
    if (status == EAE_OK)
        status = read_header(&a, &records.record[0]);
    for (int64_t i = 1; i < records.count && status == EAE_OK; i++)
        status = read_record(&a, &records.record[i]);
    if (status == EAE_OK)
        status = check_complete(&a);
    *outside = a.outside;
    eae_records_free(&records);
    eae_name_index_free(a.index);
    free(a.class_of);
    free(a.seen);
    return status;
}
