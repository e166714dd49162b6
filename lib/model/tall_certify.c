/* tall_certify.c - primal and dual objective of a linear model from its values; see tall_parts.h.
 */
#include <float.h>
#include <math.h>

#include "model/loss.h"
#include "model/tall_parts.h"

enum { HALVINGS = 60, ROUNDS = 3 };
static const double FLAT = 1e-13;

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

static double primal(const eae_tall_state *s, double scale, double b)
{
    const eae_tall_problem *p = s->problem;
    double sum = 0;
    for (int64_t i = 0; i < s->rows; i++) {
        if (p->cost[i] > 0)
            sum += p->cost[i] * eae_loss_value(p->loss, p->y[i], scale * value_of(s, i) + b);
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
        sum += p->cost[i] * eae_loss_slope(p->loss, p->y[i], scale * v + b) * (by_scale ? v : 1);
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
    if (p->bias_penalised)
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

/* By turns the intercept and the scale, as long as it helps. */
static void best_primal(const eae_tall_state *s, eae_tall_model *fit, double *scale)
{
    *scale = 1;
    fit->intercept = best_intercept(s, 1);
    fit->objective = primal(s, 1, fit->intercept);
    double b = fit->intercept;
    for (int k = 0; k < ROUNDS && norm_of(s) > 0; k++) {
        double t = crossing(s, b, true, 0, 2, false);
        b = best_intercept(s, t);
        double value = primal(s, t, b);
        if (!(value < fit->objective))
            return;
        bool little = fit->objective - value < 1e-3 * fit->gap * value;
        fit->objective = value;
        fit->intercept = b;
        *scale = t;
        if (little)
            return;
    }
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

static double dual(const eae_tall_state *s)
{
    const eae_tall_problem *p = s->problem;
    double sum = 0, moved = 0;
    for (int64_t i = 0; i < s->rows; i++) {
        if (p->cost[i] == 0)
            continue;
        double less = s->factor * eae_tall_share(p, i, s->beta[i], s->sum);
        sum += eae_loss_dual(p->loss, p->y[i], p->cost[i], s->beta[i] - less);
        moved += less * s->value[i];
    }
    return sum - (norm_of(s) - 2 * moved + s->bound * s->bound) / 2;
}

void eae_tall_certify(const eae_tall_state *s, eae_tall_model *fit, double *scale)
{
    best_primal(s, fit, scale);
    if (s->problem->bias_penalised)
        fit->intercept = *scale * s->sum;
    fit->gap = fmax(0, fit->objective - dual(s)) / fmax(fabs(fit->objective), DBL_MIN);
}
