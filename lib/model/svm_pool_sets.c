/* svm_pool_sets.c - the sets, their bounds, and choosing them anew; see svm_pool_parts.h. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clones.h"
#include "base/memory.h"
#include "model/svm_pool_parts.h"

/* What it costs to score a feature for a set, where looking at a near one costs 1: inside they are
 * in whole numbers already. */
static const double cost[EAE_POOL_SETS] = {2, 14, 14};
/* How many features a set is to have when it is made for the first time. */
static const int64_t first[EAE_POOL_SETS] = {256, 1500, 8000};

/* ---- bounds ---------------------------------------------------------------------------------- */

/* a F(r / a): nothing outside has a smaller score while |b - a b_e| <= r. */
static double bound_at(const eae_pool_epoch *e, double a, double r)
{
    double x = r / a;
    for (int k = 0; k + 1 < EAE_POOL_GRID; k++) {
        if (x <= e->x[k + 1]) {
            double part = e->x[k + 1] > e->x[k] ? (x - e->x[k]) / (e->x[k + 1] - e->x[k]) : 1;
            return a * (e->f[k] + part * (e->f[k + 1] - e->f[k])) * (1 - 1e-12);
        }
    }
    return -INFINITY;
}

/* Sums of (b - c)^2 and of (b - c) c in one pass and a fixed order. */
EAE_CLONES static void difference(const double *b, const double *c, int64_t n, double *square,
                                  double *dot)
{
    double s[8] = {0}, t[8] = {0};
    int64_t i = 0;
    for (; i + 8 <= n; i += 8) {
        for (int k = 0; k < 8; k++) {
            double d = b[i + k] - c[i + k];
            s[k] += d * d;
            t[k] += d * c[i + k];
        }
    }
    for (int k = 0; i < n; i++, k++) {
        double d = b[i] - c[i];
        s[k] += d * d;
        t[k] += d * c[i];
    }
    *square = ((s[0] + s[4]) + (s[1] + s[5])) + ((s[2] + s[6]) + (s[3] + s[7]));
    *dot = ((t[0] + t[4]) + (t[1] + t[5])) + ((t[2] + t[6]) + (t[3] + t[7]));
}

/* The a of the least r: with d = b - b_e, r^2 = d'd - (d'b_e)^2 / b_e'b_e. */
static void look(const eae_svm_pool *p, eae_pool_epoch *e)
{
    double square, dot;
    if (!e->since)
        return;
    difference(p->present, e->b, p->spec.n * p->spec.sides, &square, &dot);
    double part = e->size > 0 ? dot / e->size : 0, rest = square - dot * part;
    e->a = 1 + part;
    e->r = sqrt((rest > 0 ? rest : 0) + 1e-13 * square) * (1 + 1e-12);
}

/* What is known of distances grows by the length of the move; whole numbers are best from where it
 * is really least. */
void eae_pool_move(eae_svm_pool *p, const double *b)
{
    int64_t n = p->spec.n * p->spec.sides;
    double square, dot;
    difference(b, p->present, n, &square, &dot);
    memcpy(p->present, b, (size_t)n * sizeof *b);
    for (int k = 0; k < EAE_POOL_SETS; k++)
        p->epoch[k].r += sqrt(square) * (1 + 1e-12);
    look(p, &p->epoch[EAE_POOL_INSIDE]);
    p->scored &= square == 0;
}

static bool holds(const eae_pool_epoch *e, double need)
{
    return e->since && (e->everything || (e->a > 0 && bound_at(e, e->a, e->r) > need));
}

int eae_pool_broken(eae_svm_pool *p)
{
    double need = sqrt(eae_pool_found(p, p->second)) * (1 + 1e-12);
    if (p->near + p->inside + p->count[0] + p->count[1] == 0)
        return -1; /* nothing but features without a weight */
    for (int k = EAE_POOL_SETS; k-- > 0;) {
        eae_pool_epoch *e = &p->epoch[k];
        if (holds(e, need))
            continue;
        look(p, e);
        if (!holds(e, need))
            return k;
    }
    return -1;
}

/* ---- scores ---------------------------------------------------------------------------------- */

static void spread_b(eae_svm_pool *p)
{
    const eae_svm_pool_spec *s = &p->spec;
    memset(p->across, 0, (size_t)s->features->rows * (size_t)s->sides * sizeof *p->across);
    for (int64_t i = 0; i < s->n; i++) {
        for (int q = 0; q < s->sides; q++)
            p->across[s->row[i] * s->sides + q] += p->present[i * s->sides + q];
    }
}

/* Bounds of the scores of a list at the present b, behind work[at]. */
static int score_list(eae_svm_pool *p, const int64_t *list, int64_t count, int64_t at)
{
    const eae_svm_pool_spec *s = &p->spec;
    double length = 0, unit = (double)(s->features->ld + 8) * DBL_EPSILON;
    double *w = p->w + at * s->sides;
    for (int64_t i = 0; i < s->n * s->sides; i++)
        length += fabs(p->present[i]);
    if (count && s->kernels->feature_weights(s->features, list, count, p->across, s->sides, w))
        return EAE_FAIL;
    for (int64_t k = 0; k < count; k++) {
        const eae_pool_extent *extent = &p->extent[list[k]];
        double square = eae_pool_square(w + k * s->sides, s->sides), score = sqrt(square);
        double margin = unit * length * extent->raw + 1e-12 * score;
        p->work[at + k] = (eae_pool_entry){.score = score - margin,
                                           .upper = score + margin,
                                           .norm = extent->norm,
                                           .feature = list[k],
                                           .at = at + k};
    }
    p->done[2] += count;
    return EAE_OK;
}

