/* moments_test.c - tests made of sums over the rows: see univariate_parts.h. */
#include "model/univariate_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "kernels/source.h"

/* ---- sums --------------------------------------------------------------------------------- */

int eae_moments_new(eae_moments *m, int groups, int64_t width)
{
    size_t block = (size_t)groups * (size_t)width;
    double *p = eae_try_alloc(4 * block + 4 * (size_t)width, sizeof *p, "sums of features");
    if (!p)
        return EAE_FAIL;
    *m = (eae_moments){.width = width, .groups = groups, .memory = p};
    m->weight = p;
    m->reference = p + block;
    m->sum = p + 2 * block;
    m->square = p + 3 * block;
    m->cross = p + 4 * block;
    m->y_sum = m->cross + width;
    m->y_square = m->y_sum + width;
    m->buffer = m->y_square + width;
    return EAE_OK;
}

void eae_moments_free(eae_moments *m)
{
    free(m->memory);
    *m = (eae_moments){0};
}

static void clear(eae_moments *m)
{
    size_t block = (size_t)m->groups * (size_t)m->width;
    for (size_t k = 0; k < block; k++) {
        m->weight[k] = m->sum[k] = m->square[k] = 0;
        m->reference[k] = NAN;
    }
    memset(m->cross, 0, 3 * (size_t)m->width * sizeof(double));
}

/* One row where no value is missing (a missing one turns the sums into NaN). The lanes are columns,
 * so that the instruction set does not change a bit; nothing is contracted. */
static inline __attribute__((always_inline)) void
add_row_f32(const double *restrict reference, double *restrict sum, double *restrict square,
            const float *restrict x, double count, int64_t width)
{
    for (int64_t k = 0; k < width; k++) {
        double d = (double)x[k] - reference[k], cd = count * d;
        sum[k] += cd;
        square[k] += cd * d;
    }
}

static inline __attribute__((always_inline)) void
add_row_f64(const double *restrict reference, double *restrict sum, double *restrict square,
            const double *restrict x, double count, int64_t width)
{
    for (int64_t k = 0; k < width; k++) {
        double d = x[k] - reference[k], cd = count * d;
        sum[k] += cd;
        square[k] += cd * d;
    }
}

/* x: f32 where plain is not NULL, else f64. */
static inline __attribute__((always_inline)) void
add_row(eae_moments *m, size_t at, const float *plain, const double *x, double count, int64_t width)
{
    if (plain)
        add_row_f32(m->reference + at, m->sum + at, m->square + at, plain, count, width);
    else
        add_row_f64(m->reference + at, m->sum + at, m->square + at, x, count, width);
}

typedef void (*add_row_fn)(eae_moments *m, size_t at, const float *plain, const double *x,
                           double count, int64_t width);

static void add_row_any(eae_moments *m, size_t at, const float *plain, const double *x,
                        double count, int64_t width)
{
    add_row(m, at, plain, x, count, width);
}

#if defined(__x86_64__) && defined(__GNUC__)
__attribute__((target("avx2"))) static void add_row_avx2(eae_moments *m, size_t at,
                                                         const float *plain, const double *x,
                                                         double count, int64_t width)
{
    add_row(m, at, plain, x, count, width);
}

static add_row_fn choose_add_row(void)
{
    return __builtin_cpu_supports("avx2") ? add_row_avx2 : add_row_any;
}
#else
static add_row_fn choose_add_row(void)
{
    return add_row_any;
}
#endif

static void add_cross(eae_moments *m, const double *x, double count, double y, int64_t width)
{
    double cy = count * y, cyy = cy * y;
    for (int64_t k = 0; k < width; k++)
        m->cross[k] += cy * (x[k] - m->reference[k]);
    m->y_sum[0] += cy; /* of all columns, for now */
    m->y_square[0] += cyy;
}

