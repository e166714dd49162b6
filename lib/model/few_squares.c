/* few_squares.c - see few_squares.h. */
#include "model/few_squares.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/border.h"
#include "model/gram_internal.h"

/* A matrix of features costs less than one of samples from two samples a feature on; its
 * eigenvectors are what ends it. */
enum { FEATURES_MOST = 2048, ROWS_EACH = 2, REFINEMENTS = 2 };
/* Up to here plain loops beat a product by BLAS. */
enum { SMALL = 16 };
/* of the eigenvalues of A, the squares of the singular values */
static const double rank_tolerance = 1e-12;

typedef struct {
    const eae_gram_problem *problem;
    const eae_few_values *values;
    int64_t n, p;
    eae_border border;
    double *x;      /* p x n: weighted values off the border */
    double *vector; /* p x p: eigenvectors of x x', one a row */
    double *value;  /* p */
    double *weight; /* p: what an eigenvector's share of a right-hand side is multiplied by */
    double *target; /* n: y weighted, off the border */
    double *rest;   /* n */
    double *slope;  /* p */
    double *share;  /* p */
} squares;

bool eae_few_squares_suits(int64_t rows, int64_t features)
{
    return features <= FEATURES_MOST && features <= rows / ROWS_EACH;
}

static void squares_close(squares *s)
{
    eae_border_close(&s->border);
    free(s->x);
}

static int squares_open(squares *s, const eae_gram_problem *problem, const eae_few_values *values)
{
    int64_t n = problem->n, p = values->p;
    *s = (squares){.problem = problem, .values = values, .n = n, .p = p};
    eae_border_open(&s->border, problem);
    s->x = eae_try_alloc((size_t)(p * n + p * p + 4 * p + 2 * n), sizeof *s->x, "least squares");
    if (!s->x)
        return EAE_FAIL;
    s->vector = s->x + p * n;
    s->value = s->vector + p * p;
    s->weight = s->value + p;
    s->slope = s->weight + p;
    s->share = s->slope + p;
    s->target = s->share + p;
    s->rest = s->target + n;
    for (int64_t j = 0; j < p; j++) {
        double *x = s->x + j * n;
        for (int64_t i = 0; i < n; i++)
            x[i] = s->border.root[i] * values->z[j * values->ld + i];
        eae_border_project(&s->border, x);
        eae_border_project(&s->border, x);
        for (int64_t k = 0; k <= j && p <= SMALL; k++)
            s->vector[j * p + k] = s->vector[k * p + j] = eae_gram_dot(x, s->x + k * n, n);
    }
    int status = EAE_OK;
    if (p > SMALL)
        status = problem->kernels->multiply(false, true, p, p, n, 1, s->x, s->x, 0, s->vector);
    for (int64_t j = 0; j < p; j++) { /* a product need not be symmetric to the bit */
        for (int64_t k = 0; k < j; k++)
            s->vector[k * p + j] = s->vector[j * p + k];
    }
    return status == EAE_OK ? problem->kernels->eigen(s->vector, p, s->value) : status;
}

static void set_target(squares *s, const double *y)
{
    for (int64_t i = 0; i < s->n; i++)
        s->target[i] = s->border.root[i] * y[i];
    eae_border_project(&s->border, s->target);
    eae_border_project(&s->border, s->target);
}

/* w += V diag(weight) V' slope */
static void add_solution(squares *s, double *w)
{
    for (int64_t k = 0; k < s->p; k++)
        s->share[k] = s->weight[k] * eae_gram_dot(s->vector + k * s->p, s->slope, s->p);
    for (int64_t k = 0; k < s->p; k++) {
        for (int64_t j = 0; j < s->p; j++)
            w[j] += s->share[k] * s->vector[k * s->p + j];
    }
}

/* rest = target - x'w, slope = x rest - penalty w: what is left of the gradient */
static void residuals(squares *s, double penalty, const double *w)
{
    memcpy(s->rest, s->target, (size_t)s->n * sizeof *s->rest);
    for (int64_t j = 0; j < s->p; j++) {
        for (int64_t i = 0; i < s->n; i++)
            s->rest[i] -= w[j] * s->x[j * s->n + i];
    }
    for (int64_t j = 0; j < s->p; j++)
        s->slope[j] = eae_gram_dot(s->x + j * s->n, s->rest, s->n) - penalty * w[j];
}

/* From nothing; rest and slope are those of the solution. */
static void solve(squares *s, double penalty, double *w)
{
    memset(w, 0, (size_t)s->p * sizeof *w);
    for (int k = 0; k <= REFINEMENTS; k++) {
        residuals(s, penalty, w);
        add_solution(s, w);
    }
    residuals(s, penalty, w);
}