/* Everything up to the set outside `set`, into work; in *count how much that is. */
static int score_for(eae_svm_pool *p, int set, int64_t *count)
{
    *count = p->inside;
    spread_b(p);
    if (score_list(p, p->member, p->inside, 0))
        return EAE_FAIL;
    for (int k = 0; k < set; k++) {
        if (score_list(p, p->list[k], p->count[k], *count))
            return EAE_FAIL;
        *count += p->count[k];
    }
    return EAE_OK;
}

/* The second smallest upper bound: what is below it may be wanted at once. */
static double second_upper(const eae_pool_entry *e, int64_t count)
{
    double best = INFINITY, second = INFINITY;
    for (int64_t k = 0; k < count; k++) {
        if (e[k].upper < best) {
            second = best;
            best = e[k].upper;
        } else if (e[k].upper < second) {
            second = e[k].upper;
        }
    }
    return second;
}

/* ---- choosing -------------------------------------------------------------------------------- */

static void swap(eae_pool_entry *a, eae_pool_entry *b)
{
    eae_pool_entry t = *a;
    *a = *b;
    *b = t;
}

static int64_t within(const eae_pool_entry *e, int64_t count, double second, double reach)
{
    int64_t n = 0;
    for (int64_t k = 0; k < count; k++)
        n += e[k].score - e[k].norm * reach <= second;
    return n;
}

/* A reach that about `want` entries are within: by bisection. */
static double first_reach(const eae_pool_entry *e, int64_t count, double second, int64_t want)
{
    double low = 0, high = 0;
    for (int64_t k = 0; k < count; k++) {
        if (e[k].score - second > high * e[k].norm)
            high = (e[k].score - second) / e[k].norm;
    }
    for (int k = 0; k < 40 && want < count; k++) {
        double middle = (low + high) / 2;
        if (within(e, count, second, middle) > want)
            high = middle;
        else
            low = middle;
    }
    return high;
}

void eae_pool_begin(eae_svm_pool *p, eae_pool_epoch *e)
{
    static const double part[EAE_POOL_GRID] = {0, 0.5, 1, 1.25};
    int64_t n = p->spec.n * p->spec.sides;
    memcpy(e->b, p->present, (size_t)n * sizeof *e->b);
    e->size = eae_pool_square(e->b, n);
    e->since = p->step;
    e->a = 1;
    e->r = 0;
    for (int g = 0; g < EAE_POOL_GRID; g++)
        e->x[g] = part[g] * e->reach;
}

/* A set from the first `count` of work, in front; returns how many it keeps. */
static int64_t choose_set(eae_svm_pool *p, int set, int64_t count, double second)
{
    eae_pool_epoch *e = &p->epoch[set];
    int64_t keep = 0;
    if (!e->since)
        e->reach = first_reach(p->work, count, second, first[set]);
    eae_pool_begin(p, e);
    for (int g = 0; g < EAE_POOL_GRID; g++)
        e->f[g] = INFINITY;
    for (int64_t k = 0; k < count; k++) {
        const eae_pool_entry *f = &p->work[k];
        if (f->score - f->norm * e->reach <= second) {
            swap(&p->work[k], &p->work[keep++]);
            continue;
        }
        for (int g = 0; g < EAE_POOL_GRID; g++) {
            double value = f->score - f->norm * e->x[g];
            e->f[g] = value < e->f[g] ? value : e->f[g];
        }
    }
    e->everything = keep == count;
    return keep;
}

/* A set with a longer reach lasts longer and costs more on the way; at best making it anew costs
 * half of what keeping it does, per step (its size grows about as the root of the steps it lasts).
 */
static void adapt(eae_svm_pool *p, int set)
{
    eae_pool_epoch *e = &p->epoch[set];
    if (!e->since)
        return;
    double steps = (double)(p->step - e->since) + 0.5, keeping = (double)p->near;
    double anew = (double)p->inside, kept = anew;
    for (int k = 0; k < set; k++) {
        kept = anew;
        anew += (double)p->count[k];
    }
    if (set > 0)
        keeping = cost[set - 1] * kept / ((double)(p->step - p->epoch[set - 1].since) + 0.5);
    e->reach *= cost[set] * anew / steps > keeping / 2 ? 1.2 : 1 / 1.1;
    if (e->a > 0)
        e->reach = fmax(e->reach, 0.25 * e->r / e->a);
}

int eae_pool_choose(eae_svm_pool *p, int set)
{
    int64_t count, keep;
    adapt(p, set);
    if (set > EAE_POOL_NEAR) {
        if (score_for(p, set, &count))
            return EAE_FAIL;
        double second = second_upper(p->work, count) * (1 + EAE_POOL_HAIR);
        for (int k = set; k > EAE_POOL_NEAR; k--, count = keep) {
            keep = choose_set(p, k, count, second);
            for (int64_t i = keep; i < count; i++)
                p->list[k - 1][i - keep] = p->work[i].feature;
            p->count[k - 1] = count - keep;
        }
        if (!p->epoch[EAE_POOL_NEAR].since)
            p->epoch[EAE_POOL_NEAR].reach =
                first_reach(p->work, count, second, first[EAE_POOL_NEAR]);
        if (eae_pool_fill(p, count))
            return EAE_FAIL;
    }
    eae_pool_choose_near(p);
    return EAE_OK;
}
