/*
 * gram_ridge.c - ridge regression and minimum-norm least squares for many targets.
 *
 * Costs are taken into the rows (f' = sqrt(cost) f, beta = sqrt(cost) beta'), after which the cost
 * is a scalar s and the border is projected out: with P the projection off the whitened border,
 *
 *     (P K P + I / s) beta' = P y,    gamma = E^+ (y - K beta' - beta' / s)
 *
 * so that one eigendecomposition of P K P serves every target and every s (Hoerl and Kennard 1970;
 * engine note: squared loss needs no solver). For few scales a Cholesky factor each is cheaper.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/border.h"
#include "model/gram_internal.h"

/* up to so many scales a factorisation each is cheaper than the eigenvectors */
enum { FACTOR_SCALES = 3, REFINEMENTS = 3 };
/* of K's eigenvalues, the squares of the singular values, which K knows to about 1e-15 only */
static const double rank_tolerance = 1e-12;
/* A rank of at most n / LOW is low; what its factor may leave of K's diagonal, which is rounding;
 * and how far apart its eigenvalues may be. */
enum { LOW = 8 };
static const double LOW_REST = 1e-14, LOW_CONDITION = 1e-8;

typedef struct ridge {
    const eae_gram_problem *problem;
    int64_t n, m;
    const double *y; /* m x n, the caller's */
    eae_border border;
    double *gram;    /* n x n: P K P, then its eigenvectors or a factor */
    double *whole;   /* n x n: the whitened K */
    double *values;  /* n: eigenvalues */
    double *target;  /* m x n: P y whitened */
    double *rotated; /* m x n */
    double *beta;    /* m x n, whitened */
    double *image;   /* m x n: whitened K beta */
    double *rest;    /* m x n: what a solution leaves of its target */
} ridge;

static void ridge_free(ridge *r)
{
    eae_border_close(&r->border);
    free(r->values);
    free(r->gram);
    free(r->whole);
    free(r->target);
}

static int ridge_alloc(ridge *r)
{
    size_t n = (size_t)r->n, m = (size_t)r->m;
    eae_border_open(&r->border, r->problem);
    r->values = EAE_NEW_ARRAY(double, n);
    r->gram = eae_try_alloc(n * n, sizeof(double), "ridge regression");
    r->whole = eae_try_alloc(n * n, sizeof(double), "ridge regression");
    r->target = eae_try_alloc(5 * m * n, sizeof(double), "the targets of ridge regression");
    if (!r->gram || !r->whole || !r->target)
        return EAE_FAIL;
    r->rotated = r->target + m * n;
    r->beta = r->rotated + m * n;
    r->image = r->beta + m * n;
    r->rest = r->image + m * n;
    return EAE_OK;
}

static void transpose(double *a, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < i; j++) {
            double t = a[i * n + j];
            a[i * n + j] = a[j * n + i];
            a[j * n + i] = t;
        }
    }
}

/* whole = whitened K, gram = P whole P, target = P y whitened */
static void prepare(ridge *r)
{
    int64_t n = r->n;
    const eae_gram_problem *p = r->problem;
    const double *root = r->border.root;
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < n; j++)
            r->whole[i * n + j] = root[i] * p->gram[i * p->ld + j] * root[j];
    }
    memcpy(r->gram, r->whole, (size_t)(n * n) * sizeof(double));
    for (int pass = 0; pass < 2; pass++) {
        for (int64_t i = 0; i < n; i++)
            eae_border_project(&r->border, r->gram + i * n);
        transpose(r->gram, n);
    }
    for (int64_t i = 0; i < n; i++) { /* symmetric to the bit */
        for (int64_t j = 0; j < i; j++)
            r->gram[j * n + i] = r->gram[i * n + j];
    }
    for (int64_t k = 0; k < r->m; k++) {
        double *t = r->target + k * n;
        for (int64_t i = 0; i < n; i++)
            t[i] = root[i] * r->y[k * n + i];
        eae_border_project(&r->border, t);
        eae_border_project(&r->border, t);
    }
}

