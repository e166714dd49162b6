/* levels.c - see levels.h. */
#include "plot/levels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"

static int no_column(const eae_axis *axis, const char *column, const char *option)
{
    eae_buffer names = {0};
    for (int i = 0; i < axis->annot_count; i++)
        eae_buffer_printf(&names, "%s%s", i ? ", " : "", axis->annot[i].name);
    int status = eae_fail("%s %s: no such annotation (there are: %s)", option, column,
                          names.data ? names.data : "none");
    eae_buffer_free(&names);
    return status;
}

static int take_text(eae_levels *l, const eae_annot *a)
{
    int32_t *level = eae_malloc((size_t)a->dict.count, sizeof *level);
    for (int64_t k = 0; k < a->dict.count; k++) {
        bool used = false;
        for (int64_t i = 0; i < a->count && !used; i++)
            used = a->code[i] == k;
        level[k] = used ? l->count++ : -1;
        if (used)
            eae_names_add(&l->name, eae_name(&a->dict, k), strlen(eae_name(&a->dict, k)));
    }
    for (int64_t i = 0; i < a->count; i++)
        l->code[i] = a->code[i] < 0 ? -1 : level[a->code[i]];
    free(level);
    return EAE_OK;
}

static double number_of(const eae_annot *a, int64_t i)
{
    if (eae_annot_is_missing(a, i))
        return NAN;
    return a->type == EAE_ANNOT_F64 ? a->f64[i] : (double)a->i64[i];
}

/* Whole numbers, few of them: their values in order. False: a scale. */
static bool few_values(const eae_annot *a, double value[EAE_LEVELS_MAX], int *count)
{
    *count = 0;
    for (int64_t i = 0; i < a->count; i++) {
        double x = number_of(a, i);
        int at = 0;
        if (isnan(x))
            continue;
        if (x != floor(x))
            return false;
        while (at < *count && value[at] < x)
            at++;
        if (at < *count && value[at] == x)
            continue;
        if (*count == EAE_LEVELS_MAX)
            return false;
        memmove(value + at + 1, value + at, (size_t)(*count - at) * sizeof *value);
        value[at] = x;
        ++*count;
    }
    return true;
}

static void take_numbers(eae_levels *l, const eae_annot *a)
{
    double value[EAE_LEVELS_MAX];
    char text[EAE_NUMBER_TEXT];
    l->scale = !few_values(a, value, &l->count);
    for (int64_t i = 0; i < a->count; i++) {
        double x = number_of(a, i);
        l->value[i] = x;
        l->code[i] = -1;
        for (int k = 0; k < l->count && !l->scale; k++)
            l->code[i] = value[k] == x ? k : l->code[i];
    }
    for (int k = 0; k < l->count && !l->scale; k++)
        eae_names_add(&l->name, text, eae_format_double(value[k], text));
    l->count = l->scale ? 0 : l->count;
}

int eae_levels_make(eae_levels *l, const eae_axis *axis, const char *column, const char *option,
                    bool discrete)
{
    const eae_annot *a = column ? eae_axis_find(axis, column) : NULL;
    *l = (eae_levels){.code = EAE_NEW_ARRAY(int32_t, axis->count),
                      .value = EAE_NEW_ARRAY(double, axis->count)};
    if (!a && column)
        return no_column(axis, column, option);
    if (!a) {
        l->count = 1;
        eae_names_add(&l->name, "", 0);
        return EAE_OK;
    }
    if (a->type == EAE_ANNOT_TEXT)
        take_text(l, a);
    else
        take_numbers(l, a);
    if (l->scale && discrete)
        return eae_fail("%s %s: a number with many values has no groups", option, a->name);
    if (l->count > EAE_LEVELS_MAX)
        return eae_fail("%s %s: %d different values; at most %d can be told apart", option, a->name,
                        l->count, EAE_LEVELS_MAX);
    return EAE_OK;
}

void eae_levels_free(eae_levels *l)
{
    free(l->code);
    free(l->value);
    eae_names_free(&l->name);
    *l = (eae_levels){0};
}
