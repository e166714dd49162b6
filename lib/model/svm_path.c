/* svm_path.c - moves of the active set: a feature leaves, entries leave and come in. See
 * svm_path.h. */
#include "model/svm_path.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clones.h"

/* Below these, relative to 1 or to what they are subtracted from, a number is rounding. */
static const double no_curvature = 1e-12, no_component = 1e-13;
/* So is a curvature below no_curvature times this of the Gram matrix that features were taken from:
 * what is left of it keeps its absolute errors. */
static const double inherited = 1e-2;
/* Directions over less curvature than this, of what it is the rest of, are refined. */
static const double weak = 1e-3;
/* Refinement may leave an entry this far outside its box, relative to the largest entry. */
static const double box_margin = 1e-14;
/* Where a correction leaves more than this part of an error, M is made anew. */
static const double poor = 1e-7;
/* Residuals, in units of rounding, from which on every step is corrected, and below which no more.
 */
static const double large = 100, small = 10;

enum { REFINEMENTS = 8, CORRECTIONS = 3 };

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

/* out[k] = (H y + E y_lambda) at list[k] */
static int apply(eae_svm_path *p, const int64_t *list, int64_t count, const double *y, double *out)
{
    double sum = 0;
    if (eae_svm_gram_product(p->gram, list, count, y, out))
        return EAE_FAIL;
    for (int64_t i = 0; i < p->n && p->shift != 0; i++)
        sum += p->shift * y[i];
    for (int64_t k = 0; k < count; k++) {
        int64_t i = list[k];
        out[k] += sum + p->diagonal[i] * y[i];
        for (int64_t t = 0; t < p->terms; t++)
            out[k] += p->e[t * p->n + i] * y[p->n + t];
    }
    return EAE_OK;
}