/* rotated = V' rhs for the rows of rhs (m x n) */
static int rotate(const ridge *r, const double *rhs, double *rotated)
{
    return r->problem->kernels->multiply(false, true, r->m, r->n, r->n, 1, rhs, r->gram, 0,
                                         rotated);
}

/* Where the rank is low: the eigenvectors of eigenvalues that are not 0, by those of the small L'L;
 * the others are left as zeros, which is enough where they have no weight. *done: false where the
 * rank is not low, or the small eigenvalues would suffer. */
static int decompose_low(ridge *r, bool *done)
{
    int64_t n = r->n, most = n / LOW;
    const eae_kernels *kernels = r->problem->kernels;
    *done = false;
    if (most < 1)
        return EAE_OK;
    double *l =
        eae_try_alloc((size_t)(n * most + 2 * most * most + most), sizeof(double), "least squares");
    if (!l)
        return EAE_FAIL;
    double *small = l + n * most, *values = small + 2 * most * most;
    int64_t rank = eae_gram_factor_low(r->gram, n, n, most, LOW_REST, l);
    for (int64_t a = 0; a < rank; a++) {
        for (int64_t b = 0; b < rank; b++) {
            double sum = 0;
            for (int64_t i = 0; i < n; i++)
                sum += l[i * most + a] * l[i * most + b];
            small[a * rank + b] = sum;
        }
    }
    int status = rank > 0 ? kernels->eigen(small, rank, values) : EAE_OK;
    *done = status == EAE_OK && rank > 0 && values[0] > LOW_CONDITION * values[rank - 1];
    for (int64_t i = 0; i < n && *done; i++)
        r->values[i] = i < n - rank ? 0 : values[i - (n - rank)];
    for (int64_t k = 0; k < n && *done; k++) {
        double *v = r->gram + k * n;
        const double *w = small + (k - (n - rank)) * rank;
        for (int64_t i = 0; i < n; i++)
            v[i] = k < n - rank ? 0 : eae_gram_dot(l + i * most, w, rank) / sqrt(r->values[k]);
    }
    free(l);
    return status;
}

static int decompose(ridge *r)
{
    if (r->problem->kernels->eigen(r->gram, r->n, r->values))
        return EAE_FAIL;
    return rotate(r, r->target, r->rotated);
}

/* beta += V diag(weight) rotated; `rotated` may be r->image, which is free until beta is known */
static int add_rotated(ridge *r, const double *weight, const double *rotated)
{
    for (int64_t k = 0; k < r->m; k++) {
        for (int64_t i = 0; i < r->n; i++)
            r->image[k * r->n + i] = rotated[k * r->n + i] * weight[i];
    }
    return r->problem->kernels->multiply(false, false, r->m, r->n, r->n, 1, r->image, r->gram, 1,
                                         r->beta);
}

/* beta += (factor factor')^-1 rhs */
static int add_factored(ridge *r, const double *factor, const double *rhs)
{
    int64_t n = r->n, m = r->m;
    double *columns = r->image; /* n x m, the kernel's layout */
    for (int64_t k = 0; k < m; k++) {
        for (int64_t i = 0; i < n; i++)
            columns[i * m + k] = rhs[k * n + i];
    }
    if (m == 1)
        eae_gram_solve(factor, n, columns);
    else if (r->problem->kernels->cholesky_solve(factor, n, columns, m))
        return EAE_FAIL;
    for (int64_t k = 0; k < m; k++) {
        for (int64_t i = 0; i < n; i++)
            r->beta[k * n + i] += columns[i * m + k];
    }
    return EAE_OK;
}

/* image = whitened K beta, from its definition, after beta is projected; rest = target - P image -
 * beta / scale. *left: some target is left with more than rounding. */
