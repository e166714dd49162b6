/* tall_free.c - see tall_free.h. */
#include "model/tall_free.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/loss.h"

enum { NEWTON_MOST = 60, HALVINGS = 40, PROXIMAL_MOST = 12 };

/* Directions that are left out; what is added to second derivatives that may be singular; what is
 * rounding. */
static const double REPEATED = 1e-10, RIDGE = 1e-10, ROUNDING = 1e-14;

/* ---- the terms ------------------------------------------------------------------------------- */

/* turn = values^-1/2 vectors of the mean products of (u, 1). */
static int make_turn(eae_tall_free *f, const double *u, const double *weight)
{
    int64_t width = f->covariates + 1, used = f->covariates + f->intercept;
    double *mean = EAE_NEW_ARRAY(double, used *used), *values = EAE_NEW_ARRAY(double, used);
    double total = 0;
    for (int64_t i = 0; i < f->rows; i++) {
        const double *v = u + i * f->covariates;
        total += weight[i];
        for (int64_t s = 0; s < used && weight[i] > 0; s++) {
            for (int64_t t = 0; t < used; t++)
                mean[s * used + t] +=
                    weight[i] * (s < f->covariates ? v[s] : 1) * (t < f->covariates ? v[t] : 1);
        }
    }
    for (int64_t k = 0; k < used * used; k++)
        mean[k] /= total;
    int status = f->kernels->eigen(mean, used, values);
    f->turn = EAE_NEW_ARRAY(double, used *width);
    for (int64_t s = 0; s < used && status == EAE_OK; s++) {
        if (!(values[s] > REPEATED * values[used - 1]))
            continue;
        for (int64_t t = 0; t < used; t++)
            f->turn[f->terms * width + t] = mean[s * used + t] / sqrt(values[s]);
        f->terms++;
    }
    free(mean);
    free(values);
    return status;
}

int eae_tall_free_open(eae_tall_free *f, const eae_kernels *kernels, const double *u,
                       int64_t covariates, const double *weight, int64_t rows, bool intercept)
{
    *f = (eae_tall_free){
        .kernels = kernels, .rows = rows, .covariates = covariates, .intercept = intercept};
    int status = make_turn(f, u, weight);
    if (status == EAE_OK)
        f->e = eae_try_alloc((size_t)(rows * f->terms), sizeof(double), "covariates");
    if (!f->e) {
        eae_tall_free_close(f);
        return EAE_FAIL;
    }
    for (int64_t i = 0; i < rows; i++) {
        for (int64_t t = 0; t < f->terms; t++) {
            const double *turn = f->turn + t * (covariates + 1);
            double sum = turn[covariates];
            for (int64_t c = 0; c < covariates; c++)
                sum += turn[c] * u[i * covariates + c];
            f->e[i * f->terms + t] = sum;
        }
    }
    return EAE_OK;
}

void eae_tall_free_close(eae_tall_free *f)
{
    free(f->e);
    free(f->turn);
    *f = (eae_tall_free){0};
}

double eae_tall_free_turn_back(const eae_tall_free *f, const double *g, double *gamma)
{
    double intercept = 0;
    for (int64_t c = 0; c <= f->covariates; c++) {
        double sum = 0;
        for (int64_t t = 0; t < f->terms; t++)
            sum += f->turn[t * (f->covariates + 1) + c] * g[t];
        if (c < f->covariates)
            gamma[c] = sum;
        else
            intercept = sum;
    }
    return intercept;
}

/* ---- Newton's method in `terms` numbers ------------------------------------------------------ */

/* A convex function of `terms` numbers: its value, and where asked for minus its gradient and its
 * second derivatives (the lower triangle). */
typedef double (*convex)(const void *context, const double *x, double *slope, double *second);

static void add_square(const eae_tall_free *f, int64_t i, double weight, double *second)
{
    const double *e = f->e + i * f->terms;
    for (int64_t s = 0; s < f->terms && weight != 0; s++) {
        for (int64_t t = 0; t <= s; t++)
            second[s * f->terms + t] += weight * e[s] * e[t];
    }
}

