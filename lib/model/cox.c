/*
 * cox.c - the partial likelihood of sorted subjects, its gradient, and the factor of its Hessian;
 * see cox.h.
 */
#include "model/cox.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* ---- sorting --------------------------------------------------------------------------------- */

typedef struct {
    int64_t stratum;
    double time;
    bool event;
    int64_t row;
} subject;

static int by_time(const void *pa, const void *pb)
{
    const subject *a = pa, *b = pb;
    if (a->stratum != b->stratum)
        return a->stratum < b->stratum ? -1 : 1;
    if (a->time != b->time)
        return a->time < b->time ? -1 : 1;
    if (a->event != b->event)
        return a->event ? -1 : 1;
    return (a->row > b->row) - (a->row < b->row);
}

static int check(const double *time, const double *status, const double *count, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        if (isnan(time[i]) || isnan(status[i]))
            return eae_fail("subject %lld has no time and status", (long long)i + 1);
        if (count && !(count[i] > 0 && isfinite(count[i]) && count[i] == floor(count[i])))
            return eae_fail("subject %lld cannot count %g times", (long long)i + 1, count[i]);
    }
    return EAE_OK;
}

/* Times and strata of the sorted subjects. */
static void divide(eae_cox *cox, const subject *s)
{
    for (int64_t i = 0, end; i < cox->n; i = end) {
        eae_cox_time *t = &cox->time[cox->times];
        *t = (eae_cox_time){.first = i, .censored = i};
        if (i == 0 || s[i].stratum != s[i - 1].stratum)
            cox->stratum[cox->strata++] = cox->times;
        for (end = i; end < cox->n && s[end].stratum == s[i].stratum && s[end].time == s[i].time;
             end++) {
            if (!s[end].event)
                continue;
            t->censored = end + 1;
            t->deaths += cox->count[end];
        }
        t->end = end;
        cox->deaths += t->deaths;
        cox->times++;
    }
    cox->stratum[cox->strata] = cox->times;
}

int eae_cox_new(eae_cox *cox, const double *time, const double *status, const int64_t *stratum,
                const double *count, int64_t n, eae_ties ties)
{
    *cox = (eae_cox){.n = n, .ties = ties};
    if (check(time, status, count, n) != EAE_OK)
        return EAE_FAIL;
    subject *s = EAE_NEW_ARRAY(subject, n);
    cox->row = EAE_NEW_ARRAY(int64_t, n);
    cox->count = EAE_NEW_ARRAY(double, n);
    cox->time = EAE_NEW_ARRAY(eae_cox_time, n);
    cox->stratum = EAE_NEW_ARRAY(int64_t, n + 1);
    for (int64_t i = 0; i < n; i++)
        s[i] = (subject){stratum ? stratum[i] : 0, time[i], status[i] != 0, i};
    qsort(s, (size_t)n, sizeof *s, by_time);
    for (int64_t i = 0; i < n; i++) {
        cox->row[i] = s[i].row;
        cox->count[i] = count ? count[s[i].row] : 1;
        cox->total += cox->count[i];
    }
    divide(cox, s);
    free(s);
    return EAE_OK;
}

void eae_cox_free(eae_cox *cox)
{
    free(cox->row);
    free(cox->count);
    free(cox->time);
    free(cox->stratum);
    *cox = (eae_cox){0};
}

/* ---- value and gradient ---------------------------------------------------------------------- */

/* Sums over the risk sets of one time, s_l = R + (1 - f) E, f = l / d (Breslow: f = 0). */
typedef struct {
    double rest, inverse;             /* R; sum 1/s */
    double kept;                      /* sum (1 - f)/s */
    double square, product, kept_two; /* sum 1/s^2, (1 - f)/s^2, (1 - f)^2/s^2 */
} time_sums;

int eae_cox_point_init(eae_cox_point *point, const eae_cox *cox)
{
    int64_t n = cox->n, per_time = (int64_t)(sizeof(time_sums) / sizeof(double));
    double *v = eae_try_alloc((size_t)(5 * n + per_time * cox->times + 1), sizeof(double),
                              "Cox regression");
    *point = (eae_cox_point){.memory = v};
    if (!v)
        return EAE_FAIL;
    point->gradient = v;
    point->weight = v + n;
    point->diagonal = v + 2 * n;
    point->tied = v + 3 * n;
    point->rest = v + 4 * n;
    point->sums = v + 5 * n;
    return EAE_OK;
}

void eae_cox_point_free(eae_cox_point *point)
{
    free(point->memory);
    *point = (eae_cox_point){0};
}

