/* tall_block.c - dual coordinate descent inside one block of rows; see tall_parts.h. */
#include <float.h>
#include <math.h>

#include "model/tall_parts.h"

/* Sweeps over a block: more bring little, because w of the other blocks is not final either. */
enum { SWEEPS = 10, STEPS = 100 };
static const double SETTLED = 1e-3; /* of the largest change of the first sweep */

static double clamp(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

/* a = c s(t), s the logistic function: the root of t + y f + q (a - a0), which increases in t with
 * slope at least 1. Newton's method inside a bracket, which is halved where that does not halve g:
 * between its flat ends it would go to and fro. */
static double solve_logistic(double yf, double q, double a0, double c)
{
    double low = -yf - q * (c - a0), high = -yf + q * a0, t = clamp(-yf, low, high);
    double before = INFINITY;
    for (int k = 0; k < STEPS; k++) {
        double s = 1 / (1 + exp(-t)), g = t + yf + q * (c * s - a0);
        if (g > 0)
            high = t;
        else
            low = t;
        double next = t - g / (1 + q * c * s * (1 - s));
        if (!(next >= low && next <= high) || fabs(g) > before / 2)
            next = (low + high) / 2;
        before = fabs(g);
        if (fabs(next - t) <= 1e-14 * fmax(1, fabs(next)))
            return c / (1 + exp(-next));
        t = next;
    }
    return c / (1 + exp(-t));
}

/* The best beta of one row while the others stay; f is its value with the intercept, q = z'z + rho.
 */
static double best_beta(const eae_tall_problem *p, int64_t i, double beta, double f, double q)
{
    double y = p->y[i], c = p->cost[i], a = y * beta;
    switch (p->loss) {
    case EAE_LOSS_HINGE:
        return y * clamp(a - (y * f - 1) / fmax(q, DBL_MIN), 0, c);
    case EAE_LOSS_SQUARED_HINGE:
        return y * fmax(0, a - (y * f - 1 + a / (2 * c)) / (q + 1 / (2 * c)));
    case EAE_LOSS_LOGISTIC:
        return y * solve_logistic(y * f, q, a, c);
    case EAE_LOSS_SQUARED:
        return beta - (f - y + beta / c) / (q + 1 / c);
    }
    return beta;
}

/* One sweep; the largest change of a value of its own row. */
static double sweep(const eae_tall_block *b, double *offset)
{
    double most = 0;
    for (int64_t i = 0; i < b->n; i++) {
        int64_t row = b->row[i];
        if (b->problem->cost[row] == 0)
            continue;
        const float *line = b->gram + i * b->ld;
        double q = (double)line[i] + b->rho, *beta = &b->beta[row];
        double next = best_beta(b->problem, row, *beta, b->value[i] + *offset, q);
        double step = next - *beta;
        if (step == 0)
            continue;
        *beta = next;
        b->change[i] += step;
        *b->sum += step;
        *offset += b->rho * step;
        for (int64_t k = 0; k < b->n; k++)
            b->value[k] += step * (double)line[k];
        most = fmax(most, fabs(step) * q);
    }
    return most;
}

void eae_tall_block_solve(const eae_tall_block *b)
{
    double first = 0, offset = b->bias + b->rho * *b->sum;
    for (int64_t i = 0; i < b->n; i++)
        b->change[i] = 0;
    for (int k = 0; k < SWEEPS; k++) {
        double most = sweep(b, &offset);
        if (k == 0)
            first = most;
        if (most <= SETTLED * first)
            return;
    }
}
