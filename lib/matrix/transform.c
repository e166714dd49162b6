/*
 * transform.c - element types, logarithm, counts per million; what the transforms share.
 */
#include "matrix/transform.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "matrix/transform_inside.h"

/* ---- shared ----------------------------------------------------------------------------- */

void eae_row_load(const eae_frame *f, int64_t i, double *x)
{
    int64_t p = f->cols.count;
    if (f->type == EAE_F64) {
        memcpy(x, eae_frame_f64(f) + i * p, (size_t)p * sizeof *x);
    } else if (f->type == EAE_F32) {
        const float *row = eae_frame_f32(f) + i * p;
        for (int64_t j = 0; j < p; j++)
            x[j] = (double)row[j];
    } else {
        for (int64_t j = 0; j < p; j++)
            x[j] = eae_frame_value(f, i, j);
    }
}

void eae_row_store(eae_frame *f, int64_t i, const double *x)
{
    int64_t p = f->cols.count;
    if (f->type == EAE_F64) {
        memcpy(eae_frame_f64(f) + i * p, x, (size_t)p * sizeof *x);
    } else {
        float *row = eae_frame_f32(f) + i * p;
        for (int64_t j = 0; j < p; j++)
            row[j] = (float)x[j];
    }
}

static void add_place(eae_buffer *b, const char *what, const eae_axis *axis, int64_t i)
{
    if (axis->names.count > 0)
        eae_buffer_printf(b, "%s '%s'", what, eae_name(&axis->names, i));
    else
        eae_buffer_printf(b, "%s %lld", what, (long long)i + 1);
}

char *eae_cell_text(const eae_frame *f, int64_t i, int64_t j)
{
    eae_buffer b = {0};
    add_place(&b, "sample", &f->rows, i);
    eae_buffer_puts(&b, ", ");
    add_place(&b, "feature", &f->cols, j);
    return b.data;
}

static int change_type(eae_frame *f, eae_type type)
{
    eae_frame *other;
    if (eae_frame_new(&other, f->kind, type, f->rows.count, f->cols.count) != EAE_OK)
        return EAE_FAIL;
    double *x = eae_malloc((size_t)f->cols.count, sizeof *x);
    for (int64_t i = 0; i < f->rows.count; i++) {
        eae_row_load(f, i, x);
        eae_row_store(other, i, x);
    }
    free(x);
    /* the frame keeps its axes and history; the two change payloads */
    eae_frame old = *f;
    f->type = type;
    f->payload = other->payload;
    f->mapping = NULL;
    other->payload = old.payload;
    other->mapping = old.mapping;
    eae_frame_free(other);
    return EAE_OK;
}

int eae_transform_own(eae_frame *f)
{
    if (f->type != EAE_F32 && f->type != EAE_F64)
        return change_type(f, EAE_F64);
    return eae_frame_own(f);
}

int64_t eae_frame_missing(const eae_frame *f, int64_t *row, int64_t *col)
{
    int64_t count = 0;
    if (f->type != EAE_F32 && f->type != EAE_F64)
        return 0;
    for (int64_t i = 0; i < f->rows.count; i++) {
        int64_t here = 0, p = f->cols.count;
        for (int64_t j = 0; j < p && f->type == EAE_F32; j++)
            here += isnan(eae_frame_f32(f)[i * p + j]) != 0;
        for (int64_t j = 0; j < p && f->type == EAE_F64; j++)
            here += isnan(eae_frame_f64(f)[i * p + j]) != 0;
        for (int64_t j = 0; here > 0 && count == 0; j++) {
            if (!isnan(eae_frame_value(f, i, j)))
                continue;
            *row = i;
            *col = j;
            break;
        }
        count += here;
    }
    return count;
}

/* Values at fault: how many, and the first. */
typedef struct {
    int64_t count, row, col;
    double value;
} faults;

static void add_fault(faults *wrong, int64_t i, int64_t j, double value)
{
    if (wrong->count++ == 0) {
        wrong->row = i;
        wrong->col = j;
        wrong->value = value;
    }
}

static int fail_faults(const eae_frame *f, const faults *wrong, const char *what, const char *help)
{
    char number[EAE_NUMBER_TEXT];
    eae_format_double(wrong->value, number);
    char *place = eae_cell_text(f, wrong->row, wrong->col);
    eae_fail("%lld value%s %s; the first is %s (%s)%s", (long long)wrong->count,
             wrong->count == 1 ? "" : "s", what, number, place, help);
    free(place);
    return EAE_FAIL;
}