/* The step from x; false where there is none. */
static bool newton_step(const eae_tall_free *f, double *second, double *step)
{
    int64_t k = f->terms;
    double trace = 0;
    for (int64_t t = 0; t < k; t++)
        trace += second[t * k + t];
    for (int64_t t = 0; t < k; t++)
        second[t * k + t] += RIDGE * trace / (double)k + DBL_MIN;
    return f->kernels->cholesky(second, k) == EAE_OK &&
           f->kernels->cholesky_solve(second, k, step, 1) == EAE_OK;
}

static double length_of(const double *v, int64_t k)
{
    double sum = 0;
    for (int64_t t = 0; t < k; t++)
        sum += v[t] * v[t];
    return sqrt(sum);
}

typedef struct {
    double *x, *slope, *second, value;
} point;

/* The longest of step, step/2, ... from `at` that lowers the value, or halves the slope, as it does
 * where the value no longer changes for rounding. */
static bool search(const eae_tall_free *f, convex function, const void *context, const point *at,
                   const double *step, point *next)
{
    int64_t k = f->terms;
    double along = 0, size = 1;
    for (int64_t t = 0; t < k; t++)
        along += at->slope[t] * step[t];
    bool settled = !(along > ROUNDING * fabs(at->value));
    for (int h = 0; h < (settled ? 1 : HALVINGS); h++, size /= 2) {
        for (int64_t t = 0; t < k; t++)
            next->x[t] = at->x[t] + size * step[t];
        next->value = function(context, next->x, next->slope, next->second);
        if (!settled && next->value <= at->value - 1e-4 * size * along)
            return true;
        if (h == 0 && length_of(next->slope, k) <= length_of(at->slope, k) / 2)
            return true;
    }
    return false;
}

/* x becomes the minimum, as near as rounding lets it. */
static double newton(const eae_tall_free *f, convex function, const void *context, double *x)
{
    int64_t k = f->terms, each = 2 * k + k * k;
    double *memory = EAE_NEW_ARRAY(double, 2 * each + k), *step = memory + 2 * each;
    point at = {memory, memory + k, memory + 2 * k, 0}, next = at;
    next.x += each;
    next.slope += each;
    next.second += each;
    memcpy(at.x, x, (size_t)k * sizeof *x);
    at.value = function(context, at.x, at.slope, at.second);
    for (int n = 0; n < NEWTON_MOST && length_of(at.slope, k) > 0; n++) {
        memcpy(step, at.slope, (size_t)k * sizeof *step);
        if (!newton_step(f, at.second, step) || !search(f, function, context, &at, step, &next))
            break;
        point before = at;
        at = next;
        next = before;
    }
    memcpy(x, at.x, (size_t)k * sizeof *x);
    double value = at.value;
    free(memory);
    return value;
}

static void clear(const eae_tall_free *f, double *slope, double *second)
{
    memset(slope, 0, (size_t)f->terms * sizeof *slope);
    memset(second, 0, (size_t)(f->terms * f->terms) * sizeof *second);
}

/* ---- projection ------------------------------------------------------------------------------ */

typedef struct {
    const eae_tall_free *f;
    const eae_tall_rows *rows;
    const double *target, *h;
} projection;

static double within(const eae_tall_rows *r, int64_t i, double beta, bool *inside)
{
    double a = r->y[i] * beta;
    bool above = r->loss != EAE_LOSS_SQUARED_HINGE && r->loss != EAE_LOSS_SQUARED && a > r->cost[i];
    bool below = r->loss != EAE_LOSS_SQUARED && a < 0;
    *inside = !above && !below;
    return below ? 0 : above ? r->y[i] * r->cost[i] : beta;
}

