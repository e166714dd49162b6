/*
 * gram_svm.c - support vector machine through its dual.
 *
 * With b_i = y_i a_i: minimise 1/2 b'H b - y'b, E'b = 0, 0 <= y_i b_i <= cost_i, H = K for the
 * hinge; H = K + diag(1 / (2 cost)) and no upper bound for the squared hinge; H and K with 1 added
 * everywhere where the intercept is penalised. The methods are tried in the order of their price:
 * active set from the start that is given, SMO with an active set finish, interior point with the
 * same finish. What is kept is judged by its duality gap alone.
 */
#include "model/gram_svm.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { FIRST_PIVOTS = 15, FINISH_PIVOTS = 10, SMO_STAGES = 5 };
static const double finish_ridge = 1e-11;

static bool free_bias(const eae_gram_problem *problem)
{
    return !problem->bias_penalised;
}

static int make_h(eae_svm_dual *dual)
{
    const eae_gram_problem *problem = dual->problem;
    int64_t n = problem->n;
    dual->qp.h = problem->gram;
    dual->qp.ld = problem->ld;
    if (free_bias(problem) && dual->loss == EAE_HINGE)
        return EAE_OK;
    dual->own_h = eae_try_alloc((size_t)n * (size_t)n, sizeof(double), "the dual of an svm");
    if (!dual->own_h)
        return EAE_FAIL;
    double shift = problem->bias_penalised ? 1 : 0;
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < n; j++)
            dual->own_h[i * n + j] = problem->gram[i * problem->ld + j] + shift;
        if (dual->loss == EAE_SQUARED_HINGE)
            dual->own_h[i * n + i] += 0.5 / problem->cost[i];
    }
    dual->qp.h = dual->own_h;
    dual->qp.ld = n;
    return EAE_OK;
}

int eae_svm_dual_init(eae_svm_dual *dual, const eae_gram_problem *problem, eae_svm_loss loss)
{
    *dual = (eae_svm_dual){.problem = problem, .loss = loss};
    int64_t n = problem->n, terms = eae_gram_border_terms(problem, free_bias(problem));
    dual->memory = EAE_NEW_ARRAY(double, 6 * n + n * terms + terms);
    double *v = dual->memory;
    double **slots[] = {&dual->lo, &dual->hi, &dual->b, &dual->g, &dual->f, &dual->p};
    for (size_t k = 0; k < sizeof slots / sizeof *slots; k++, v += n)
        *slots[k] = v;
    dual->e = v;
    dual->lambda = v + n * terms;
    eae_gram_border(problem, free_bias(problem), dual->e);
    dual->qp = (eae_qp){.kernels = problem->kernels,
                        .n = n,
                        .lo = dual->lo,
                        .hi = dual->hi,
                        .e = dual->e,
                        .terms = terms};
    if (make_h(dual) || eae_qp_work_init(&dual->work, n, terms)) {
        eae_svm_dual_free(dual);
        return EAE_FAIL;
    }
    return EAE_OK;
}

void eae_svm_dual_free(eae_svm_dual *dual)
{
    eae_qp_work_free(&dual->work);
    free(dual->own_h);
    free(dual->memory);
    *dual = (eae_svm_dual){0};
}

void eae_svm_dual_labels(eae_svm_dual *dual, const double *y)
{
    const double *cost = dual->problem->cost;
    const double *offset = dual->problem->offset;
    dual->y = dual->qp.p = y;
    if (offset) {
        for (int64_t i = 0; i < dual->qp.n; i++)
            dual->p[i] = y[i] - offset[i];
        dual->qp.p = dual->p;
    }
    for (int64_t i = 0; i < dual->qp.n; i++) {
        double top = dual->loss == EAE_HINGE ? cost[i] : INFINITY;
        dual->lo[i] = y[i] > 0 ? 0 : -top;
        dual->hi[i] = y[i] > 0 ? top : 0;
    }
}

/* primal - dual as a sum over the rows of terms that are never negative, so that nothing cancels:
 * c max(m, 0) - a m for the hinge, m = 1 - y f; and the primal loss. */
static double loss_and_gap(const eae_svm_dual *dual, double a, double m, double c, double *gap)
{
    double up = fmax(m, 0), down = fmax(-m, 0);
    if (dual->loss == EAE_HINGE) {
        *gap += (c - a) * up + a * down;
        return c * up;
    }
    double d = up - a / (2 * c);
    *gap += c * d * d + a * down;
    return c * up * up;
}

