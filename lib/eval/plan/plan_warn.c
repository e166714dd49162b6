/*
 * plan_warn.c - what a plan cannot mend and its user should know: labels confounded with another
 * annotation, and groups on both sides of a split.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/memory.h"
#include "eval/plan/plan_strata.h"

/* ---- confounding ------------------------------------------------------------------------ */

/* V = sqrt(X2 / (n (min(rows, columns) - 1))) (Cramer 1946, 21.9), without a correction for bias.
 * Only levels that occur together with the other coding count as rows and columns. */
double eae_cramers_v(const int64_t *a, int64_t a_count, const int64_t *b, int64_t b_count,
                     int64_t n)
{
    double *cell = EAE_NEW_ARRAY(double, a_count *b_count);
    double *row = EAE_NEW_ARRAY(double, a_count), *col = EAE_NEW_ARRAY(double, b_count);
    double total = 0, chi = 0;
    int64_t rows = 0, cols = 0;
    for (int64_t i = 0; i < n; i++) {
        if (a[i] < 0 || b[i] < 0)
            continue;
        cell[a[i] * b_count + b[i]]++;
        row[a[i]]++;
        col[b[i]]++;
        total++;
    }
    for (int64_t i = 0; i < a_count; i++)
        rows += row[i] > 0;
    for (int64_t j = 0; j < b_count; j++)
        cols += col[j] > 0;
    for (int64_t i = 0; i < a_count; i++) {
        for (int64_t j = 0; j < b_count; j++) {
            double expected = row[i] * col[j] / total;
            double d = cell[i * b_count + j] - expected;
            chi += expected > 0 ? d * d / expected : 0;
        }
    }
    free(cell);
    free(row);
    free(col);
    int64_t least = rows < cols ? rows : cols;
    return least > 1 ? sqrt(chi / (total * (double)(least - 1))) : NAN;
}

/* Ids and measurements have about as many values as there are samples, and would reach a high V by
 * chance. */
static bool few_levels(const eae_annot *a, int64_t levels, int64_t n)
{
    int64_t most = a->type == EAE_ANNOT_TEXT ? 50 : 10;
    int64_t by_samples = n / 5 < 4 ? 4 : n / 5;
    return levels >= 2 && levels <= most && levels <= by_samples;
}

static bool has_a_role(const char *name)
{
    static const char *const role[] = {"label", "group", "time", "status"};
    for (size_t i = 0; i < sizeof role / sizeof *role; i++) {
        if (strcmp(name, role[i]) == 0)
            return true;
    }
    return false;
}

static void warn_of(const eae_annot *label, const eae_annot *a, int64_t n)
{
    eae_levels levels;
    eae_levels_make(a, n, &levels);
    if (few_levels(a, levels.count, n)) {
        int64_t *code = eae_malloc((size_t)n, sizeof *code);
        for (int64_t i = 0; i < n; i++)
            code[i] = label->code[i];
        double v = eae_cramers_v(code, label->dict.count, levels.code, levels.count, n);
        if (v > 0.5)
            eae_warn("label and '%s' are confounded (Cramer's V %.2f): a model may learn '%s' "
                     "instead",
                     a->name, v, a->name);
        free(code);
    }
    eae_levels_free(&levels);
}

void eae_plan_warn_confounded(const eae_frame *data, const char *except)
{
    const eae_annot *label = eae_axis_find(&data->rows, "label");
    if (!label || label->type != EAE_ANNOT_TEXT)
        return;
    for (int i = 0; i < data->rows.annot_count; i++) {
        const eae_annot *a = &data->rows.annot[i];
        if (!has_a_role(a->name) && !(except && strcmp(a->name, except) == 0))
            warn_of(label, a, data->rows.count);
    }
}

/* ---- groups ----------------------------------------------------------------------------- */

/* Sides of each group in one split: bit 0 training, bit 1 test. */
static bool tears_groups(const int16_t *x, const eae_levels *group, int64_t n, char *sides)
{
    memset(sides, 0, (size_t)group->count);
    bool torn = false;
    for (int64_t i = 0; i < n; i++) {
        int64_t g = group->code[i];
        if (g < 0 || x[i] == 0)
            continue;
        sides[g] |= x[i] > 0 ? 1 : 2;
        torn = torn || sides[g] == 3;
    }
    return torn;
}

void eae_plan_warn_groups(const eae_frame *plan, const eae_frame *data)
{
    const eae_annot *a = eae_axis_find(&data->rows, "group");
    int64_t n = plan->cols.count, torn = 0;
    if (!a)
        return;
    eae_levels group;
    eae_levels_make(a, n, &group);
    char *sides = eae_malloc((size_t)group.count, 1);
    for (int64_t i = 0; i < plan->rows.count; i++)
        torn += tears_groups(eae_frame_i16(plan) + i * n, &group, n, sides);
    if (torn > 0)
        eae_warn("%lld of %lld splits have samples of one group both in training and in test; "
                 "--groups keeps groups whole",
                 (long long)torn, (long long)plan->rows.count);
    free(sides);
    eae_levels_free(&group);
}
