/* als.c - matrix completion by alternating least squares; see als.h. */
#include "model/als.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/normal.h"
#include "base/threads.h"

enum { BLOCK = 64, SUM_BLOCK = 512, MAX_ITER = 2000 };

/* Where each line (row or column) has gaps: index[begin[l] .. begin[l+1]-1], increasing. */
typedef struct {
    int64_t *begin;
    int32_t *index;
} gaps;

/* One half step: the factors of all lines from those of the others, which they cross. */
typedef struct {
    const eae_kernels *kernels;
    const double *x; /* n x p, gaps 0 */
    int64_t n, p;
    bool rows; /* lines are rows, else columns */
    int64_t lines, others, rank;
    double lambda;
    const gaps *gap;     /* of the lines */
    const double *count; /* of the others; NULL: once each */
    double total;        /* sum of count */
    const double *other; /* others x rank */
    double *weighted;    /* the same times count; `other` itself where that is 1 */
    double *line;        /* lines x rank */
    double *sum;         /* rank x rank: sum of count other other' */
    double *partial;     /* such sums of blocks */
    double *factor;      /* of the system of a line without gaps */
    double *known;       /* lines: sum of count over the others that are known */
    /* per line, for objective and gradient */
    double *explained; /* b'line */
    double *gradient;  /* |A line_before - b|^2 */
    double *at_zero;   /* |b|^2 */
} half;

/* ---- small systems ---------------------------------------------------------------------------
 */

/* Lower Cholesky factor in place; false where `a` is not positive definite. */
static bool factorise(double *a, int64_t n)
{
    for (int64_t j = 0; j < n; j++) {
        double *row = a + j * n;
        double d = row[j];
        for (int64_t k = 0; k < j; k++)
            d -= row[k] * row[k];
        if (!(d > 0))
            return false;
        row[j] = sqrt(d);
        for (int64_t i = j + 1; i < n; i++) {
            double s = a[i * n + j];
            for (int64_t k = 0; k < j; k++)
                s -= a[i * n + k] * row[k];
            a[i * n + j] = s / row[j];
        }
    }
    return true;
}

static void substitute(const double *factor, int64_t n, double *b)
{
    for (int64_t i = 0; i < n; i++) {
        for (int64_t k = 0; k < i; k++)
            b[i] -= factor[i * n + k] * b[k];
        b[i] /= factor[i * n + i];
    }
    for (int64_t i = n - 1; i >= 0; i--) {
        for (int64_t k = i + 1; k < n; k++)
            b[i] -= factor[k * n + i] * b[k];
        b[i] /= factor[i * n + i];
    }
}

/* a += scale f f', lower triangle. */
static void add_square(double *a, const double *f, int64_t n, double scale)
{
    for (int64_t i = 0; i < n; i++) {
        double s = scale * f[i];
        for (int64_t k = 0; k <= i; k++)
            a[i * n + k] += s * f[k];
    }
}

/* ---- a half step -----------------------------------------------------------------------------
 */

static double count_of(const half *h, int64_t other)
{
    return h->count ? h->count[other] : 1;
}

static int sum_block(void *context, int64_t task, int worker)
{
    half *h = context;
    int64_t k = h->rank, begin = task * SUM_BLOCK;
    int64_t end = begin + SUM_BLOCK < h->others ? begin + SUM_BLOCK : h->others;
    double *a = h->partial + task * k * k;
    (void)worker;
    memset(a, 0, (size_t)(k * k) * sizeof *a);
    for (int64_t o = begin; o < end; o++) {
        add_square(a, h->other + o * k, k, count_of(h, o));
        for (int64_t c = 0; c < k && h->count; c++)
            h->weighted[o * k + c] = h->count[o] * h->other[o * k + c];
    }
    return EAE_OK;
}

/* sum, factor and weighted, from `other`. */
static int begin_half(half *h, int threads)
{
    int64_t blocks = (h->others + SUM_BLOCK - 1) / SUM_BLOCK, k = h->rank;
    int status = eae_parallel(threads, blocks, sum_block, h);
    memset(h->sum, 0, (size_t)(k * k) * sizeof *h->sum);
    for (int64_t b = 0; b < blocks; b++) {
        for (int64_t e = 0; e < k * k; e++)
            h->sum[e] += h->partial[b * k * k + e];
    }
    memcpy(h->factor, h->sum, (size_t)(k * k) * sizeof *h->sum);
    for (int64_t c = 0; c < k; c++)
        h->factor[c * k + c] += h->lambda * h->total;
    if (status == EAE_OK && h->total > 0 && !factorise(h->factor, k))
        status = eae_fail("als: lambda %g is too small", h->lambda);
    return status;
}

