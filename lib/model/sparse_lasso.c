/*
 * sparse_lasso.c - a small lasso or elastic net with columns at hand; see sparse_parts.h.
 *
 * Coordinate descent finds the support and the signs; given these the optimality conditions are
 * linear,
 *
 *     (X_S'X_S + l2 I) w_S = X_S'target - l1 sign(w_S),
 *
 * and are solved exactly. Where a sign would change on the way to that solution, the first feature
 * to reach 0 leaves the support, and the rest goes on from there: the objective falls along every
 * such step. Both kinds of step take turns until the duality gap is small enough.
 *
 * Where X is known by its Gram matrix only (many more rows than columns), X'res takes the place of
 * the residual, and a step costs no more than the number of columns (Friedman, Hastie, Tibshirani
 * 2010, section 2.2).
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clones.h"
#include "base/memory.h"
#include "model/sparse_parts.h"

enum { LANES = 8, SWEEPS = 5, GRAM_SWEEPS = 20, MAX_LEAVING = 30, MAX_SIDE = 1000 };
static const double ENOUGH = 0.1;

EAE_CLONES double eae_sparse_dot(const double *restrict a, const double *restrict b, int64_t n)
{
    double lane[LANES] = {0};
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (int l = 0; l < LANES; l++)
            lane[l] += a[i + l] * b[i + l];
    }
    for (; i < n; i++)
        lane[i % LANES] += a[i] * b[i];
    return ((lane[0] + lane[4]) + (lane[1] + lane[5])) +
           ((lane[2] + lane[6]) + (lane[3] + lane[7]));
}

EAE_CLONES void eae_sparse_add(double factor, const double *restrict x, double *restrict y,
                               int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] += factor * x[i];
}

static double soft(double a, double by)
{
    return a > by ? a - by : a < -by ? a + by : 0;
}

static double product(const eae_lasso *l, int64_t j)
{
    return l->gram ? l->v[j] : eae_sparse_dot(l->x + j * l->n, l->res, l->n);
}

/* The residual where w_j becomes larger by this. */
static void take(eae_lasso *l, int64_t j, double by)
{
    if (l->gram)
        eae_sparse_add(-by, l->gram + j * l->k, l->v, l->k);
    else
        eae_sparse_add(-by, l->x + j * l->n, l->res, l->n);
}

/* |res|^2; with a Gram matrix what is more of it than at first. */
static double rest_of(const eae_lasso *l)
{
    double less = 0;
    if (!l->gram)
        return eae_sparse_dot(l->res, l->res, l->n);
    for (int64_t j = 0; j < l->k; j++)
        less += (l->start[l->k + j] + l->v[j]) * (l->w[j] - l->start[j]);
    return -less;
}

/* Once through all features, or through the support. */
static void sweep(eae_lasso *l, bool all)
{
    for (int64_t j = 0; j < l->k; j++) {
        if ((!all && l->w[j] == 0) || !(l->norm[j] > 0))
            continue;
        double pull = product(l, j) + l->norm[j] * l->w[j];
        double w = soft(pull, l->l1) / (l->norm[j] + l->l2);
        if (w != l->w[j]) {
            take(l, j, w - l->w[j]);
            l->w[j] = w;
        }
    }
}

/* X'res from the weights alone, so that no error of updates stays. */
static void refresh(eae_lasso *l)
{
    memcpy(l->v, l->start + l->k, (size_t)l->k * sizeof *l->v);
    for (int64_t j = 0; j < l->k; j++) {
        if (l->w[j] != l->start[j])
            take(l, j, l->w[j] - l->start[j]);
    }
}

/* Absolute duality gap of the augmented lasso (rows l2^(1/2) I below X, 0 below the target). With a
 * Gram matrix |res|^2 is a difference, so that it is multiplied by what is nearly 0. */
static double gap_of(eae_lasso *l)
{
    double largest = 0, fit = 0, square = 0, size = 0;
    if (l->gram)
        refresh(l);
    for (int64_t j = 0; j < l->k; j++) {
        l->v[j] = product(l, j);
        largest = fmax(largest, fabs(l->v[j] - l->l2 * l->w[j]));
        fit += l->w[j] * l->v[j];
        square += l->l2 * l->w[j] * l->w[j];
        size += fabs(l->w[j]);
    }
    double rest = rest_of(l);
    if (l->gram)
        rest = fmax(0, rest + eae_sparse_dot(l->res, l->res, l->n));
    double linear = rest + fit, quadratic = rest + square;
    double s = largest > l->l1 ? l->l1 / largest : 1;
    if (quadratic > 0)
        s = fmin(largest > 0 ? l->l1 / largest : INFINITY, fmax(0, linear / quadratic));
    if (l->gram)
        return (1 - s) * (1 - s) * rest / 2 + (1 + s * s) * square / 2 + l->l1 * size - s * fit;
    double dual = s * linear - s * s * quadratic / 2;
    return (rest + square) / 2 + l->l1 * size - dual;
}