/* w relative to the largest of the stratum, which cancels everywhere. Returns that maximum. */
static double set_weights(const eae_cox *cox, int64_t first, int64_t end, const double *eta,
                          double *weight)
{
    double top = -INFINITY;
    for (int64_t i = first; i < end; i++)
        top = fmax(top, eta[cox->row[i]]);
    for (int64_t i = first; i < end; i++)
        weight[i] = cox->count[i] * exp(eta[cox->row[i]] - top);
    return top;
}

/* The sums of one time; returns its part of the loss but for the events' own eta. */
static double sum_time(const eae_cox *cox, const eae_cox_time *t, double rest, double events,
                       time_sums *sums)
{
    *sums = (time_sums){.rest = rest};
    double d = t->deaths, loss = 0;
    if (cox->ties == EAE_TIES_BRESLOW) {
        double s = rest + events;
        sums->inverse = sums->kept = d / s;
        sums->square = sums->product = sums->kept_two = d / (s * s);
        return d > 0 ? d * log(s) : 0;
    }
    for (double l = 0; l < d; l++) {
        double keep = 1 - l / d, s = rest + keep * events, inverse = 1 / s;
        loss += log(s);
        sums->inverse += inverse;
        sums->kept += keep * inverse;
        sums->square += inverse * inverse;
        sums->product += keep * inverse * inverse;
        sums->kept_two += keep * keep * inverse * inverse;
    }
    return loss;
}

/* Backward through a stratum: sums of every time, and, in tied and rest, the weight of the events
 * of its time and of the others that come after each subject. */
static double sum_stratum(const eae_cox *cox, int64_t stratum, const double *eta, double top,
                          eae_cox_point *p)
{
    time_sums *sums = (time_sums *)p->sums;
    double loss = 0, rest = 0;
    for (int64_t k = cox->stratum[stratum + 1] - 1; k >= cox->stratum[stratum]; k--) {
        const eae_cox_time *t = &cox->time[k];
        for (int64_t i = t->end - 1; i >= t->censored; i--) {
            p->tied[i] = 0;
            p->rest[i] = rest;
            rest += p->weight[i];
        }
        double events = 0;
        for (int64_t i = t->censored - 1; i >= t->first; i--) {
            p->tied[i] = events;
            p->rest[i] = rest;
            events += p->weight[i];
            loss -= cox->count[i] * (eta[cox->row[i]] - top);
        }
        loss += sum_time(cox, t, rest, events, &sums[k]);
        rest += events;
    }
    return loss;
}

static void set_gradient(const eae_cox *cox, int64_t stratum, eae_cox_point *p)
{
    const time_sums *sums = (const time_sums *)p->sums;
    double before = 0;
    for (int64_t k = cox->stratum[stratum]; k < cox->stratum[stratum + 1]; k++) {
        const eae_cox_time *t = &cox->time[k];
        for (int64_t i = t->first; i < t->censored; i++)
            p->gradient[cox->row[i]] = p->weight[i] * (before + sums[k].kept) - cox->count[i];
        before += sums[k].inverse;
        for (int64_t i = t->censored; i < t->end; i++)
            p->gradient[cox->row[i]] = p->weight[i] * before;
    }
}

/* ---- the factor of the Hessian --------------------------------------------------------------- */

/* Eliminate one subject: on entry tied and rest hold the weight of those after it, on return the
 * factor's numbers. `both`, `one`, `none`: minus the Hessian's entry over w_i w_j for two events of
 * this time, an event and another, two others. */
static void eliminate(eae_cox_point *p, int64_t i, double *both, double *one, double *none)
{
    double pivot = p->weight[i] * (*both * p->tied[i] + *one * p->rest[i]), root = sqrt(pivot);
    bool there = pivot > 0;
    p->diagonal[i] = there ? root : 0;
    p->tied[i] = there ? p->weight[i] * *both / root : 0;
    p->rest[i] = there ? p->weight[i] * *one / root : 0;
    *both += p->tied[i] * p->tied[i];
    *one += p->tied[i] * p->rest[i];
    *none += p->rest[i] * p->rest[i];
}

static void set_factor(const eae_cox *cox, int64_t stratum, eae_cox_point *p)
{
    const time_sums *sums = (const time_sums *)p->sums;
    double q = 0; /* of two subjects who are still at risk */
    for (int64_t k = cox->stratum[stratum]; k < cox->stratum[stratum + 1]; k++) {
        const eae_cox_time *t = &cox->time[k];
        double both = q + sums[k].kept_two, one = q + sums[k].product;
        q += sums[k].square;
        for (int64_t i = t->first; i < t->censored; i++)
            eliminate(p, i, &both, &one, &q);
        for (int64_t i = t->censored; i < t->end; i++) {
            double same = q, fill = 0;
            eliminate(p, i, &fill, &same, &q);
            p->tied[i] = 0;
        }
    }
}

