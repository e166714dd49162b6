/* svm_path.c - moves of the active set: a feature leaves, entries leave and come in. See
 * svm_path.h. */
#include "model/svm_path.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clones.h"

/* Below these, relative to 1 or to what they are subtracted from, a number is rounding. */
static const double no_curvature = 1e-13, no_component = 1e-13;
/* Steps over less curvature than this are checked at once. */
static const double weak = 1e-3;

/* Refinement may leave an entry this far outside its box, relative to the largest entry. */
static const double box_margin = 1e-14;

enum { REFINEMENTS = 8 };

void eae_svm_path_list(eae_svm_path *p)
{
    p->free = 0;
    for (int64_t i = 0; i < p->n; i++) {
        if (p->state[i] == EAE_QP_FREE)
            p->list[p->free++] = i;
    }
    for (int64_t t = 0; t < p->terms; t++)
        p->list[p->free + t] = p->n + t;
}

static int64_t in_use(const eae_svm_path *p)
{
    return p->free + p->terms;
}

static double border_value(const eae_svm_path *p, int64_t i)
{
    double value = 0;
    for (int64_t t = 0; t < p->terms; t++)
        value += p->e[t * p->n + i] * p->x[p->n + t];
    return value;
}

int eae_svm_path_multipliers(eae_svm_path *p, const int64_t *list, int64_t count, double *out)
{
    const double *target = p->dual.qp.p;
    double sum = 0;
    if (eae_svm_gram_product(p->gram, list, count, p->x, out))
        return EAE_FAIL;
    for (int64_t i = 0; i < p->n && p->shift != 0; i++)
        sum += p->shift * p->x[i];
    for (int64_t k = 0; k < count; k++) {
        int64_t i = list[k];
        out[k] += sum + p->diagonal[i] * p->x[i] - target[i] + border_value(p, i);
    }
    return EAE_OK;
}

EAE_CLONES static void add(double by, const double *restrict d, int64_t n, double *restrict x)
{
    for (int64_t i = 0; i < n; i++)
        x[i] += by * d[i];
}

static void advance(eae_svm_path *p, double by, const double *d)
{
    add(by, d, p->order, p->x);
}

static double room(const eae_svm_path *p, int64_t i, double direction)
{
    double r = direction > 0 ? p->dual.hi[i] - p->x[i] : p->x[i] - p->dual.lo[i];
    return r > 0 ? r : 0;
}

static double largest_of(const double *d, int64_t n)
{
    double largest = 0;
    for (int64_t i = 0; i < n; i++)
        largest = fabs(d[i]) > largest ? fabs(d[i]) : largest;
    return largest;
}

/* Whether any entry may have less room than the move takes; for all of them at once, because most
 * moves are free. */
EAE_CLONES static int may_block(const double *restrict x, const double *restrict lo,
                                const double *restrict hi, const double *restrict d, double by,
                                double margin, int64_t n)
{
    int any = 0;
    for (int64_t i = 0; i < n; i++) {
        double to = x[i] + by * d[i];
        any |= to > hi[i] + margin || to < lo[i] - margin;
    }
    return any;
}

/* The entry of S that stops a move along sign * d in the box, widened by `margin`, before it is
 * *step long, and where: in *step. -1: none does. Of several the one that moves most, or the first
 * while moves have length 0. */
static int64_t blocking(const eae_svm_path *p, const double *d, double sign, double margin,
                        double *step)
{
    int64_t pick = -1;
    double best = *step, tiny = -1;
    if (!may_block(p->x, p->dual.lo, p->dual.hi, d, sign * best, margin, p->n))
        return -1;
    for (int64_t k = 0; k < p->free; k++) {
        int64_t i = p->list[k];
        double size = fabs(d[i]), free_way = room(p, i, sign * d[i]) + margin;
        if (free_way > best * size || size == 0)
            continue;
        if (tiny < 0)
            tiny = no_component * largest_of(d, p->n);
        double t = free_way / size;
        if (size <= tiny || !(t < INFINITY))
            continue;
        if (t < best || (t == best && pick >= 0 && !p->stalled && size > fabs(d[pick]))) {
            best = t;
            pick = i;
        }
    }
    *step = best;
    return pick;
}

static void moved(eae_svm_path *p, double step)
{
    p->stalled = step == 0;
    p->pivots++;
}