/* ---- exact solutions on the support ----------------------------------------------------------
 *
 * With more features than rows the system is solved from the side of the rows,
 *
 *     (X'X + l2 I)^-1 g = (g - X'(X X' + l2 I)^-1 X g) / l2      (Woodbury)
 */

typedef struct support {
    const eae_kernels *kernels;
    int64_t k;
    int64_t side; /* of the matrix: k at the start, or n where by_rows */
    bool by_rows;
    int64_t *index; /* into the features of the lasso */
    double *x;      /* k columns of n */
    double *gram;   /* side x side, without l2 */
    double *factor;
    double *gradient; /* minus it: x'res - l2 w - l1 sign */
    double *step;
    double *w;
    double *row; /* n */
} support;

static void support_fill(support *s, const eae_lasso *l)
{
    int64_t at = 0, n = l->n;
    for (int64_t j = 0; j < l->k; j++) {
        if (l->w[j] == 0)
            continue;
        if (!l->gram)
            memcpy(s->x + at * n, l->x + j * n, (size_t)n * sizeof *l->x);
        s->index[at] = j;
        s->w[at] = l->w[j];
        s->gradient[at++] = product(l, j) - l->l2 * l->w[j] - copysign(l->l1, l->w[j]);
    }
}

static void support_gram(support *s, const eae_lasso *l)
{
    for (int64_t a = 0; a < s->k; a++) {
        for (int64_t b = 0; b < s->k; b++)
            s->gram[a * s->k + b] = l->gram[s->index[a] * l->k + s->index[b]];
    }
}

/* False where there is nothing to solve, or too much. */
static bool support_open(support *s, const eae_lasso *l)
{
    *s = (support){.kernels = l->kernels};
    for (int64_t j = 0; j < l->k; j++)
        s->k += l->w[j] != 0;
    int64_t k = s->k, n = l->gram ? 0 : l->n; /* of columns at hand */
    s->by_rows = !l->gram && k > n;
    s->side = s->by_rows ? n : k;
    if (k == 0 || s->side > MAX_SIDE || (l->l2 == 0 && s->by_rows))
        return false;
    s->index = eae_malloc((size_t)k, sizeof *s->index);
    s->x = eae_malloc((size_t)(k * n + 2 * s->side * s->side + 3 * k + n), sizeof *s->x);
    s->gram = s->x + k * n;
    s->factor = s->gram + s->side * s->side;
    s->gradient = s->factor + s->side * s->side;
    s->step = s->gradient + k;
    s->w = s->step + k;
    s->row = s->w + k;
    support_fill(s, l);
    if (l->gram) {
        support_gram(s, l);
        return true;
    }
    int64_t side = s->side, across = s->by_rows ? k : n;
    bool t = s->by_rows;
    return l->kernels->multiply(t, !t, side, side, across, 1, s->x, s->x, 0, s->gram) == EAE_OK;
}

static void support_close(support *s)
{
    free(s->index);
    free(s->x);
}

static bool solve_by_rows(support *s, const eae_lasso *l)
{
    int64_t n = l->n;
    memset(s->row, 0, (size_t)n * sizeof *s->row);
    for (int64_t a = 0; a < s->k; a++)
        eae_sparse_add(s->gradient[a], s->x + a * n, s->row, n);
    if (l->kernels->cholesky_solve(s->factor, n, s->row, 1) != EAE_OK)
        return false;
    for (int64_t a = 0; a < s->k; a++)
        s->step[a] = (s->gradient[a] - eae_sparse_dot(s->x + a * n, s->row, n)) / l->l2;
    return true;
}

static bool factorise(support *s, double ridge)
{
    int64_t m = s->by_rows ? s->side : s->k;
    for (int64_t a = 0; a < m; a++) {
        for (int64_t b = 0; b < m; b++)
            s->factor[a * m + b] = s->gram[a * s->side + b] + (a == b ? ridge : 0);
    }
    return s->kernels->cholesky(s->factor, m) == EAE_OK;
}

/* The Newton step to the solution for the present signs; where features in the support depend on
 * each other a slightly shorter one. */
static bool support_step(support *s, const eae_lasso *l)
{
    double size = 0;
    for (int64_t a = 0; a < s->k && !s->by_rows; a++)
        size = fmax(size, s->gram[a * s->side + a]);
    if (!factorise(s, l->l2) && (s->by_rows || !factorise(s, l->l2 + 1e-10 * size)))
        return false;
    if (s->by_rows)
        return solve_by_rows(s, l);
    memcpy(s->step, s->gradient, (size_t)s->k * sizeof *s->step);
    return s->kernels->cholesky_solve(s->factor, s->k, s->step, 1) == EAE_OK;
}