/* The system of a line with gaps, lower triangle: from whichever are fewer, the known or the gaps.
 */
static void gapped_system(const half *h, int64_t line, double *a)
{
    int64_t k = h->rank, begin = h->gap->begin[line], count = h->gap->begin[line + 1] - begin;
    const int32_t *gap = h->gap->index + begin;
    if (2 * count <= h->others) {
        memcpy(a, h->sum, (size_t)(k * k) * sizeof *a);
        for (int64_t g = 0; g < count; g++)
            add_square(a, h->other + gap[g] * k, k, -count_of(h, gap[g]));
    } else {
        memset(a, 0, (size_t)(k * k) * sizeof *a);
        for (int64_t o = 0, g = 0; o < h->others; o++) {
            if (g < count && gap[g] == o)
                g++;
            else
                add_square(a, h->other + o * k, k, count_of(h, o));
        }
    }
    for (int64_t c = 0; c < k; c++)
        a[c * k + c] += h->lambda * h->known[line];
}

/* (A f)_i from the lower triangle of A. */
static double row_times(const double *a, const double *f, int64_t n, int64_t i)
{
    double sum = 0;
    for (int64_t k = 0; k < n; k++)
        sum += (k <= i ? a[i * n + k] : a[k * n + i]) * f[k];
    return sum;
}

/* b becomes the solution, and goes where it belongs; `a` is scratch. */
static int solve_line(half *h, int64_t line, double *b, double *a)
{
    int64_t k = h->rank;
    double *f = h->line + line * k;
    bool whole = h->gap->begin[line] == h->gap->begin[line + 1];
    if (whole) {
        memcpy(a, h->sum, (size_t)(k * k) * sizeof *a);
        for (int64_t c = 0; c < k; c++)
            a[c * k + c] += h->lambda * h->total;
    } else {
        gapped_system(h, line, a);
    }
    h->gradient[line] = h->at_zero[line] = h->explained[line] = 0;
    for (int64_t c = 0; c < k; c++) {
        double g = row_times(a, f, k, c) - b[c];
        h->gradient[line] += g * g;
        h->at_zero[line] += b[c] * b[c];
    }
    memcpy(f, b, (size_t)k * sizeof *f);
    if (!whole && h->known[line] > 0 && !factorise(a, k))
        return eae_fail("als: lambda %g is too small", h->lambda);
    if (h->known[line] > 0)
        substitute(whole ? h->factor : a, k, f);
    for (int64_t c = 0; c < k; c++)
        h->explained[line] += b[c] * f[c];
    return EAE_OK;
}

/* bt (rank x m) = weighted' x of the lines first .. first + m - 1. */
static int right_sides(const half *h, int64_t first, int64_t m, double *bt)
{
    int64_t k = h->rank;
    if (h->rows)
        return h->kernels->multiply(true, true, k, m, h->p, 1, h->weighted, h->x + first * h->p, 0,
                                    bt);
    double *block = eae_malloc((size_t)(h->n * m), sizeof *block);
    for (int64_t i = 0; i < h->n; i++)
        memcpy(block + i * m, h->x + i * h->p + first, (size_t)m * sizeof *block);
    int status = h->kernels->multiply(true, false, k, m, h->n, 1, h->weighted, block, 0, bt);
    free(block);
    return status;
}

static int solve_block(void *context, int64_t task, int worker)
{
    half *h = context;
    int64_t k = h->rank, first = task * BLOCK;
    int64_t m = h->lines - first < BLOCK ? h->lines - first : BLOCK;
    double *bt = eae_malloc((size_t)(k * (m + k + 1)), sizeof *bt);
    double *b = bt + k * m, *a = b + k;
    int status = right_sides(h, first, m, bt);
    (void)worker;
    for (int64_t i = 0; i < m && status == EAE_OK; i++) {
        for (int64_t c = 0; c < k; c++)
            b[c] = bt[c * m + i];
        status = solve_line(h, first + i, b, a);
    }
    free(bt);
    return status;
}

static int do_half(half *h, int threads)
{
    int status = begin_half(h, threads);
    if (status == EAE_OK)
        status = eae_parallel(threads, (h->lines + BLOCK - 1) / BLOCK, solve_block, h);
    return status;
}

/* ---- gaps ------------------------------------------------------------------------------------
 */

static void gaps_free(gaps *g)
{
    free(g->begin);
    free(g->index);
}

