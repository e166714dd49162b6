/* expansion.c - see expansion.h. */
#include "eval/score/expansion.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static bool is_support(const eae_frame *f, int64_t row)
{
    const eae_annot *part = eae_axis_find(&f->rows, "part");
    const char *text = row < f->rows.count && part && part->type == EAE_ANNOT_TEXT
                           ? eae_annot_text(part, row)
                           : NULL;
    return text && strcmp(text, "support") == 0;
}

bool eae_expansion_follows(const eae_frame *f, int64_t weights)
{
    return is_support(f, weights + 1);
}

static double number(const eae_frame *f, const char *column, int64_t row)
{
    const eae_annot *a = eae_axis_find(&f->rows, column);
    if (!a || a->type == EAE_ANNOT_TEXT || eae_annot_is_missing(a, row))
        return NAN;
    return a->type == EAE_ANNOT_F64 ? a->f64[row] : (double)a->i64[row];
}

static int read_kernel(const eae_frame *f, int64_t row, const char *name, eae_expansion *e)
{
    static const eae_svm_kernel known[] = {EAE_KERNEL_RBF, EAE_KERNEL_POLY};
    const eae_annot *a = eae_axis_find(&f->rows, "kernel");
    const char *text = a && a->type == EAE_ANNOT_TEXT ? eae_annot_text(a, row) : NULL;
    double degree = number(f, "degree", row);
    bool found = false;
    for (size_t k = 0; k < sizeof known / sizeof *known && text && !found; k++) {
        e->kernel = known[k];
        found = strcmp(text, eae_svm_kernel_name(known[k])) == 0;
    }
    if (!found)
        return eae_fail("%s: a model with vectors of %s kernel", name, text ? "an unknown" : "no");
    e->gamma = number(f, "gamma", row);
    e->degree = degree >= 1 && degree <= 1000 ? (int)degree : 0;
    if (isnan(e->gamma) || (e->kernel == EAE_KERNEL_POLY && e->degree == 0))
        return eae_fail("%s: a model with vectors lacks gamma or degree", name);
    return EAE_OK;
}

int eae_expansion_read(const eae_frame *f, int64_t weights, const int64_t *column, int64_t width,
                       const char *name, eae_expansion *e)
{
    *e = (eae_expansion){.width = width};
    while (is_support(f, weights + 1 + e->count))
        e->count++;
    if (e->count == 0)
        return EAE_OK;
    int status = read_kernel(f, weights, name, e);
    e->coefficient = eae_malloc((size_t)e->count, sizeof *e->coefficient);
    e->square = EAE_NEW_ARRAY(double, e->count);
    e->vector = eae_try_alloc((size_t)(e->count * width), sizeof *e->vector, "vectors");
    for (int64_t k = 0; k < e->count && e->vector && status == EAE_OK; k++) {
        int64_t row = weights + 1 + k;
        double *v = e->vector + k * width;
        e->coefficient[k] = number(f, "coefficient", row);
        for (int64_t c = 0; c < width; c++) {
            v[c] = eae_frame_f64(f)[row * f->cols.count + column[c]];
            e->square[k] += v[c] * v[c];
        }
        if (isnan(e->coefficient[k]) || isnan(e->square[k]))
            status = eae_fail("%s: a vector of a kernel machine has missing values", name);
    }
    return e->vector ? status : EAE_FAIL;
}

void eae_expansion_free(eae_expansion *e)
{
    free(e->coefficient);
    free(e->vector);
    free(e->square);
    *e = (eae_expansion){0};
}

double eae_expansion_value(const eae_expansion *e, const double *z)
{
    double square = 0, sum = 0;
    for (int64_t c = 0; c < e->width; c++)
        square += z[c] * z[c];
    for (int64_t k = 0; k < e->count; k++) {
        const double *v = e->vector + k * e->width;
        double product = 0;
        for (int64_t c = 0; c < e->width; c++)
            product += v[c] * z[c];
        sum += e->coefficient[k] *
               eae_svm_kernel_value(e->kernel, e->gamma, e->degree, e->square[k], square, product);
    }
    return sum;
}
