/* tall_certify.c - primal and dual objective of a linear model from its values; see tall_parts.h.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "model/loss.h"
#include "model/tall_parts.h"

enum { HALVINGS = 60, ROUNDS = 3 };
static const double FLAT = 1e-13, BOUND = 1e-3, TINY = 1e-9, ROUNDING = 1e-15;

/* ---- the primal ------------------------------------------------------------------------------ */

/* A penalised intercept is a multiple of the sum of beta, as w is of sum beta z. */
static double norm_of(const eae_tall_state *s)
{
    return s->norm + (s->problem->bias_penalised ? s->sum * s->sum : 0);
}

/* The value of row i at scale 1 without a free intercept. */
static double value_of(const eae_tall_state *s, int64_t i)
{
    return s->value[i] + (s->problem->bias_penalised ? s->sum : 0);
}

/* What is not scaled: the intercept, or all of e'g. */
static double free_of(const eae_tall_state *s, int64_t i, double b)
{
    return s->problem->free ? eae_tall_free_value(s->problem->free, i, s->g) : b;
}

static double primal(const eae_tall_state *s, double scale, double b)
{
    const eae_tall_problem *p = s->problem;
    double sum = 0;
    for (int64_t i = 0; i < s->rows; i++) {
        if (p->cost[i] > 0)
            sum += p->cost[i] *
                   eae_loss_value(p->loss, p->y[i], scale * value_of(s, i) + free_of(s, i, b));
    }
    return scale * scale * norm_of(s) / 2 + sum;
}

/* The derivative by the intercept, or by the scale. Of the hinge it is 0 on an interval of
 * intercepts where costs cancel, and what rounding leaves of them is no slope. */
static double derivative(const eae_tall_state *s, double scale, double b, bool by_scale)
{
    const eae_tall_problem *p = s->problem;
    double sum = by_scale ? scale * norm_of(s) : 0, size = 0;
    for (int64_t i = 0; i < s->rows; i++) {
        if (p->cost[i] == 0)
            continue;
        double v = value_of(s, i);
        sum += p->cost[i] * eae_loss_slope(p->loss, p->y[i], scale * v + free_of(s, i, b)) *
               (by_scale ? v : 1);
        size += p->cost[i];
    }
    return p->loss == EAE_LOSS_HINGE && !by_scale && fabs(sum) < FLAT * size ? 0 : sum;
}

/* Where the derivative changes its sign between low and high: from below 0 to at least 0, or to
 * above 0. */