static int residuals(ridge *r, double scale, bool *left)
{
    int64_t n = r->n;
    for (int64_t k = 0; k < r->m; k++)
        eae_border_project(&r->border, r->beta + k * n);
    if (r->problem->kernels->multiply(false, false, r->m, n, n, 1, r->beta, r->whole, 0, r->image))
        return EAE_FAIL;
    *left = false;
    for (int64_t k = 0; k < r->m; k++) {
        double *rest = r->rest + k * n;
        const double *target = r->target + k * n, *beta = r->beta + k * n;
        for (int64_t i = 0; i < n; i++)
            rest[i] = target[i] - r->image[k * n + i];
        eae_border_project(&r->border, rest);
        for (int64_t i = 0; i < n; i++)
            rest[i] -= beta[i] / scale;
        double square = eae_gram_dot(rest, rest, n), wanted = eae_gram_dot(beta, beta, n);
        *left |= square > 1e-20 * wanted / (scale * scale) &&
                 square > 1e-30 * eae_gram_dot(target, target, n);
    }
    return EAE_OK;
}

/* Primal, gap and unwhitened values of target k at `scale`; `rest` is scratch of n. */
static void finish_ridge(const ridge *r, int64_t k, double scale, double *rest, eae_gram_fit *fit)
{
    int64_t n = r->n;
    const double *beta = r->beta + k * n, *image = r->image + k * n, *y = r->y + k * n;
    double zero = 0, gap = 0, square = 0;
    for (int64_t i = 0; i < n; i++) {
        double target = r->border.root[i] * y[i];
        zero += target * target;
        rest[i] = target - image[i];
        fit->beta[i] = r->border.root[i] * beta[i];
    }
    eae_border_fit(&r->border, rest, fit); /* of P K P + I / s = P y, whose beta is in P's range */
    for (int64_t i = 0; i < n; i++) {
        double d = rest[i] - beta[i] / scale;
        square += rest[i] * rest[i];
        gap += d * d;
    }
    double primal = eae_gram_dot(beta, image, n) / 2 + scale * square / 2;
    fit->objective = primal;
    /* a target that the border alone explains leaves rounding on both sides */
    fit->gap = eae_gram_relative_gap(scale * gap / 2, fmax(primal, 1e-20 * scale * zero));
    fit->iterations = 1;
    fit->converged = fit->gap <= r->problem->tol;
}

/* Weights of the eigenvectors, or the factor, of P K P + I / scale. */
static int prepare_scale(const ridge *r, bool eigen, double scale, double *room)
{
    int64_t n = r->n;
    if (eigen) {
        for (int64_t i = 0; i < n; i++)
            room[i] = 1 / (fmax(r->values[i], 0) + 1 / scale);
        return EAE_OK;
    }
    memcpy(room, r->gram, (size_t)(n * n) * sizeof(double));
    for (int64_t i = 0; i < n; i++)
        room[i * n + i] += 1 / scale;
    return eae_gram_cholesky(r->problem->kernels, room, n, NULL);
}

/* All targets at one scale, with refinement where the condition asks for it; image is K beta. */
static int solve_scale(ridge *r, bool eigen, double scale, double *room)
{
    memset(r->beta, 0, (size_t)(r->m * r->n) * sizeof(double));
    if (prepare_scale(r, eigen, scale, room) ||
        (eigen ? add_rotated(r, room, r->rotated) : add_factored(r, room, r->target)))
        return EAE_FAIL;
    for (int k = 0;; k++) {
        bool left;
        if (residuals(r, scale, &left))
            return EAE_FAIL;
        if (!left || k == REFINEMENTS)
            return EAE_OK;
        if (eigen && (rotate(r, r->rest, r->image) || add_rotated(r, room, r->image)))
            return EAE_FAIL;
        if (!eigen && add_factored(r, room, r->rest))
            return EAE_FAIL;
    }
}