bool eae_svm_dual_judge(const eae_svm_dual *dual, const double *b, const double *lambda,
                        const double *f, eae_gram_fit *fit)
{
    const eae_gram_problem *problem = dual->problem;
    int64_t n = problem->n, terms = dual->qp.terms;
    double norm = 0, loss = 0, gap = 0;
    for (int64_t i = 0; i < n; i++) {
        double border = problem->offset ? problem->offset[i] : 0;
        for (int64_t t = 0; t < terms; t++)
            border += dual->e[i * terms + t] * lambda[t];
        double m = 1 - dual->y[i] * (f[i] + border);
        loss += loss_and_gap(dual, dual->y[i] * b[i], m, problem->cost[i], &gap);
        norm += b[i] * f[i];
    }
    for (int64_t t = 0; t < terms; t++) { /* what E'b = 0 lacks */
        double sum = 0;
        for (int64_t i = 0; i < n; i++)
            sum += dual->e[i * terms + t] * b[i];
        gap += fabs(sum * lambda[t]);
    }
    double primal = norm / 2 + loss, relative = eae_gram_relative_gap(gap, primal);
    if (relative < fit->gap) {
        fit->gap = relative;
        fit->objective = primal;
        fit->converged = relative <= problem->tol;
        memcpy(fit->beta, b, (size_t)n * sizeof *b);
        eae_gram_border_set(fit, problem->terms, free_bias(problem), lambda);
        if (problem->bias_penalised) {
            fit->intercept = 0;
            for (int64_t i = 0; i < n; i++)
                fit->intercept += b[i];
        }
    }
    return relative <= problem->tol;
}

/* An intercept of -g[i] makes the margin of row i exactly 1: the mean of that over the free
 * vectors, and the interval that the bound ones leave. Up to `rounding` from its bound a vector is
 * bound. */
typedef struct {
    int64_t free;
    double mean, low, high;
} margins;

static margins look_at_margins(const eae_svm_dual *dual, double rounding)
{
    margins m = {.low = -INFINITY, .high = INFINITY};
    for (int64_t i = 0; i < dual->qp.n; i++) {
        double value = -dual->g[i];
        if (dual->b[i] <= dual->lo[i] + rounding) {
            m.low = fmax(m.low, value);
        } else if (dual->b[i] >= dual->hi[i] - rounding) {
            m.high = fmin(m.high, value);
        } else {
            m.mean += value;
            m.free++;
        }
    }
    m.mean /= fmax((double)m.free, 1);
    return m;
}

/* Where no vector is free but for rounding, and the bound ones leave an interval: its midpoint, and
 * every vector onto its bound. Else NAN. */
static double intercept_between_bounds(eae_svm_dual *dual)
{
    static const double rounding = 1e-9, wide = 1e-8;
    double largest = 0;
    for (int64_t i = 0; i < dual->qp.n; i++)
        largest = fmax(largest, fabs(dual->b[i]));
    margins m = look_at_margins(dual, rounding * largest);
    double middle = (m.low + m.high) / 2;
    if (m.free > 0 || !(m.high - m.low > wide * (1 + fabs(middle))) || !isfinite(middle))
        return NAN;
    for (int64_t i = 0; i < dual->qp.n; i++)
        dual->b[i] = -dual->g[i] > middle ? dual->hi[i] : dual->lo[i];
    return middle;
}

double eae_svm_dual_intercept(eae_svm_dual *dual)
{
    double between = dual->loss == EAE_HINGE ? intercept_between_bounds(dual) : NAN;
    if (!isnan(between))
        return between;
    margins m = look_at_margins(dual, 0);
    if (m.free > 0)
        return m.mean;
    return m.low == -INFINITY ? m.high : m.high == INFINITY ? m.low : (m.low + m.high) / 2;
}

static bool judge(eae_svm_dual *dual, bool bounds_are_exact, eae_gram_fit *fit)
{
    const eae_qp *qp = &dual->qp;
    eae_gram_product(qp->h, qp->ld, qp->n, dual->b, dual->f);
    for (int64_t i = 0; i < qp->n; i++) {
        dual->g[i] = dual->f[i] - qp->p[i];
        if (dual->loss == EAE_SQUARED_HINGE)
            dual->f[i] -= dual->b[i] * (0.5 / dual->problem->cost[i]);
    }
    if (bounds_are_exact && dual->problem->terms == 0 && free_bias(dual->problem))
        dual->lambda[0] = eae_svm_dual_intercept(dual);
    return eae_svm_dual_judge(dual, dual->b, dual->lambda, dual->f, fit);
}

void eae_svm_feasible(const double *y, const double *cost, eae_svm_loss loss, int64_t n,
                      bool balanced, double *b)
{
    double up = 0, down = 0;
    for (int64_t i = 0; i < n; i++) {
        double top = loss == EAE_HINGE ? cost[i] : INFINITY, v = isfinite(b[i]) ? b[i] : 0;
        v = b[i] = fmin(fmax(v, y[i] > 0 ? 0 : -top), y[i] > 0 ? top : 0);
        up += fmax(v, 0);
        down += fmax(-v, 0);
    }
    for (int64_t i = 0; i < n && balanced; i++) {
        if (up > down && b[i] > 0)
            b[i] *= down / up;
        else if (down > up && b[i] < 0)
            b[i] *= up / down;
    }
}