static double crossing(const eae_tall_state *s, double fixed, bool by_scale, double low,
                       double high, bool above)
{
    for (int k = 0; k < HALVINGS && low < high; k++) {
        double middle = (low + high) / 2;
        double d =
            by_scale ? derivative(s, middle, fixed, true) : derivative(s, fixed, middle, false);
        if (middle == low || middle == high)
            break;
        if (d < 0 || (above && d == 0))
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}

static double mean_residual(const eae_tall_state *s, double scale)
{
    double sum = 0, total = 0;
    for (int64_t i = 0; i < s->rows; i++) {
        sum += s->problem->cost[i] * (s->problem->y[i] - scale * s->value[i]);
        total += s->problem->cost[i];
    }
    return total > 0 ? sum / total : 0;
}

static double best_intercept(const eae_tall_state *s, double scale)
{
    const eae_tall_problem *p = s->problem;
    if (p->bias_penalised || p->free)
        return 0;
    if (p->loss == EAE_LOSS_SQUARED)
        return mean_residual(s, scale);
    double low = INFINITY, high = -INFINITY;
    for (int64_t i = 0; i < s->rows; i++) {
        if (p->cost[i] == 0)
            continue;
        low = fmin(low, scale * s->value[i]);
        high = fmax(high, scale * s->value[i]);
    }
    double from = -1 - high, to = 1 - low, width = to - from;
    while (p->loss == EAE_LOSS_LOGISTIC && derivative(s, scale, from, false) > 0)
        from -= width *= 2;
    while (p->loss == EAE_LOSS_LOGISTIC && derivative(s, scale, to, false) < 0)
        to += width *= 2;
    double b = crossing(s, scale, false, from, to, false);
    /* where it is flat, the middle of the feasible interval, as LIBSVM does */
    return p->loss == EAE_LOSS_HINGE ? (b + crossing(s, scale, false, b, to, true)) / 2 : b;
}

/* The best g for that multiple of w. */
static void best_free(eae_tall_state *s, double scale, double enough)
{
    const eae_tall_problem *p = s->problem;
    const eae_tall_rows rows = {p->y, p->cost, p->loss};
    double *value = eae_malloc((size_t)s->rows, sizeof *value);
    double *beta = eae_malloc((size_t)s->rows, sizeof *beta);
    for (int64_t i = 0; i < s->rows; i++) {
        value[i] = scale * value_of(s, i);
        beta[i] = s->beta[i] - s->less[i];
    }
    eae_tall_free_minimise(p->free, &rows, value, beta, enough, s->g);
    free(value);
    free(beta);
}

/* A primal point: what is free is the best for the scale. */
static double primal_at(eae_tall_state *s, double scale, double enough, double *b)
{
    if (s->problem->free)
        best_free(s, scale, enough);
    *b = best_intercept(s, scale);
    return primal(s, scale, *b);
}

/* By turns what is free and the scale, as long as it helps. */
static void best_primal(eae_tall_state *s, eae_tall_model *fit, double *scale)
{
    int64_t terms = s->problem->free ? s->problem->free->terms : 0;
    double *g = eae_malloc((size_t)terms + 1, sizeof *g);
    double enough = isfinite(fit->gap) ? 1e-2 * fit->gap * fabs(fit->objective) : 0;
    *scale = 1;
    fit->objective = primal_at(s, 1, enough, &fit->intercept);
    double b = fit->intercept;
    for (int k = 0; k < ROUNDS && norm_of(s) > 0; k++) {
        for (int64_t j = 0; j < terms; j++)
            g[j] = s->g[j];
        double t = crossing(s, b, true, 0, 2, false);
        double value = primal_at(s, t, enough, &b);
        if (!(value < fit->objective)) {
            for (int64_t j = 0; j < terms; j++)
                s->g[j] = g[j];
            break;
        }
        bool little = fit->objective - value < 1e-3 * fit->gap * value;
        fit->objective = value;
        fit->intercept = b;
        *scale = t;
        if (little)
            break;
    }
    free(g);
}

/* ---- the dual -------------------------------------------------------------------------------- */

double eae_tall_repair(const eae_tall_problem *p, int64_t rows, const double *beta, double sum)
{
    double total = 0;
    for (int64_t i = 0; i < rows; i++) {
        if (p->cost[i] > 0)
            total += eae_tall_share(p, i, beta[i], sum);
    }
    return p->bias_penalised || sum == 0 || total == 0 ? 0 : sum / total;
}

/* The metric of the projection is that of the loss; for the hinge, whose loss has none, rows that
 * are not at a bound come first. */
void eae_tall_repair_free(const eae_tall_problem *p, int64_t rows, const double *beta, double *less)
{
    const eae_tall_rows all = {p->y, p->cost, p->loss};
    double *h = eae_malloc((size_t)rows, sizeof *h);
    double *lambda = EAE_NEW_ARRAY(double, p->free->terms);
    for (int64_t i = 0; i < rows; i++) {
        double c = p->cost[i], a = p->y[i] * beta[i];
        h[i] = c;
        if (p->loss == EAE_LOSS_HINGE)
            h[i] = fmin(a, c - a) + BOUND * c;
        else if (p->loss == EAE_LOSS_LOGISTIC && c > 0)
            h[i] = a * (c - a) / c + TINY * c;
        else if (p->loss == EAE_LOSS_SQUARED_HINGE)
            h[i] = a > 0 ? c : BOUND * c;
    }
    eae_tall_free_project(p->free, &all, beta, h, less, lambda);
    for (int64_t i = 0; i < rows; i++)
        less[i] = beta[i] - less[i];
    free(h);
    free(lambda);
}

static double dual(const eae_tall_state *s)
{
    const eae_tall_problem *p = s->problem;
    double sum = 0, moved = 0, taken = 0;
    for (int64_t i = 0; i < s->rows; i++) {
        if (p->cost[i] == 0)
            continue;
        double less = p->free ? s->less[i] : s->factor * eae_tall_share(p, i, s->beta[i], s->sum);
        sum += eae_loss_dual(p->loss, p->y[i], p->cost[i], s->beta[i] - less);
        moved += less * value_of(s, i);
        taken += less;
    }
    double bound = s->bound * s->bound + (p->bias_penalised ? taken * taken : 0);
    return sum - (norm_of(s) - 2 * moved + bound) / 2;
}

double eae_tall_least(const eae_tall_problem *p, int64_t rows)
{
    double sum = 0;
    for (int64_t i = 0; i < rows && p->free; i++)
        sum += p->cost[i];
    return fmax(ROUNDING * sum, DBL_MIN);
}

void eae_tall_certify(eae_tall_state *s, eae_tall_model *fit, double *scale)
{
    best_primal(s, fit, scale);
    if (s->problem->bias_penalised)
        fit->intercept = *scale * s->sum;
    if (s->problem->free)
        fit->intercept += eae_tall_free_turn_back(s->problem->free, s->g, fit->gamma);
    double missing = fit->objective - dual(s);
    double size = fmax(fabs(fit->objective), eae_tall_least(s->problem, s->rows));
    fit->gap = isfinite(missing) ? fmax(0, missing) / size : INFINITY;
}
