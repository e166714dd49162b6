/* candidate.c - see candidate.h. */
#include "eval/score/candidate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"

/* What a name consists of, in its order; the model stands first, without its key. */
static const char *const name_columns[] = {"model", "spec", "param", "size"};
enum { MODEL, SPEC, PARAM, SIZE, NAME_COLUMNS };

void eae_key_add(eae_buffer *key, const eae_axis *rows, int64_t row, const char *column)
{
    char number[EAE_NUMBER_TEXT];
    const eae_annot *a = eae_axis_find(rows, column);
    eae_buffer_puts(key, a ? eae_annot_print(a, row, number) : "NA");
    eae_buffer_putc(key, '\001');
}

/* NULL where it is missing; `number` holds the text of numbers. */
static const char *text_of(const eae_predictions *p, int candidate, int column, char *number)
{
    const eae_annot *a = eae_axis_find(&p->frame->rows, name_columns[column]);
    int64_t row = p->candidate[candidate].row;
    return a && !eae_annot_is_missing(a, row) ? eae_annot_print(a, row, number) : NULL;
}

char *eae_candidate_name(const eae_predictions *p, int candidate)
{
    eae_buffer name = {0};
    char number[EAE_NUMBER_TEXT];
    eae_buffer_puts(&name, p->candidate[candidate].model);
    for (int c = SPEC; c < NAME_COLUMNS; c++) {
        const char *text = text_of(p, candidate, c, number);
        if (text)
            eae_buffer_printf(&name, ",%s=%s", name_columns[c], text);
    }
    return name.data;
}

/* ---- finding ----------------------------------------------------------------------------- */

/* The column whose key, with its sign, begins `text`; -1 if none does. */
static int key_at(const char *text)
{
    for (int c = 0; c < NAME_COLUMNS; c++) {
        size_t length = strlen(name_columns[c]);
        if (strncmp(text, name_columns[c], length) == 0 && text[length] == '=')
            return c;
    }
    return -1;
}

/* Where the value that begins here ends: before a comma that a key follows. A spec has commas. */
static size_t value_length(const char *text)
{
    size_t n = 0;
    while (text[n] && !(text[n] == ',' && key_at(text + n + 1) >= 0))
        n++;
    return n;
}

static bool equals(const char *have, const char *want, size_t length)
{
    double a, b;
    if (!have)
        return false;
    if (strncmp(have, want, length) == 0 && have[length] == '\0')
        return true;
    return eae_parse_double(have, strlen(have), &a) && eae_parse_double(want, length, &b) && a == b;
}

static bool fits(const eae_predictions *p, int candidate, const char *description)
{
    char number[EAE_NUMBER_TEXT];
    for (const char *at = description; *at;) {
        int column = key_at(at);
        if (column >= 0)
            at += strlen(name_columns[column]) + 1;
        size_t length = value_length(at);
        bool fit = column >= 0 ? equals(text_of(p, candidate, column, number), at, length)
                               : equals(p->candidate[candidate].model, at, length) ||
                                     equals(text_of(p, candidate, SPEC, number), at, length);
        if (!fit)
            return false;
        at += length;
        at += *at == ',';
    }
    return true;
}

/* "a, b, c, ...": the first names of candidates, all or those that fit. The caller frees. */
static char *list_names(const eae_predictions *p, const char *description)
{
    enum { SHOWN = 5 };
    eae_buffer list = {0};
    int found = 0;
    for (int c = 0; c < p->candidate_count; c++) {
        if (description && !fits(p, c, description))
            continue;
        char *name = eae_candidate_name(p, c);
        if (++found <= SHOWN)
            eae_buffer_printf(&list, "%s%s", found > 1 ? " " : "", name);
        free(name);
    }
    if (found > SHOWN)
        eae_buffer_printf(&list, " and %d more", found - SHOWN);
    return list.data;
}

int eae_candidate_find(const eae_predictions *p, const char *option, const char *description,
                       int *candidate)
{
    int found = 0;
    for (int c = p->candidate_count - 1; c >= 0; c--) {
        if (fits(p, c, description)) {
            *candidate = c;
            found++;
        }
    }
    if (found == 1)
        return EAE_OK;
    char *names = list_names(p, found ? description : NULL);
    int status =
        found ? eae_fail("--%s: '%s' fits %d candidates: %s", option, description, found, names)
              : eae_fail("--%s: no candidate is '%s'; there are: %s", option, description, names);
    free(names);
    return status;
}

/* ---- sizes and params -------------------------------------------------------------------- */

bool eae_candidates_agree(const eae_predictions *p, int a, int b, const char *column)
{
    const eae_annot *annot = eae_axis_find(&p->frame->rows, column);
    int64_t i = p->candidate[a].row, j = p->candidate[b].row;
    if (!annot)
        return true;
    if (annot->type == EAE_ANNOT_TEXT)
        return annot->code[i] == annot->code[j];
    if (annot->type == EAE_ANNOT_I64)
        return annot->i64[i] == annot->i64[j];
    return annot->f64[i] == annot->f64[j] || (isnan(annot->f64[i]) && isnan(annot->f64[j]));
}

double eae_candidate_size(const eae_predictions *p, int candidate)
{
    char number[EAE_NUMBER_TEXT];
    const char *text = text_of(p, candidate, SIZE, number);
    double size;
    return text && eae_parse_double(text, strlen(text), &size) ? size : NAN;
}

static bool says(const eae_predictions *p, int candidate, int column, const char *word)
{
    char number[EAE_NUMBER_TEXT];
    const char *text = text_of(p, candidate, column, number);
    return text && strcmp(text, word) == 0;
}

bool eae_candidate_is_selected(const eae_predictions *p, int candidate)
{
    return says(p, candidate, SIZE, "selected");
}

bool eae_candidate_is_tuned(const eae_predictions *p, int candidate)
{
    return says(p, candidate, PARAM, "tuned");
}