/* Entry i of S stays at the bound that it reached; M_ii is p->row[i], p->row row i of M. */
static int leave(eae_svm_path *p, int64_t i, double direction)
{
    if (eae_inverse_update(&p->inverse, p->list, in_use(p), p->row, -1 / p->row[i]))
        return EAE_FAIL;
    p->state[i] = direction > 0 ? EAE_QP_HIGH : EAE_QP_LOW;
    p->x[i] = direction > 0 ? p->dual.hi[i] : p->dual.lo[i];
    p->dirty[i] = true;
    eae_svm_path_list(p);
    return p->free == p->terms ? eae_svm_path_basis(p) : EAE_OK;
}

static double diagonal_of_h(const eae_svm_path *p, int64_t i)
{
    return p->gram->g[i * p->gram->ld + i] + p->shift + p->diagonal[i];
}

/* p->row = row i of M; false where entry i is fixed by the border, so that nothing is left without
 * it. */
static bool can_leave(eae_svm_path *p, int64_t i)
{
    eae_inverse_row(&p->inverse, i, p->list, in_use(p), p->row);
    return p->row[i] * diagonal_of_h(p, i) > no_curvature;
}

/* d -= row (d_i / M_ii): the direction without entry i. Returns what its curvature gains. */
static double without(eae_svm_path *p, int64_t i, double *d)
{
    double by = d[i] / p->row[i], gain = d[i] * by;
    add(-by, p->row, p->order, d);
    d[i] = 0;
    return gain;
}

/* ---- a feature leaves ------------------------------------------------------------------------ */

/* u = M [z_S; 0]; returns 1 - z_S'u_S */
static int first_direction(eae_svm_path *p, const double *z, double *k)
{
    memset(p->c, 0, (size_t)p->order * sizeof *p->c);
    for (int64_t a = 0; a < p->free; a++)
        p->c[p->list[a]] = z[p->list[a]];
    if (eae_inverse_product(&p->inverse, p->list, in_use(p), p->c, p->u))
        return EAE_FAIL;
    *k = 1;
    if (p->free == p->terms) /* no freedom: only the multipliers of the border move */
        memset(p->u, 0, (size_t)p->n * sizeof *p->u);
    for (int64_t a = 0; a < p->free; a++)
        *k -= z[p->list[a]] * p->u[p->list[a]];
    return EAE_OK;
}

/* The moves of one removal; *weakest: the least curvature of a full step. */
static int take_out(eae_svm_path *p, const double *z, double w, double *weakest)
{
    double k, sign = w < 0 ? -1 : 1, left = fabs(w), step;
    if (first_direction(p, z, &k))
        return EAE_FAIL;
    for (;;) {
        double full = k > no_curvature ? left / k : INFINITY;
        step = full;
        int64_t i = blocking(p, p->u, sign, 0, &step);
        if (i < 0) {
            p->lost |= full == INFINITY;
            *weakest = k;
            if (p->lost)
                return EAE_OK;
            advance(p, sign * full, p->u);
            return eae_inverse_update(&p->inverse, p->list, in_use(p), p->u, 1 / k);
        }
        advance(p, sign * step, p->u);
        moved(p, step);
        left = fmax(left - step * k, 0);
        double direction = sign * p->u[i];
        if (!can_leave(p, i)) {
            p->lost = true;
            return EAE_OK;
        }
        k += without(p, i, p->u);
        if (leave(p, i, direction))
            return EAE_FAIL;
        if (p->free == p->terms) {
            memset(p->u, 0, (size_t)p->n * sizeof *p->u);
            k = 1;
        }
    }
}

/* ---- an entry comes in ----------------------------------------------------------------------- */

/* v: what S and the border do while entry j moves by 1; returns the curvature along v. */
static int entering_direction(eae_svm_path *p, int64_t j, double *curvature)
{
    double *h = p->g;
    eae_svm_gram_row(p->gram, j, h);
    double own = h[j] + p->shift + p->diagonal[j];
    memset(p->c, 0, (size_t)p->order * sizeof *p->c);
    for (int64_t a = 0; a < p->free; a++)
        p->c[p->list[a]] = h[p->list[a]] + p->shift;
    for (int64_t t = 0; t < p->terms; t++)
        p->c[p->n + t] = p->e[t * p->n + j];
    if (eae_inverse_product(&p->inverse, p->list, in_use(p), p->c, p->v))
        return EAE_FAIL;
    double s = own;
    for (int64_t a = 0; a < in_use(p); a++) {
        int64_t i = p->list[a];
        p->v[i] = -p->v[i];
        s += p->c[i] * p->v[i];
    }
    p->v[j] = 1;
    *curvature = s > no_curvature * own ? s : 0;
    return EAE_OK;
}