/* Minus the dual: its slope is sum_i beta_i e_i. */
static double minus_dual(const void *context, const double *lambda, double *slope, double *second)
{
    const projection *p = context;
    const eae_tall_free *f = p->f;
    double sum = 0;
    if (slope && second)
        clear(f, slope, second);
    for (int64_t i = 0; i < f->rows; i++) {
        if (!(p->rows->cost[i] > 0) || !(p->h[i] > 0))
            continue;
        bool inside;
        double v = eae_tall_free_value(f, i, lambda);
        double beta = within(p->rows, i, p->target[i] - p->h[i] * v, &inside);
        double d = beta - p->target[i];
        sum -= d * d / (2 * p->h[i]) + beta * v;
        if (second)
            eae_tall_free_add(f, i, beta, slope);
        if (second && inside)
            add_square(f, i, p->h[i], second);
    }
    return sum;
}

void eae_tall_free_project(const eae_tall_free *f, const eae_tall_rows *rows, const double *target,
                           const double *h, double *beta, double *lambda)
{
    projection p = {f, rows, target, h};
    newton(f, minus_dual, &p, lambda);
    for (int64_t i = 0; i < f->rows; i++) {
        bool inside;
        if (rows->cost[i] > 0 && h[i] > 0)
            beta[i] =
                within(rows, i, target[i] - h[i] * eae_tall_free_value(f, i, lambda), &inside);
        else
            beta[i] = 0;
    }
}

/* ---- the best g ------------------------------------------------------------------------------ */

typedef struct {
    const eae_tall_free *f;
    const eae_tall_rows *rows;
    const double *value;
} losses;

static double total_loss(const void *context, const double *g, double *slope, double *second)
{
    const losses *l = context;
    const eae_tall_rows *r = l->rows;
    double sum = 0;
    if (slope && second)
        clear(l->f, slope, second);
    for (int64_t i = 0; i < l->f->rows; i++) {
        if (!(r->cost[i] > 0))
            continue;
        double v = l->value[i] + eae_tall_free_value(l->f, i, g);
        sum += r->cost[i] * eae_loss_value(r->loss, r->y[i], v);
        if (!second)
            continue;
        eae_tall_free_add(l->f, i, -r->cost[i] * eae_loss_slope(r->loss, r->y[i], v), slope);
        add_square(l->f, i, r->cost[i] * eae_loss_curvature(r->loss, r->y[i], v), second);
    }
    return sum;
}

/* Proximal steps in the dual: sum_i beta_i (y_i - v_i). */
static double minimise_hinge(const losses *l, const double *beta, double enough, double *g)
{
    const eae_tall_free *f = l->f;
    const eae_tall_rows *r = l->rows;
    double *now = EAE_NEW_ARRAY(double, 3 * f->rows), *target = now + f->rows;
    double *h = target + f->rows, *at = EAE_NEW_ARRAY(double, f->terms);
    double best = total_loss(l, g, NULL, NULL), length = 1;
    memcpy(now, beta, (size_t)f->rows * sizeof *now);
    memcpy(at, g, (size_t)f->terms * sizeof *at);
    for (int n = 0; n < PROXIMAL_MOST; n++, length *= 4) {
        double dual = 0;
        for (int64_t i = 0; i < f->rows; i++) {
            h[i] = length * r->cost[i];
            target[i] = now[i] + h[i] * (r->y[i] - l->value[i]);
        }
        eae_tall_free_project(f, r, target, h, now, at);
        for (int64_t i = 0; i < f->rows; i++)
            dual += now[i] * (r->y[i] - l->value[i]);
        double value = total_loss(l, at, NULL, NULL);
        if (value < best) {
            best = value;
            memcpy(g, at, (size_t)f->terms * sizeof *g);
        }
        if (best - dual <= enough)
            break;
    }
    free(now);
    free(at);
    return best;
}

double eae_tall_free_minimise(const eae_tall_free *f, const eae_tall_rows *rows,
                              const double *value, const double *beta, double enough, double *g)
{
    losses l = {f, rows, value};
    return rows->loss == EAE_LOSS_HINGE ? minimise_hinge(&l, beta, enough, g)
                                        : newton(f, total_loss, &l, g);
}