/* From counts per line (in begin[1 ..]) to where each begins. */
static int gaps_place(gaps *g, int64_t lines)
{
    for (int64_t l = 0; l < lines; l++)
        g->begin[l + 1] += g->begin[l];
    g->index = eae_try_alloc((size_t)g->begin[lines], sizeof *g->index, "gaps of a matrix");
    return g->index ? EAE_OK : EAE_FAIL;
}

/* Put 0 where x is NaN, and keep the places by row and, unless NULL, by column. */
static int find_gaps(double *x, int64_t n, int64_t p, gaps *row, gaps *col)
{
    row->begin = EAE_NEW_ARRAY(int64_t, n + 1);
    if (col)
        col->begin = EAE_NEW_ARRAY(int64_t, p + 1);
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < p; j++) {
            bool gap = isnan(x[i * p + j]);
            row->begin[i + 1] += gap;
            if (col)
                col->begin[j + 1] += gap;
        }
    }
    int status = gaps_place(row, n);
    if (status == EAE_OK && col)
        status = gaps_place(col, p);
    int64_t *next = EAE_NEW_ARRAY(int64_t, p);
    for (int64_t i = 0, at = 0; i < n && status == EAE_OK; i++) {
        for (int64_t j = 0; j < p; j++) {
            if (!isnan(x[i * p + j]))
                continue;
            x[i * p + j] = 0;
            row->index[at++] = (int32_t)j;
            if (col)
                col->index[col->begin[j] + next[j]++] = (int32_t)i;
        }
    }
    free(next);
    return status;
}

/* ---- both halves -----------------------------------------------------------------------------
 */

typedef struct {
    gaps row_gap, col_gap;
    half row, col;
    double *square; /* n: sum of squares of what is known of each row */
    double *last_v; /* p x rank: as the half step before last made it */
    int64_t steps;  /* since momentum was restarted, from 1 */
} work;

static void half_free(half *h)
{
    if (h->weighted != h->other)
        free(h->weighted);
    free(h->sum);
    free(h->partial);
    free(h->factor);
    free(h->known);
    free(h->explained);
    free(h->gradient);
    free(h->at_zero);
}

/* What both need; kernels, x, shape, other, line, gap, count and lambda are there. */
static void half_open(half *h)
{
    int64_t k = h->rank, blocks = (h->others + SUM_BLOCK - 1) / SUM_BLOCK;
    h->lines = h->rows ? h->n : h->p;
    h->others = h->rows ? h->p : h->n;
    blocks = (h->others + SUM_BLOCK - 1) / SUM_BLOCK;
    h->weighted = h->count ? EAE_NEW_ARRAY(double, h->others *k) : (double *)h->other;
    h->sum = EAE_NEW_ARRAY(double, k *k);
    h->partial = EAE_NEW_ARRAY(double, blocks *k *k);
    h->factor = EAE_NEW_ARRAY(double, k *k);
    h->known = EAE_NEW_ARRAY(double, h->lines);
    h->explained = EAE_NEW_ARRAY(double, h->lines);
    h->gradient = EAE_NEW_ARRAY(double, h->lines);
    h->at_zero = EAE_NEW_ARRAY(double, h->lines);
    for (int64_t o = 0; o < h->others; o++)
        h->total += count_of(h, o);
    for (int64_t l = 0; l < h->lines; l++) {
        h->known[l] = h->total;
        for (int64_t g = h->gap->begin[l]; g < h->gap->begin[l + 1]; g++)
            h->known[l] -= count_of(h, h->gap->index[g]);
    }
}

/* Norm of the gradient where u was exact for the v before the last half step over columns, relative
 * to that at v = 0. */
static double relative_gradient(const half *col)
{
    double here = 0, zero = 0;
    for (int64_t j = 0; j < col->lines; j++) {
        here += col->gradient[j];
        zero += col->at_zero[j];
    }
    return zero > 0 ? sqrt(here / zero) : 0;
}

static double squared_length(const double *x, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += x[i] * x[i];
    return sum;
}

/* After a half step over rows, whose u are exact for v: what is left of the squares, and the
 * penalty of v. */
static double objective(const work *w, const eae_als_problem *q, const double *v)
{
    double sum = 0, penalty = 0;
    for (int64_t i = 0; i < q->n; i++)
        sum += (q->count ? q->count[i] : 1) * (w->square[i] - w->row.explained[i]);
    for (int64_t j = 0; j < q->p; j++)
        penalty += w->col.known[j] * squared_length(v + j * q->rank, q->rank);
    return sum / 2 + q->lambda * penalty / 2;
}