static void make_feasible(eae_svm_dual *dual)
{
    const eae_gram_problem *problem = dual->problem;
    eae_svm_feasible(dual->y, problem->cost, dual->loss, problem->n, free_bias(problem), dual->b);
}

static bool active_set(eae_svm_dual *dual, int64_t pivots, double ridge, eae_gram_fit *fit)
{
    dual->work.ridge = ridge;
    return eae_qp_active_set(&dual->qp, &dual->work, pivots, dual->b, dual->lambda, dual->g) &&
           judge(dual, true, fit);
}

static int64_t update_limit(const eae_gram_problem *problem)
{
    if (problem->max_iter > 0)
        return problem->max_iter;
    int64_t n = problem->n; /* about the price of the interior point, which is the alternative */
    return 4 * n + n * n / 30;
}

/* SMO in stages, each to a smaller violation and followed by an attempt to finish exactly. */
static bool smo_stages(eae_svm_dual *dual, eae_gram_fit *fit)
{
    const eae_qp *qp = &dual->qp;
    size_t bytes = (size_t)qp->n * sizeof(double);
    double *kept = eae_malloc((size_t)qp->n, sizeof(double)), eps = 1e-2;
    int64_t limit = update_limit(dual->problem), used = 0;
    bool done = false;
    make_feasible(dual);
    for (int stage = 0; stage < SMO_STAGES && !done && used < limit; stage++, eps *= 1e-2) {
        eae_gram_product(qp->h, qp->ld, qp->n, dual->b, dual->g);
        for (int64_t i = 0; i < qp->n; i++)
            dual->g[i] -= qp->p[i];
        eae_qp_smo(qp, eps, limit - used, dual->b, dual->g, &used);
        memcpy(kept, dual->b, bytes);
        judge(dual, true, fit);
        if (used >= limit) /* far from settled */
            break;
        eae_qp_states(qp, dual->b, dual->work.state);
        done = active_set(dual, FINISH_PIVOTS, finish_ridge, fit) || fit->converged;
        memcpy(dual->b, kept, bytes);
    }
    dual->work.iterations += used;
    free(kept);
    return done || fit->converged;
}

/* Where the border alone separates the classes the objective is 0, and a relative gap can only be
 * reached exactly: b = 0, and lambda a little longer, so that no margin is short by rounding. */
static bool border_separates(eae_svm_dual *dual, eae_gram_fit *fit)
{
    if (dual->problem->terms == 0)
        return false;
    memset(dual->b, 0, (size_t)dual->qp.n * sizeof *dual->b);
    for (int64_t t = 0; t < dual->qp.terms; t++)
        dual->lambda[t] *= 1 + 1e-6;
    return judge(dual, false, fit);
}

static void interior(eae_svm_dual *dual, eae_gram_fit *fit)
{
    if (!eae_qp_interior(&dual->qp, &dual->work, dual->b, dual->lambda, dual->g))
        return;
    bool done = judge(dual, false, fit) || border_separates(dual, fit);
    if (!done || fit->gap > 0)
        active_set(dual, FINISH_PIVOTS, finish_ridge, fit);
}

void eae_svm_dual_solve(eae_svm_dual *dual, eae_gram_fit *fit)
{
    const eae_gram_problem *problem = dual->problem;
    fit->gap = INFINITY;
    fit->converged = false;
    dual->work.iterations = 0;
    bool done = active_set(dual, FIRST_PIVOTS, 0, fit);
    if (!done && problem->terms == 0)
        done = smo_stages(dual, fit);
    if (!done && (problem->max_iter <= 0 || dual->work.iterations < problem->max_iter))
        interior(dual, fit);
    fit->iterations = dual->work.iterations;
}

int eae_svm_accept(const eae_gram_problem *problem, eae_svm_loss loss, eae_gram_fit *fit)
{
    eae_svm_dual dual;
    if (eae_svm_dual_init(&dual, problem, loss))
        return EAE_FAIL;
    eae_svm_dual_labels(&dual, problem->y);
    memcpy(dual.b, fit->beta, (size_t)problem->n * sizeof *dual.b);
    /* not balanced: that would take entries off their bounds by a rounding, and who is free says
     * what the intercept is */
    eae_svm_feasible(dual.y, problem->cost, loss, problem->n, false, dual.b);
    fit->gap = INFINITY;
    fit->converged = false;
    judge(&dual, true, fit);
    fit->iterations++;
    eae_svm_dual_free(&dual);
    return EAE_OK;
}