static int take_in(eae_svm_path *p, int64_t j, double curvature)
{
    p->state[j] = EAE_QP_FREE;
    eae_svm_path_list(p);
    return eae_inverse_update(&p->inverse, p->list, in_use(p), p->v, 1 / curvature);
}

/* Entry j comes in where i goes, which the border alone held: with m = column i of M, M_ii = 0,
 *
 *     M - (m q' + q m') / v_i,  q = v + m s / (2 v_i)
 *
 * (the limit of bordering by j and deflation of i), as the difference of two squares. */
static int exchange(eae_svm_path *p, int64_t i, int64_t j, double direction, double curvature,
                    double multiplier)
{
    double vi = p->v[i], size_m = 0, size_q = 0;
    for (int64_t k = 0; k < p->n; k++)
        p->row[k] = 0;
    for (int64_t k = 0; k < p->order; k++) {
        p->c[k] = p->v[k] + p->row[k] * (curvature / (2 * vi));
        size_m = fmax(size_m, fabs(p->row[k]));
        size_q = fmax(size_q, fabs(p->c[k]));
    }
    for (int64_t t = 0; t < p->terms; t++)
        p->x[p->n + t] += p->row[p->n + t] / vi * multiplier;
    double scale = size_q / size_m;
    p->state[j] = EAE_QP_FREE;
    eae_svm_path_list(p);
    for (int k = 0; k < 2; k++) {
        for (int64_t a = 0; a < p->order; a++)
            p->v[a] = scale * p->row[a] + (k ? -p->c[a] : p->c[a]);
        if (eae_inverse_update(&p->inverse, p->list, in_use(p), p->v,
                               (k ? 1 : -1) / (2 * scale * vi)))
            return EAE_FAIL;
    }
    p->state[i] = direction > 0 ? EAE_QP_HIGH : EAE_QP_LOW;
    p->x[i] = direction > 0 ? p->dual.hi[i] : p->dual.lo[i];
    p->dirty[i] = true;
    eae_svm_path_list(p);
    return p->free == p->terms ? eae_svm_path_basis(p) : EAE_OK;
}

static void to_bound(eae_svm_path *p, int64_t j, double sign)
{
    p->state[j] = sign > 0 ? EAE_QP_HIGH : EAE_QP_LOW;
    p->x[j] = sign > 0 ? p->dual.hi[j] : p->dual.lo[j];
}

int eae_svm_path_enter(eae_svm_path *p, int64_t j, double multiplier)
{
    double s, sign = multiplier > 0 ? -1 : 1;
    if (p->dirty[j]) {
        if (eae_inverse_flush(&p->inverse, p->list, in_use(p)))
            return EAE_FAIL;
        memset(p->dirty, 0, (size_t)p->n * sizeof *p->dirty);
    }
    if (entering_direction(p, j, &s))
        return EAE_FAIL;
    for (;;) {
        double full = s > 0 ? fabs(multiplier) / s : INFINITY, own = room(p, j, sign);
        double step = fmin(full, own);
        int64_t i = blocking(p, p->v, sign, 0, &step);
        p->lost |= step == INFINITY;
        if (p->lost)
            return EAE_OK;
        advance(p, sign * step, p->v);
        moved(p, step);
        multiplier += sign * step * s;
        if (i < 0 && step == full)
            return take_in(p, j, s);
        if (i < 0) {
            to_bound(p, j, sign);
            return EAE_OK;
        }
        double direction = sign * p->v[i];
        if (!can_leave(p, i))
            return exchange(p, i, j, direction, s, multiplier);
        s += without(p, i, p->v);
        if (leave(p, i, direction))
            return EAE_FAIL;
    }
}

/* ---- optimality ------------------------------------------------------------------------------ */

static double violation(const eae_svm_path *p, int64_t i, double multiplier)
{
    return p->state[i] == EAE_QP_LOW ? -multiplier : multiplier;
}