/* One row with missing values: the same operations in the same order for those that are there. */
static void add_present(eae_moments *m, size_t at, const double *x, double count, const double *y,
                        int64_t width)
{
    for (int64_t k = 0; k < width; k++) {
        size_t e = at + (size_t)k;
        if (isnan(x[k]))
            continue;
        if (m->weight[e] == 0)
            m->reference[e] = x[k];
        double d = x[k] - m->reference[e], cd = count * d;
        m->weight[e] += count;
        m->sum[e] += cd;
        m->square[e] += cd * d;
        if (y) {
            double cy = count * *y;
            m->cross[k] += cy * d;
            m->y_sum[k] += cy;
            m->y_square[k] += cy * *y;
        }
    }
}

static void compute_whole(eae_moments *m, const eae_test_rows *rows, const double *y, int64_t first,
                          int64_t width)
{
    add_row_fn add = choose_add_row();
    for (int64_t i = 0; i < rows->n; i++) {
        size_t at = (size_t)rows->class[i] * (size_t)m->width;
        const float *plain = y ? NULL : eae_source_plain(rows->source, rows->row[i], first);
        bool begins = m->weight[at] == 0;
        if (!plain || begins)
            eae_source_row(rows->source, rows->row[i], first, width, m->buffer);
        if (begins)
            memcpy(m->reference + at, m->buffer, (size_t)width * sizeof(double));
        m->weight[at] += rows->count[i]; /* of the whole group, for now */
        add(m, at, plain, m->buffer, rows->count[i], width);
        if (y)
            add_cross(m, m->buffer, rows->count[i], y[i], width);
    }
    for (int g = 0; g < m->groups; g++) {
        double *weight = m->weight + (size_t)g * (size_t)m->width;
        for (int64_t k = 1; k < width; k++)
            weight[k] = weight[0];
    }
    for (int64_t k = 1; k < width; k++) {
        m->y_sum[k] = m->y_sum[0];
        m->y_square[k] = m->y_square[0];
    }
}

static bool any_nan(const eae_moments *m, int64_t width)
{
    for (int g = 0; g < m->groups; g++) {
        for (int64_t k = 0; k < width; k++) {
            if (isnan(m->sum[g * m->width + k]))
                return true;
        }
    }
    return false;
}

void eae_moments_compute(eae_moments *m, const eae_test_rows *rows, const double *y, int64_t first,
                         int64_t count)
{
    clear(m);
    compute_whole(m, rows, y, first, count);
    if (!any_nan(m, count))
        return;
    clear(m);
    for (int64_t i = 0; i < rows->n; i++) {
        eae_source_row(rows->source, rows->row[i], first, count, m->buffer);
        add_present(m, (size_t)rows->class[i] * (size_t)m -> width, m -> buffer, rows -> count[i],
                    y ? &y[i] : NULL, count);
    }
}

/* ---- one column of the sums --------------------------------------------------------------- */

typedef struct group {
    double n, mean, squares; /* squares: about the mean */
} group;

static group group_of(const eae_moments *m, int g, int64_t k)
{
    size_t e = (size_t)g * (size_t)m->width + (size_t)k;
    double n = m->weight[e];
    if (n == 0)
        return (group){0, NAN, 0};
    double squares = m->square[e] - m->sum[e] / n * m->sum[e];
    if (squares < 0) /* by rounding */
        squares = 0;
    return (group){n, m->reference[e] + m->sum[e] / n, squares};
}

/* All groups together: within = sum of squares about the groups' means, between = sum of
 * n (mean - grand mean)^2; `filled` groups have values. */
typedef struct partition {
    double n, mean, within, between;
    int filled;
} partition;

static partition partition_of(const eae_moments *m, int64_t k)
{
    partition p = {0};
    double reference = NAN, sum = 0;
    for (int g = 0; g < m->groups; g++) {
        group one = group_of(m, g, k);
        if (one.n == 0)
            continue;
        if (p.filled++ == 0)
            reference = one.mean;
        p.n += one.n;
        p.within += one.squares;
        sum += one.n * (one.mean - reference);
    }
    p.mean = p.n > 0 ? reference + sum / p.n : NAN;
    for (int g = 0; g < m->groups; g++) {
        group one = group_of(m, g, k);
        if (one.n > 0)
            p.between += one.n * (one.mean - p.mean) * (one.mean - p.mean);
    }
    return p;
}