int eae_fit_svm(const eae_gram_problem *problem, eae_svm_loss loss, eae_gram_fit *fit)
{
    eae_svm_dual dual;
    if (eae_svm_dual_init(&dual, problem, loss))
        return EAE_FAIL;
    eae_svm_dual_labels(&dual, problem->y);
    bool warm = false;
    for (int64_t i = 0; i < problem->n; i++)
        warm |= fit->beta[i] != 0;
    memcpy(dual.b, fit->beta, (size_t)problem->n * sizeof *dual.b);
    if (warm) {
        make_feasible(&dual);
        eae_qp_states(&dual.qp, dual.b, dual.work.state);
    } /* else every vector is taken for free */
    eae_svm_dual_solve(&dual, fit);
    eae_svm_dual_free(&dual);
    return EAE_OK;
}

/* Derivative by t of the primal at (t w, t b): g is f + border of the model, norm its |w|^2. */
static double slope_at(const eae_svm_dual *dual, const double *g, double norm, double t)
{
    double slope = t * norm;
    for (int64_t i = 0; i < dual->qp.n; i++) {
        double yg = dual->y[i] * g[i], m = 1 - t * yg, c = dual->problem->cost[i];
        if (m > 0)
            slope -= dual->loss == EAE_HINGE ? c * yg : 2 * c * m * yg;
    }
    return slope;
}

static double primal_at(const eae_svm_dual *dual, const double *g, double norm, double t)
{
    double loss = 0;
    for (int64_t i = 0; i < dual->qp.n; i++) {
        double m = fmax(1 - t * dual->y[i] * g[i], 0), c = dual->problem->cost[i];
        loss += dual->loss == EAE_HINGE ? c * m : c * m * m;
    }
    return t * t * norm / 2 + loss;
}

/* Where the cost is far above the multipliers, the least shortfall of a margin makes a large loss.
 * A model a little longer pays |w|^2 for it instead: the primal is minimised over t (w, b), the
 * dual stays. */
static void judge_scaled(eae_svm_dual *dual, eae_gram_fit *fit)
{
    int64_t n = dual->qp.n, terms = dual->qp.terms;
    double *g = dual->g, norm = 0, value = 0, low = 0.5, high = 2;
    for (int64_t i = 0; i < n; i++) {
        norm += dual->b[i] * dual->f[i];
        value += dual->y[i] * dual->b[i];
        if (dual->loss == EAE_SQUARED_HINGE)
            value -= dual->b[i] * dual->b[i] / (4 * dual->problem->cost[i]);
    }
    memcpy(g, dual->f, (size_t)n * sizeof *g);
    eae_gram_border_add(dual->e, n, terms, dual->lambda, g);
    for (int step = 0; step < 60; step++) {
        double t = (low + high) / 2;
        if (slope_at(dual, g, norm, t) > 0)
            high = t;
        else
            low = t;
    }
    double primal = primal_at(dual, g, norm, high), gap = primal - (value - norm / 2);
    double relative = eae_gram_relative_gap(gap, primal);
    if (!(relative < fit->gap))
        return;
    fit->gap = relative;
    fit->objective = primal;
    fit->converged = relative <= dual->problem->tol;
    fit->intercept *= high;
    for (int64_t i = 0; i < n; i++)
        fit->beta[i] *= high;
    for (int64_t t = 0; t < dual->problem->terms; t++)
        fit->gamma[t] *= high;
}

int eae_svm_certify(const eae_gram_problem *problem, eae_svm_loss loss, const double *kbeta,
                    eae_gram_fit *fit)
{
    eae_svm_dual dual;
    eae_gram_problem judged = *problem;
    judged.offset = NULL;
    if (eae_svm_dual_init(&dual, &judged, loss))
        return EAE_FAIL;
    eae_svm_dual_labels(&dual, problem->y);
    for (int64_t i = 0; i < problem->n; i++) {
        dual.b[i] = fit->beta[i];
        dual.f[i] = kbeta[i];
        dual.g[i] = kbeta[i] - problem->y[i];
        if (loss == EAE_SQUARED_HINGE)
            dual.g[i] += dual.b[i] * (0.5 / problem->cost[i]);
    }
    eae_gram_border_get(fit, problem->terms, free_bias(problem), dual.lambda);
    if (problem->terms == 0 && free_bias(problem))
        dual.lambda[0] = eae_svm_dual_intercept(&dual);
    fit->gap = INFINITY;
    fit->converged = false;
    eae_svm_dual_judge(&dual, dual.b, dual.lambda, dual.f, fit);
    judge_scaled(&dual, fit);
    eae_svm_dual_free(&dual);
    return EAE_OK;
}