static int64_t list_bound(eae_svm_path *p)
{
    int64_t count = 0;
    for (int64_t i = 0; i < p->n; i++) {
        if (p->state[i] == EAE_QP_LOW || p->state[i] == EAE_QP_HIGH)
            p->bound[count++] = i;
    }
    return count;
}

int eae_svm_path_optimise(eae_svm_path *p)
{
    int64_t limit = 100 + 20 * p->n;
    p->stalled = false;
    for (int64_t k = 0; !p->lost; k++) {
        int64_t count = list_bound(p), pick = -1;
        double worst = p->slack, multiplier = 0;
        if (count == 0)
            return EAE_OK;
        if (eae_svm_path_multipliers(p, p->bound, count, p->g))
            return EAE_FAIL;
        for (int64_t a = 0; a < count && !(p->stalled && pick >= 0); a++) {
            double v = violation(p, p->bound[a], p->g[a]);
            if (v > worst) {
                worst = v;
                multiplier = p->g[a];
                pick = p->bound[a];
            }
        }
        if (pick < 0)
            return EAE_OK;
        if (k >= limit)
            p->lost = true;
        else if (eae_svm_path_enter(p, pick, multiplier))
            return EAE_FAIL;
    }
    return EAE_OK;
}

/* Residual of the free entries (negated, in c) and of E'b; returns the largest. */
static int residual(eae_svm_path *p, double *worst, double *infeasible)
{
    *worst = *infeasible = 0;
    memset(p->c, 0, (size_t)p->order * sizeof *p->c);
    if (eae_svm_path_multipliers(p, p->list, p->free, p->g))
        return EAE_FAIL;
    for (int64_t a = 0; a < p->free; a++) {
        p->c[p->list[a]] = -p->g[a];
        *worst = fmax(*worst, fabs(p->g[a]));
    }
    for (int64_t t = 0; t < p->terms; t++) {
        const double *e = p->e + t * p->n;
        double sum = 0, size = 0;
        for (int64_t i = 0; i < p->n; i++) {
            sum += e[i] * p->x[i];
            size += fabs(e[i] * p->x[i]);
        }
        p->c[p->n + t] = -sum;
        *infeasible = fmax(*infeasible, size > 0 ? fabs(sum) / size : 0);
    }
    return EAE_OK;
}

/* What rounding makes of f: the size of the terms of H b. */
static double rounding(const eae_svm_path *p)
{
    double sum = 0, largest = 0;
    for (int64_t i = 0; i < p->n; i++) {
        double root = sqrt(fmax(diagonal_of_h(p, i), 0));
        sum += root * fabs(p->x[i]);
        largest = fmax(largest, root);
    }
    return DBL_EPSILON * (4 + largest * sum / 4);
}

int eae_svm_path_settle(eae_svm_path *p, bool *settled)
{
    double before = INFINITY, worst, infeasible, step;
    *settled = false;
    for (int k = 0; k < REFINEMENTS; k++) {
        if (residual(p, &worst, &infeasible))
            return EAE_FAIL;
        p->slack = rounding(p);
        *settled = worst <= 8 * p->slack && infeasible <= 1e-14;
        if (k == 0)
            p->drift = fmax(p->drift, worst);
        if (*settled && (worst <= p->slack || worst > before / 2))
            return EAE_OK;
        if (!isfinite(worst))
            return EAE_OK;
        before = worst;
        if (eae_inverse_product(&p->inverse, p->list, in_use(p), p->c, p->u))
            return EAE_FAIL;
        step = 1;
        int64_t i = blocking(p, p->u, 1, box_margin * largest_of(p->x, p->n), &step);
        if (i < 0) {
            advance(p, 1, p->u);
            continue;
        }
        advance(p, step, p->u);
        double direction = p->u[i];
        if (!can_leave(p, i))
            return EAE_OK;
        if (leave(p, i, direction))
            return EAE_FAIL;
        k = -1;
    }
    return EAE_OK;
}

int eae_svm_path_remove(eae_svm_path *p, const double *z, double w, bool polish)
{
    double weakest = 1;
    int64_t pivots = p->pivots;
    if (p->lost)
        return eae_svm_path_polish(p);
    p->stalled = false;
    if (take_out(p, z, w, &weakest) || eae_svm_path_optimise(p))
        return EAE_FAIL;
    if (polish || p->lost || weakest < weak || p->pivots != pivots)
        return eae_svm_path_polish(p);
    return EAE_OK;
}