static int solve_scales(ridge *r, const double *scale, int64_t s, eae_gram_fit *fit)
{
    bool eigen = s > FACTOR_SCALES;
    double *room = eae_try_alloc((size_t)r->n * (size_t)(eigen ? 1 : r->n), sizeof(double),
                                 "the factor of ridge regression");
    int status = !room || (eigen && decompose(r)) ? EAE_FAIL : EAE_OK;
    for (int64_t k = 0; k < s && !status; k++) {
        status = solve_scale(r, eigen, scale[k], room);
        for (int64_t t = 0; t < r->m && !status; t++)
            finish_ridge(r, t, scale[k], r->rest, fit + t * s + k);
    }
    free(room);
    return status;
}

int eae_fit_ridge(const eae_gram_problem *problem, const double *y, int64_t m, const double *scale,
                  int64_t s, eae_gram_fit *fit)
{
    ridge r = {.problem = problem, .n = problem->n, .m = m, .y = y};
    int status = ridge_alloc(&r);
    if (!status) {
        prepare(&r);
        status = solve_scales(&r, scale, s, fit);
    }
    ridge_free(&r);
    return status;
}

/* |X'C r|^2 + |E'C r|^2 for a whitened residual */
static double gradient_norm(const ridge *r, const double *rest, double *scratch)
{
    int64_t n = r->n;
    eae_gram_product(r->whole, n, n, rest, scratch);
    double sum = fmax(eae_gram_dot(rest, scratch, n), 0);
    for (int64_t t = 0; t <= r->problem->terms; t++) {
        double d = 0;
        for (int64_t i = 0; i < n; i++)
            d += r->border.root[i] * rest[i] *
                 (t == 0 ? 1 : r->problem->u[i * r->problem->terms + t - 1]);
        sum += d * d;
    }
    return sqrt(sum);
}

static void finish_linear(const ridge *r, int64_t k, double *rest, eae_gram_fit *fit)
{
    int64_t n = r->n;
    double *target = rest + n, *scratch = target + n;
    const double *beta = r->beta + k * n, *image = r->image + k * n;
    for (int64_t i = 0; i < n; i++) {
        target[i] = r->border.root[i] * r->y[k * n + i];
        rest[i] = target[i] - image[i];
        fit->beta[i] = r->border.root[i] * beta[i];
    }
    eae_border_fit(&r->border, rest, fit);
    fit->objective = eae_gram_dot(rest, rest, n) / 2;
    double zero = gradient_norm(r, target, scratch);
    fit->gap = zero > 0 ? gradient_norm(r, rest, scratch) / zero : 0;
    fit->iterations = 1;
    fit->converged = fit->gap <= r->problem->tol;
}

static int solve_linear(ridge *r, eae_gram_fit *fit)
{
    int64_t n = r->n;
    bool low;
    if (decompose_low(r, &low) || (low ? rotate(r, r->target, r->rotated) : decompose(r)))
        return EAE_FAIL;
    double *weight = EAE_NEW_ARRAY(double, 3 * n);
    for (int64_t i = 0; i < n; i++) {
        bool counts = r->values[i] > rank_tolerance * r->values[n - 1] && r->values[i] > 0;
        weight[i] = counts ? 1 / r->values[i] : 0;
    }
    memset(r->beta, 0, (size_t)(r->m * n) * sizeof(double));
    int status = add_rotated(r, weight, r->rotated);
    if (!status)
        status = r->problem->kernels->multiply(false, false, r->m, n, n, 1, r->beta, r->whole, 0,
                                               r->image);
    for (int64_t t = 0; t < r->m && !status; t++)
        finish_linear(r, t, weight, fit + t);
    free(weight);
    return status;
}

int eae_fit_linear(const eae_gram_problem *problem, const double *y, int64_t m, eae_gram_fit *fit)
{
    ridge r = {.problem = problem, .n = problem->n, .m = m, .y = y};
    int status = ridge_alloc(&r);
    if (!status) {
        prepare(&r);
        status = solve_linear(&r, fit);
    }
    ridge_free(&r);
    return status;
}