/* rest = weighted y - w'z, less the fit of the border, whose coefficients *fit gets. */
static void set_border(squares *s, const double *y, const double *w, eae_gram_fit *fit)
{
    for (int64_t i = 0; i < s->n; i++) {
        double value = y[i];
        for (int64_t j = 0; j < s->p; j++)
            value -= w[j] * s->values->z[j * s->values->ld + i];
        s->rest[i] = s->border.root[i] * value;
    }
    eae_border_fit(&s->border, s->rest, fit);
}

static double dot_of_squares(const squares *s, const double *y)
{
    double sum = 0;
    for (int64_t i = 0; i < s->n; i++)
        sum += s->problem->cost[i] * y[i] * y[i];
    return sum;
}

/* The dual point of a residual r is scale r, and primal less dual |w - scale x r|^2 / 2, which is
 * |slope|^2 scale^2 / 2. */
static void finish_ridge(squares *s, const double *y, double scale, const double *w,
                         eae_gram_fit *fit)
{
    double gap = scale * scale * eae_gram_dot(s->slope, s->slope, s->p) / 2;
    set_border(s, y, w, fit);
    double primal = eae_gram_dot(w, w, s->p) / 2 + scale * eae_gram_dot(s->rest, s->rest, s->n) / 2;
    fit->objective = primal;
    /* a target that the border alone explains leaves rounding on both sides */
    fit->gap = eae_gram_relative_gap(gap, fmax(primal, 1e-20 * scale * dot_of_squares(s, y)));
    fit->iterations = 1;
    fit->converged = fit->gap <= s->problem->tol;
}

int eae_few_ridge(const eae_gram_problem *problem, const eae_few_values *values, const double *y,
                  int64_t m, const double *scale, int64_t count, eae_gram_fit *fit, double *w)
{
    squares s;
    int status = squares_open(&s, problem, values);
    for (int64_t k = 0; k < m * count && status == EAE_OK; k++) {
        const double *target = y + k / count * s.n;
        double penalty = 1 / scale[k % count];
        for (int64_t j = 0; j < s.p; j++)
            s.weight[j] = 1 / (fmax(s.value[j], 0) + penalty);
        set_target(&s, target);
        solve(&s, penalty, w + k * s.p);
        finish_ridge(&s, target, scale[k % count], w + k * s.p, fit + k);
    }
    squares_close(&s);
    return status;
}

/* |Z'r|^2 + |E'r|^2 for a weighted residual r, of the values and columns as they are. */
static double gradient_square(const squares *s, const double *r)
{
    const eae_gram_problem *p = s->problem;
    double sum = 0;
    for (int64_t j = 0; j < s->p + 1 + p->terms; j++) {
        double d = 0;
        for (int64_t i = 0; i < s->n; i++) {
            double e = j < s->p    ? s->values->z[j * s->values->ld + i]
                       : j == s->p ? 1
                                   : p->u[i * p->terms + j - s->p - 1];
            d += s->border.root[i] * r[i] * e;
        }
        sum += d * d;
    }
    return sum;
}

static void finish_linear(squares *s, const double *y, const double *w, eae_gram_fit *fit)
{
    set_border(s, y, w, fit);
    fit->objective = eae_gram_dot(s->rest, s->rest, s->n) / 2;
    double left = gradient_square(s, s->rest);
    for (int64_t i = 0; i < s->n; i++)
        s->rest[i] = s->border.root[i] * y[i];
    double zero = gradient_square(s, s->rest);
    fit->gap = zero > 0 ? sqrt(left / zero) : 0;
    fit->iterations = 1;
    fit->converged = fit->gap <= s->problem->tol;
}

int eae_few_linear(const eae_gram_problem *problem, const eae_few_values *values, const double *y,
                   int64_t m, eae_gram_fit *fit, double *w)
{
    squares s;
    int status = squares_open(&s, problem, values);
    for (int64_t j = 0; j < s.p && status == EAE_OK; j++) {
        bool counts = s.value[j] > rank_tolerance * s.value[s.p - 1] && s.value[j] > 0;
        s.weight[j] = counts ? 1 / s.value[j] : 0;
    }
    for (int64_t k = 0; k < m && status == EAE_OK; k++) {
        set_target(&s, y + k * s.n);
        solve(&s, 0, w + k * s.p);
        finish_linear(&s, y + k * s.n, w + k * s.p, fit + k);
    }
    squares_close(&s);
    return status;
}