/* Normal deviates, column j's keyed by j. */
static void start(const eae_als_problem *q, eae_als *als)
{
    float *deviate = eae_malloc((size_t)q->rank, sizeof *deviate);
    for (int64_t j = 0; j < q->p; j++) {
        eae_normals(q->seed, EAE_RANDOM_ALS, (uint64_t)j, 0, (size_t)q->rank, deviate);
        for (int64_t k = 0; k < q->rank; k++)
            als->v[j * q->rank + k] = (double)deviate[k];
    }
    free(deviate);
}

/* A half step over rows from v gone on in the direction of its last change, or from v itself where
 * that is no worse. On entry als->v is what the columns' step made, w->last_v what it made before.
 */
static int accelerated_rows(work *w, const eae_als_problem *q, eae_als *als)
{
    int64_t size = q->p * q->rank;
    double ahead = (double)(w->steps - 1) / (double)(w->steps + 2);
    w->steps++;
    for (int64_t e = 0; e < size; e++) {
        double made = als->v[e];
        als->v[e] = made + ahead * (made - w->last_v[e]);
        w->last_v[e] = made;
    }
    int status = do_half(&w->row, q->threads);
    double reached = objective(w, q, als->v);
    if (status == EAE_OK && !(reached <= als->objective)) {
        w->steps = 1;
        memcpy(als->v, w->last_v, (size_t)size * sizeof *als->v);
        status = do_half(&w->row, q->threads);
        reached = objective(w, q, als->v);
    }
    als->objective = reached;
    return status;
}

static int alternate(work *w, const eae_als_problem *q, eae_als *als)
{
    int64_t most = q->max_iter > 0 ? q->max_iter : MAX_ITER;
    int status = do_half(&w->row, q->threads);
    als->objective = objective(w, q, als->v);
    memcpy(w->last_v, als->v, (size_t)(q->p * q->rank) * sizeof *als->v);
    while (status == EAE_OK && !als->converged && als->iterations < most) {
        if (q->trace)
            q->trace[als->iterations] = als->objective;
        status = do_half(&w->col, q->threads);
        als->iterations++;
        als->gap = relative_gradient(&w->col);
        als->converged = als->gap <= q->tol;
        if (als->converged || als->iterations == most)
            w->steps = 1; /* end where both have just been made */
        if (status == EAE_OK)
            status = accelerated_rows(w, q, als);
    }
    return status;
}

int eae_als_fit(const eae_als_problem *q, eae_als *als)
{
    *als = (eae_als){.kernels = q->kernels, .n = q->n, .p = q->p, .rank = q->rank};
    als->lambda = q->lambda;
    als->u = EAE_NEW_ARRAY(double, q->n * q->rank);
    als->v = EAE_NEW_ARRAY(double, q->p * q->rank);
    half common = {.kernels = q->kernels,
                   .x = q->x,
                   .n = q->n,
                   .p = q->p,
                   .rank = q->rank,
                   .lambda = q->lambda};
    work w = {.row = common, .col = common, .steps = 1};
    int status = find_gaps(q->x, q->n, q->p, &w.row_gap, &w.col_gap);
    if (status == EAE_OK) {
        start(q, als);
        w.row.rows = true;
        w.row.gap = &w.row_gap;
        w.row.line = als->u;
        w.row.other = als->v;
        w.col.gap = &w.col_gap;
        w.col.line = als->v;
        w.col.other = als->u;
        w.col.count = q->count;
        half_open(&w.row);
        half_open(&w.col);
        w.last_v = EAE_NEW_ARRAY(double, q->p * q->rank);
        w.square = EAE_NEW_ARRAY(double, q->n);
        for (int64_t i = 0; i < q->n; i++)
            w.square[i] = squared_length(q->x + i * q->p, q->p);
        status = alternate(&w, q, als);
    }
    free(w.last_v);
    free(w.square);
    half_free(&w.row);
    half_free(&w.col);
    gaps_free(&w.row_gap);
    gaps_free(&w.col_gap);
    if (status != EAE_OK)
        eae_als_free(als);
    return status;
}

void eae_als_free(eae_als *als)
{
    free(als->u);
    free(als->v);
    *als = (eae_als){0};
}

int eae_als_rows(const eae_als *als, double *x, int64_t m, double *u, int threads)
{
    gaps gap = {0};
    int status = find_gaps(x, m, als->p, &gap, NULL);
    half h = {.kernels = als->kernels,
              .x = x,
              .n = m,
              .p = als->p,
              .rows = true,
              .rank = als->rank,
              .lambda = als->lambda,
              .gap = &gap,
              .other = als->v,
              .line = u};
    if (status == EAE_OK) {
        half_open(&h);
        memset(u, 0, (size_t)(m * als->rank) * sizeof *u);
        status = do_half(&h, threads);
    }
    half_free(&h);
    gaps_free(&gap);
    return status;
}