int eae_svm_path_multipliers(eae_svm_path *p, const int64_t *list, int64_t count, double *out)
{
    const double *target = p->dual.qp.p;
    if (apply(p, list, count, p->x, out))
        return EAE_FAIL;
    for (int64_t k = 0; k < count; k++)
        out[k] -= target[list[k]];
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

/* What a curvature of entry i is compared with, to see whether it is rounding. */
static double curvature_scale(const eae_svm_path *p, int64_t i)
{
    return diagonal_of_h(p, i) + inherited * p->gram->scale;
}

/* p->row = row i of M; false where entry i is fixed by the border, so that nothing is left without
 * it. */
static bool can_leave(eae_svm_path *p, int64_t i)
{
    eae_inverse_row(&p->inverse, i, p->list, in_use(p), p->row);
    return p->row[i] * curvature_scale(p, i) > no_curvature;
}

/* d -= row (d_i / M_ii): the direction without entry i. Returns what its curvature gains. */
static double without(eae_svm_path *p, int64_t i, double *d)
{
    double by = d[i] / p->row[i], gain = d[i] * by;
    add(-by, p->row, p->order, d);
    d[i] = 0;
    return gain;
}

/* A direction y is one along which the gradient stays as it is on S, but for `by` z:
 *
 *     H_SS y_S + (H y)_S of other entries + E_S y_lambda = by z_S,  E'y = 0
 *
 * Corrects y by M times what is missing; *missing: the largest part of that before. */
static int correct(eae_svm_path *p, double *y, double by, const double *z, double *missing)
{
    double *r = p->c, *change = p->row;
    memset(r, 0, (size_t)p->order * sizeof *r);
    *missing = 0;
    if (apply(p, p->list, p->free, y, p->g))
        return EAE_FAIL;
    for (int64_t a = 0; a < p->free; a++) {
        int64_t i = p->list[a];
        r[i] = (z ? by * z[i] : 0) - p->g[a];
        *missing = fmax(*missing, fabs(r[i]));
    }
    for (int64_t t = 0; t < p->terms; t++)
        r[p->n + t] = -eae_gram_dot(p->e + t * p->n, y, p->n);
    if (eae_inverse_product(&p->inverse, p->list, in_use(p), r, change))
        return EAE_FAIL;
    add(1, change, p->order, y);
    return EAE_OK;
}

/* Corrections until they do not help; `size`: of what y was solved for. */
static int refine(eae_svm_path *p, double *y, const double *z, double size)
{
    double before = size;
    for (int k = 0; k < CORRECTIONS; k++) {
        double missing, by = 1;
        for (int64_t a = 0; a < p->free && z; a++)
            by -= z[p->list[a]] * y[p->list[a]];
        if (correct(p, y, by, z, &missing))
            return EAE_FAIL;
        p->stale |= !(missing <= poor * before || missing <= 1e-13 * size);
        if (!(missing > 1e-15 * size && missing < before / 2))
            return EAE_OK;
        before = missing;
    }
    return EAE_OK;
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
    if (p->free == p->terms) { /* no freedom: only the multipliers of the border move */
        memset(p->u, 0, (size_t)p->n * sizeof *p->u);
        return EAE_OK;
    }
    for (int64_t a = 0; a < p->free; a++)
        *k -= z[p->list[a]] * p->u[p->list[a]];
    if (*k > weak)
        return EAE_OK;
    if (refine(p, p->u, z, largest_of(z, p->n)))
        return EAE_FAIL;
    *k = 1;
    for (int64_t a = 0; a < p->free; a++)
        *k -= z[p->list[a]] * p->u[p->list[a]];
    return EAE_OK;
}

/* What is left of a step where nothing is free: M was made from K, without z, by leave(). */
static int border_moves(eae_svm_path *p, const double *z, double by)
{
    memset(p->c, 0, (size_t)p->order * sizeof *p->c);
    for (int64_t a = 0; a < p->free; a++)
        p->c[p->list[a]] = z[p->list[a]];
    if (eae_inverse_product(&p->inverse, p->list, in_use(p), p->c, p->u))
        return EAE_FAIL;
    advance(p, by, p->u);
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
        if (p->free == p->terms)
            return border_moves(p, z, sign * left);
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
    double s = own, *c = p->u; /* kept: refining needs p->c */
    memcpy(c, p->c, (size_t)p->order * sizeof *c);
    for (int64_t a = 0; a < in_use(p); a++) {
        int64_t i = p->list[a];
        p->v[i] = -p->v[i];
        s += c[i] * p->v[i];
    }
    p->v[j] = 1;
    if (!(s > weak * own)) {
        if (refine(p, p->v, NULL, curvature_scale(p, j)))
            return EAE_FAIL;
        s = own;
        for (int64_t a = 0; a < in_use(p); a++)
            s += c[p->list[a]] * p->v[p->list[a]];
    }
    *curvature = s > no_curvature * curvature_scale(p, j) ? s : 0;
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

/* The entry whose multiplier is wrong, and it; -1: none. The worst, or the first while moves have
 * length 0. */
static int find_violation(eae_svm_path *p, int64_t *pick, double *multiplier)
{
    int64_t count = list_bound(p);
    double worst = p->slack;
    *pick = -1;
    if (count > 0 && eae_svm_path_multipliers(p, p->bound, count, p->g))
        return EAE_FAIL;
    for (int64_t a = 0; a < count && !(p->stalled && *pick >= 0); a++) {
        double v = violation(p, p->bound[a], p->g[a]);
        if (v > worst) {
            worst = v;
            *multiplier = p->g[a];
            *pick = p->bound[a];
        }
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

/* What rounding makes of a multiplier: the size of the terms of H b and of E lambda. */
static double rounding(const eae_svm_path *p)
{
    double sum = 0, largest = 0, border = 0;
    for (int64_t i = 0; i < p->n; i++) {
        double h = diagonal_of_h(p, i), root = h > 0 ? sqrt(h) : 0, line = 0;
        for (int64_t t = 0; t < p->terms; t++)
            line += fabs(p->e[t * p->n + i] * p->x[p->n + t]);
        sum += root * fabs(p->x[i]);
        largest = root > largest ? root : largest;
        border = line > border ? line : border;
    }
    return DBL_EPSILON * (4 + largest * sum / 4 + border);
}

/* The free entries by refinement with M, in the box: an entry that would leave it goes to its
 * bound. Not *settled: M is not good enough. */
static int settle(eae_svm_path *p, bool *settled)
{
    double before = INFINITY, worst, infeasible, step;
    bool again = false; /* after an entry has left */
    *settled = false;
    for (int k = 0; k < REFINEMENTS; k++) {
        if (residual(p, &worst, &infeasible))
            return EAE_FAIL;
        double least = rounding(p);
        *settled = worst <= 8 * least && infeasible <= 1e-14;
        if (k == 0 && !again)
            p->careful = worst > (p->careful ? small : large) * least;
        bool enough = *settled && (worst <= least || worst > before / 2);
        if (enough || p->unchecked > 0)
            p->residual = fmax(p->residual, worst);
        p->unchecked = 0;
        p->slack = 2 * fmax(least, worst);
        if (enough || !isfinite(worst))
            return EAE_OK;
        p->stale |= k > 0 && worst > 8 * least && worst > poor * before;
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
        moved(p, step);
        double direction = p->u[i];
        if (!can_leave(p, i))
            return EAE_OK;
        if (leave(p, i, direction))
            return EAE_FAIL;
        k = -1;
        again = true;
    }
    return EAE_OK;
}

int eae_svm_path_optimise(eae_svm_path *p)
{
    bool settled, anew = false;
    int64_t pick, limit = 100 + 20 * p->n;
    double multiplier = 0;
    p->stalled = false;
    for (int64_t k = 0; k < limit && !p->lost; k++) {
        if (settle(p, &settled))
            return EAE_FAIL;
        if (!settled || p->stale) {
            p->lost = anew && !settled;
            if (!anew && eae_svm_path_remake(p))
                return EAE_FAIL;
            anew = true;
            if (!settled)
                continue;
        }
        double rounds = 1 + (double)k / (double)(p->n + 20); /* rounding may go round in circles */
        p->slack *= rounds * rounds;
        if (find_violation(p, &pick, &multiplier))
            return EAE_FAIL;
        if (pick < 0)
            return EAE_OK;
        if (eae_svm_path_enter(p, pick, multiplier))
            return EAE_FAIL;
        anew = false;
    }
    p->lost = true;
    return EAE_OK;
}

int eae_svm_path_remove(eae_svm_path *p, const double *z, double w, bool polish)
{
    double weakest = 1, multiplier;
    int64_t pivots = p->pivots, pick = -1;
    if (p->lost)
        return eae_svm_path_polish(p);
    p->stalled = false;
    if (take_out(p, z, w, &weakest))
        return EAE_FAIL;
    polish = polish || p->lost || p->careful || p->stale || weakest < weak || p->pivots != pivots;
    if (!polish && find_violation(p, &pick, &multiplier))
        return EAE_FAIL;
    if (polish || pick >= 0)
        return eae_svm_path_polish(p);
    p->unchecked++;
    return EAE_OK;
}