void eae_cox_at(const eae_cox *cox, const double *eta, bool curvature, eae_cox_point *p)
{
    p->loss = 0;
    for (int64_t s = 0; s < cox->strata; s++) {
        int64_t first = cox->time[cox->stratum[s]].first;
        int64_t end = cox->time[cox->stratum[s + 1] - 1].end;
        double top = set_weights(cox, first, end, eta, p->weight);
        p->loss += sum_stratum(cox, s, eta, top, p);
        set_gradient(cox, s, p);
        if (curvature)
            set_factor(cox, s, p);
    }
    if (!isfinite(p->loss))
        p->loss = INFINITY;
}

/* y += a x */
static void add_scaled(double *y, double a, const double *x, int64_t k)
{
    for (int64_t c = 0; c < k; c++)
        y[c] += a * x[c];
}

void eae_cox_factor_left(const eae_cox *cox, const eae_cox_point *p, const double *x, int64_t ld,
                         int64_t k, double *out, double *work)
{
    double *events = work, *rest = work + k;
    for (int64_t s = 0; s < cox->strata; s++) {
        memset(rest, 0, (size_t)k * sizeof *rest);
        for (int64_t t = cox->stratum[s + 1] - 1; t >= cox->stratum[s]; t--) {
            const eae_cox_time *at = &cox->time[t];
            memset(events, 0, (size_t)k * sizeof *events);
            for (int64_t i = at->end - 1; i >= at->first; i--) {
                const double *from = x + cox->row[i] * ld;
                double *to = out + i * k, d = p->diagonal[i], a = p->tied[i], b = p->rest[i];
                for (int64_t c = 0; c < k; c++)
                    to[c] = d * from[c] - a * events[c] - b * rest[c];
                add_scaled(i < at->censored ? events : rest, p->weight[i], from, k);
            }
            add_scaled(rest, 1, events, k);
        }
    }
}

void eae_cox_factor_product(const eae_cox *cox, const eae_cox_point *p, const double *z,
                            double *out)
{
    for (int64_t s = 0; s < cox->strata; s++) {
        double before = 0;
        for (int64_t t = cox->stratum[s]; t < cox->stratum[s + 1]; t++) {
            const eae_cox_time *at = &cox->time[t];
            double tied = 0, own = 0;
            for (int64_t i = at->first; i < at->censored; i++) {
                out[cox->row[i]] = p->diagonal[i] * z[i] - p->weight[i] * (before + tied);
                tied += p->tied[i] * z[i];
                own += p->rest[i] * z[i];
            }
            before += own;
            for (int64_t i = at->censored; i < at->end; i++) {
                out[cox->row[i]] = p->diagonal[i] * z[i] - p->weight[i] * before;
                before += p->rest[i] * z[i];
            }
        }
    }
}

void eae_cox_factor_solve(const eae_cox *cox, const eae_cox_point *p, const double *g, double *out)
{
    for (int64_t s = 0; s < cox->strata; s++) {
        double before = 0; /* what those eliminated have put on the row, over its weight */
        for (int64_t t = cox->stratum[s]; t < cox->stratum[s + 1]; t++) {
            const eae_cox_time *at = &cox->time[t];
            double tied = 0, own = 0;
            for (int64_t i = at->first; i < at->end; i++) {
                bool event = i < at->censored;
                double rest = g[cox->row[i]] + p->weight[i] * (before + (event ? tied : own));
                out[i] = p->diagonal[i] > 0 ? rest / p->diagonal[i] : 0;
                tied += p->tied[i] * out[i];
                own += p->rest[i] * out[i];
            }
            before += own;
        }
    }
}

/* ---- monotone likelihood --------------------------------------------------------------------- */

bool eae_cox_is_recession(const eae_cox *cox, const double *direction, double slack)
{
    bool falls = false;
    for (int64_t s = 0; s < cox->strata; s++) {
        double low = INFINITY, high = -INFINITY;
        for (int64_t t = cox->stratum[s + 1] - 1; t >= cox->stratum[s]; t--) {
            const eae_cox_time *at = &cox->time[t];
            double event_low = INFINITY;
            for (int64_t i = at->first; i < at->end; i++) {
                double x = direction[cox->row[i]];
                low = fmin(low, x);
                high = fmax(high, x);
                if (i < at->censored)
                    event_low = fmin(event_low, x);
            }
            if (at->deaths > 0 && event_low < high - slack)
                return false;
            falls = falls || (at->deaths > 0 && low < high - slack);
        }
    }
    return falls;
}