static bool is_constant(const eae_moments *m, int64_t k)
{
    double value = NAN;
    for (int g = 0; g < m->groups; g++) {
        size_t e = (size_t)g * (size_t)m->width + (size_t)k;
        if (m->weight[e] == 0)
            continue;
        if (m->square[e] != 0 || (!isnan(value) && m->reference[e] != value))
            return false;
        value = m->reference[e];
    }
    return true;
}

static eae_test_result undefined(double mean)
{
    return (eae_test_result){NAN, NAN, NAN, 0, mean, NAN};
}

/* Welch 1947; degrees of freedom of Satterthwaite 1946. */
eae_test_result eae_welch_result(const eae_moments *m, int64_t k)
{
    group a = group_of(m, 0, k), b = group_of(m, 1, k);
    eae_test_result r = undefined(partition_of(m, k).mean);
    r.effect = b.mean - a.mean;
    if (a.n < 2 || b.n < 2 || is_constant(m, k))
        return r;
    double va = a.squares / (a.n - 1) / a.n, vb = b.squares / (b.n - 1) / b.n, v = va + vb;
    r.statistic = r.effect / sqrt(v); /* +-Inf where both classes are constant */
    double fa = va / v, fb = vb / v;  /* not their squares: v^2 may underflow */
    r.df = v > 0 ? 1 / (fa * fa / (a.n - 1) + fb * fb / (b.n - 1)) : a.n + b.n - 2;
    return r;
}

eae_test_result eae_anova_result(const eae_moments *m, int64_t k)
{
    partition p = partition_of(m, k);
    eae_test_result r = undefined(p.mean);
    if (m->groups == 2)
        r.effect = group_of(m, 1, k).mean - group_of(m, 0, k).mean;
    double df = p.filled - 1, df2 = p.n - p.filled;
    if (df < 1 || df2 < 1 || is_constant(m, k)) {
        r.df2 = NAN;
        return r;
    }
    r.statistic = p.between / df / (p.within / df2);
    r.df = df;
    r.df2 = df2;
    return r;
}

eae_test_result eae_pearson_result(const eae_moments *m, int64_t k)
{
    group x = group_of(m, 0, k);
    eae_test_result r = undefined(x.mean);
    if (x.n < 3 || is_constant(m, k))
        return r;
    double yy = m->y_square[k] - m->y_sum[k] / x.n * m->y_sum[k];
    double xy = m->cross[k] - m->sum[k] / x.n * m->y_sum[k];
    if (!(yy > 1e-13 * m->y_square[k])) /* y is constant over the rows that are left */
        return r;
    double c = xy / sqrt(x.squares) / sqrt(yy);
    r.effect = c > 1 ? 1 : c < -1 ? -1 : c;
    r.df = x.n - 2;
    r.statistic = r.effect * sqrt(r.df / ((1 - r.effect) * (1 + r.effect)));
    return r;
}

double eae_variance_result(const eae_moments *m, int64_t k)
{
    group x = group_of(m, 0, k);
    return x.n < 2 ? NAN : is_constant(m, k) ? 0 : x.squares / (x.n - 1);
}

eae_limma_feature eae_limma_feature_of(const eae_moments *m, int64_t k)
{
    partition p = partition_of(m, k);
    double df = p.n - p.filled;
    eae_limma_feature f = {df > 0 ? p.within / df : NAN, df, NAN, p.mean, NAN};
    if (p.filled < m->groups)
        return f;
    if (m->groups == 2) {
        group a = group_of(m, 0, k), b = group_of(m, 1, k);
        f.effect = b.mean - a.mean;
        f.unscaled = 1 / a.n + 1 / b.n;
    } else {
        f.unscaled = p.between;
    }
    return f;
}