/* ---- element type ----------------------------------------------------------------------- */

int eae_transform_type(eae_frame *f, eae_type type)
{
    faults wrong = {0};
    if (f->type == type)
        return EAE_OK;
    for (int64_t i = 0; i < f->rows.count && type == EAE_F32 && f->type == EAE_F64; i++) {
        const double *x = eae_frame_f64(f) + i * f->cols.count;
        for (int64_t j = 0; j < f->cols.count; j++) {
            if (isinf((float)x[j]) && !isinf(x[j]))
                add_fault(&wrong, i, j, x[j]);
        }
    }
    if (wrong.count > 0)
        return fail_faults(f, &wrong, "too large for f32", "");
    f->content = (eae_hash){{0}};
    return change_type(f, type);
}

/* ---- logarithm -------------------------------------------------------------------------- */

int eae_log2_parse(const char *text, eae_log2_mode *mode, double *amount)
{
    *mode = EAE_LOG2_STRICT;
    *amount = 0;
    if (*text == '\0')
        return EAE_OK;
    const char *colon = strchr(text, ':');
    size_t n = colon ? (size_t)(colon - text) : strlen(text);
    if (n == 5 && memcmp(text, "floor", n) == 0)
        *mode = EAE_LOG2_FLOOR;
    else if (n == 6 && memcmp(text, "offset", n) == 0)
        *mode = EAE_LOG2_OFFSET;
    else
        return eae_fail_usage("--log2: '%s' is not floor:X or offset:X", text);
    if (!colon || !eae_parse_double(colon + 1, strlen(colon + 1), amount) || isinf(*amount))
        return eae_fail_usage("--log2: '%s' lacks a number after the colon", text);
    if (*mode == EAE_LOG2_FLOOR && !(*amount > 0))
        return eae_fail_usage("--log2: a floor must be positive, not %s", colon + 1);
    return EAE_OK;
}

int eae_transform_log2(eae_frame *f, eae_log2_mode mode, double amount)
{
    if (eae_transform_own(f) != EAE_OK)
        return EAE_FAIL;
    faults wrong = {0};
    double *x = eae_malloc((size_t)f->cols.count, sizeof *x);
    for (int64_t i = 0; i < f->rows.count; i++) {
        eae_row_load(f, i, x);
        for (int64_t j = 0; j < f->cols.count; j++) {
            double v = mode == EAE_LOG2_OFFSET ? x[j] + amount : x[j];
            if (mode == EAE_LOG2_FLOOR && v < amount)
                v = amount;
            if (v <= 0)
                add_fault(&wrong, i, j, x[j]);
            else
                x[j] = log2(v);
        }
        eae_row_store(f, i, x);
    }
    free(x);
    if (wrong.count == 0)
        return EAE_OK;
    return fail_faults(f, &wrong, "without a logarithm",
                       ": --log2=floor:X raises, --log2=offset:X shifts them");
}

/* ---- counts per million ----------------------------------------------------------------- */

int eae_transform_cpm(eae_frame *f)
{
    if (eae_transform_own(f) != EAE_OK)
        return EAE_FAIL;
    faults wrong = {0};
    int64_t empty = -1;
    double *x = eae_malloc((size_t)f->cols.count, sizeof *x);
    for (int64_t i = 0; i < f->rows.count; i++) {
        double sum = 0;
        eae_row_load(f, i, x);
        for (int64_t j = 0; j < f->cols.count; j++) {
            if (x[j] < 0)
                add_fault(&wrong, i, j, x[j]);
            sum += isnan(x[j]) ? 0 : x[j];
        }
        if (sum == 0 && empty < 0)
            empty = i;
        for (int64_t j = 0; j < f->cols.count; j++)
            x[j] = x[j] / sum * 1e6;
        eae_row_store(f, i, x);
    }
    free(x);
    if (wrong.count > 0)
        return fail_faults(f, &wrong, "below 0, which cannot be counts", "");
    if (empty >= 0) {
        eae_buffer b = {0};
        add_place(&b, "sample", &f->rows, empty);
        eae_fail("--normalize cpm: the counts of %s add up to 0", b.data);
        eae_buffer_free(&b);
        return EAE_FAIL;
    }
    return EAE_OK;
}