/* Row and column a leave the matrix, or by rows, the product of its column with itself. */
static void matrix_leave(support *s, const double *x, int64_t n, int64_t a)
{
    int64_t side = s->side;
    if (s->by_rows) {
        for (int64_t i = 0; i < n; i++)
            eae_sparse_add(-x[i], x, s->gram + i * side, n);
        memmove(s->x + a * n, s->x + (a + 1) * n, (size_t)((s->k - a - 1) * n) * sizeof *s->x);
        return;
    }
    memmove(s->gram + a * side, s->gram + (a + 1) * side,
            (size_t)((s->k - a - 1) * side) * sizeof *s->gram);
    for (int64_t b = 0; b + 1 < s->k; b++) {
        double *row = s->gram + b * side;
        memmove(row + a, row + a + 1, (size_t)(s->k - a - 1) * sizeof *row);
    }
}

/* Feature a has reached 0: take it out of the system. */
static void support_leave(support *s, eae_lasso *l, int64_t a)
{
    int64_t j = s->index[a], after = s->k - a - 1;
    take(l, j, -l->w[j]);
    l->w[j] = 0;
    matrix_leave(s, l->gram ? NULL : l->x + j * l->n, l->n, a);
    memmove(s->index + a, s->index + a + 1, (size_t)after * sizeof *s->index);
    memmove(s->w + a, s->w + a + 1, (size_t)after * sizeof *s->w);
    memmove(s->gradient + a, s->gradient + a + 1, (size_t)after * sizeof *s->gradient);
    s->k--;
}

/* Go towards the solution; true where it was reached without a change of sign. */
static bool support_advance(support *s, eae_lasso *l)
{
    double t = 1;
    int64_t first = -1;
    for (int64_t a = 0; a < s->k; a++) {
        double to = s->w[a] + s->step[a];
        if ((s->w[a] > 0) == (to > 0) && to != 0)
            continue;
        double reach = -s->w[a] / s->step[a];
        if (reach < t || first < 0) {
            t = fmin(t, reach);
            first = a;
        }
    }
    for (int64_t a = 0; a < s->k; a++) {
        s->w[a] = a == first ? 0 : s->w[a] + t * s->step[a];
        s->gradient[a] *= 1 - t; /* linear along the step */
    }
    if (first >= 0)
        support_leave(s, l, first);
    return first < 0;
}

static double objective(const eae_lasso *l)
{
    double value = rest_of(l) / 2;
    for (int64_t j = 0; j < l->k; j++)
        value += l->l1 * fabs(l->w[j]) + l->l2 / 2 * l->w[j] * l->w[j];
    return value;
}

/* Exact weights on the support, where the system can be solved. A feature that leaves takes its
 * part out of the residual at once, the others do at the end. */
static void advance(eae_lasso *l)
{
    support s;
    bool done = !support_open(&s, l);
    for (int left = 0; left < MAX_LEAVING && s.k > 0 && !done; left++)
        done = !support_step(&s, l) || support_advance(&s, l);
    for (int64_t a = 0; s.w && a < s.k; a++) {
        int64_t j = s.index[a];
        take(l, j, s.w[a] - l->w[j]);
        l->w[j] = s.w[a];
    }
    support_close(&s);
}

/* The same, taken back where the system was too near singular for the objective to fall. */
static void polish(eae_lasso *l)
{
    double *residual = l->gram ? l->v : l->res, before = objective(l);
    int64_t rows = l->gram ? l->k : l->n;
    double *old = eae_malloc((size_t)(l->k + rows), sizeof *old);
    memcpy(old, l->w, (size_t)l->k * sizeof *old);
    memcpy(old + l->k, residual, (size_t)rows * sizeof *old);
    advance(l);
    if (!(objective(l) <= before)) {
        memcpy(l->w, old, (size_t)l->k * sizeof *old);
        memcpy(residual, old + l->k, (size_t)rows * sizeof *old);
    }
    free(old);
}

int64_t eae_lasso_solve(eae_lasso *l, double gap, int64_t max_sweeps)
{
    int64_t sweeps = 0, together = l->gram ? GRAM_SWEEPS : SWEEPS;
    double before = INFINITY, now = INFINITY;
    while (sweeps < max_sweeps && now > gap) {
        sweep(l, true);
        for (int64_t s = 1; s < together; s++)
            sweep(l, false);
        sweeps += together;
        now = gap_of(l);
        bool fast = now < before * ENOUGH; /* sweeps are cheaper, while they get on */
        if (now > gap && !fast) {
            polish(l);
            now = gap_of(l);
        }
        before = now;
    }
    return sweeps;
}
