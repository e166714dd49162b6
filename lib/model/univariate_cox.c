/*
 * univariate_cox.c - Cox regression on one feature: Newton's method with step halving on the
 * partial likelihood, ties by Efron (1977).
 *
 * The likelihood has no maximum exactly when, at every event time, all subjects with the event have
 * the largest value of those at risk (or all the smallest): that is looked for before fitting, and
 * the result is then NaN, not a huge number. A row that counts c times is c subjects with tied
 * times.
 */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "model/univariate_parts.h"

enum { MAX_NEWTON = 100 };

struct eae_cox_scratch {
    int64_t *order; /* rows by time, latest first */
    double *x;      /* standardised values of the rows that are left, in that order */
    double *count;
    bool *event;
    bool *last; /* the last row of its time */
};

void eae_cox_scratch_free(eae_cox_scratch *s)
{
    if (!s)
        return;
    free(s->order);
    free(s->x);
    free(s->count);
    free(s->event);
    free(s->last);
    free(s);
}

typedef struct timed {
    double time;
    int64_t i;
} timed;

static int latest_first(const void *a, const void *b)
{
    const timed *x = a, *y = b;
    if (x->time != y->time)
        return x->time < y->time ? 1 : -1;
    return (x->i > y->i) - (x->i < y->i);
}

eae_cox_scratch *eae_cox_scratch_new(const eae_test_rows *rows)
{
    size_t n = (size_t)rows->n;
    eae_cox_scratch *s = EAE_NEW(eae_cox_scratch);
    timed *by_time = eae_try_alloc(n, sizeof *by_time, "survival times");
    s->order = eae_try_alloc(n, sizeof *s->order, "survival times");
    s->x = eae_try_alloc(n, sizeof *s->x, "survival times");
    s->count = eae_try_alloc(n, sizeof *s->count, "survival times");
    s->event = eae_try_alloc(n, sizeof *s->event, "survival times");
    s->last = eae_try_alloc(n, sizeof *s->last, "survival times");
    if (!by_time || !s->order || !s->x || !s->count || !s->event || !s->last) {
        free(by_time);
        eae_cox_scratch_free(s);
        return NULL;
    }
    for (size_t i = 0; i < n; i++)
        by_time[i] = (timed){rows->time[i], (int64_t)i};
    qsort(by_time, n, sizeof *by_time, latest_first);
    for (size_t i = 0; i < n; i++)
        s->order[i] = by_time[i].i;
    free(by_time);
    return s;
}

/* The rows that have a value, latest first, standardised; how many. *mean, *sd: what was taken off
 * and divided by; sd is 0 for a constant feature. */
static int64_t gather(eae_cox_scratch *s, const eae_test_rows *rows, const double *x, double *mean,
                      double *sd)
{
    int64_t n = 0;
    double total = 0, sum = 0, square = 0, reference = 0, before = 0;
    for (int64_t k = 0; k < rows->n; k++) {
        int64_t i = s->order[k];
        if (isnan(x[i]))
            continue;
        if (n == 0)
            reference = x[i];
        else
            s->last[n - 1] = rows->time[i] != before;
        before = rows->time[i];
        s->x[n] = x[i] - reference;
        s->count[n] = rows->count[i];
        s->event[n] = rows->status[i] != 0;
        s->last[n] = false;
        total += s->count[n];
        sum += s->count[n] * s->x[n];
        n++;
    }
    if (n > 0)
        s->last[n - 1] = true;
    double shift = n > 0 ? sum / total : NAN;
    for (int64_t k = 0; k < n; k++)
        square += s->count[k] * (s->x[k] - shift) * (s->x[k] - shift);
    bool constant = true;
    for (int64_t k = 0; k < n; k++)
        constant = constant && s->x[k] == 0;
    *mean = reference + shift;
    *sd = constant ? 0 : sqrt(square / total);
    for (int64_t k = 0; k < n && !constant; k++)
        s->x[k] = (s->x[k] - shift) / *sd;
    return n;
}

/* No maximum: see the top of the file. True as well where there is no event, or where nobody at
 * risk differs. */
static bool is_monotone(const eae_cox_scratch *s, int64_t n)
{
    double low = INFINITY, high = -INFINITY, event_low = INFINITY, event_high = -INFINITY;
    bool up = true, down = true;
    for (int64_t k = 0; k < n; k++) {
        low = fmin(low, s->x[k]);
        high = fmax(high, s->x[k]);
        if (s->event[k]) {
            event_low = fmin(event_low, s->x[k]);
            event_high = fmax(event_high, s->x[k]);
        }
        if (!s->last[k])
            continue;
        up = up && event_low >= high;
        down = down && event_high <= low;
        event_low = INFINITY;
        event_high = -INFINITY;
    }
    return up || down;
}

typedef struct likelihood {
    double value, gradient, information;
} likelihood;

/* Sums of weight, weight x, weight x^2 with weight = count exp(beta x). */
typedef struct risk {
    double s0, s1, s2;
} risk;

static void risk_add(risk *r, double weight, double x)
{
    r->s0 += weight;
    r->s1 += weight * x;
    r->s2 += weight * x * x;
}

/* One event time with d events: risk sets from which the share l/d of the events has gone,
 * l = 0 .. d-1. *product gathers factors of the likelihood, so that logarithms are few. */
static void add_time(likelihood *l, const risk *all, const risk *events, double d, double *product)
{
    for (double gone = 0; gone < d; gone += 1) {
        double f = gone / d;
        double s0 = all->s0 - f * events->s0, inverse = 1 / s0;
        double mean = (all->s1 - f * events->s1) * inverse;
        double second = (all->s2 - f * events->s2) * inverse;
        l->gradient -= mean;
        l->information += second - mean * mean;
        *product *= s0;
        if (!(*product > 1e-100 && *product < 1e100 && s0 < 1e100 && s0 > 1e-100)) {
            l->value -= log(*product / s0) + log(s0);
            *product = 1;
        }
    }
}

static likelihood evaluate(const eae_cox_scratch *s, int64_t n, double beta)
{
    likelihood l = {0, 0, 0};
    risk all = {0, 0, 0}, events = {0, 0, 0};
    double d = 0, product = 1;
    for (int64_t k = 0; k < n; k++) {
        double x = s->x[k], weight = s->count[k] * exp(beta * x);
        risk_add(&all, weight, x);
        if (s->event[k]) {
            risk_add(&events, weight, x);
            d += s->count[k];
            l.value += s->count[k] * beta * x;
            l.gradient += s->count[k] * x;
        }
        if (s->last[k] && d > 0) {
            add_time(&l, &all, &events, d, &product);
            events = (risk){0, 0, 0};
            d = 0;
        }
    }
    l.value -= log(product);
    return l;
}

/* beta at the maximum and the information there; false if it is not reached. */
static bool maximise(const eae_cox_scratch *s, int64_t n, double *beta, double *information)
{
    double b = 0;
    likelihood now = evaluate(s, n, b);
    for (int i = 0; i < MAX_NEWTON; i++) {
        double step = now.gradient / now.information;
        if (!(now.information > 0) || !isfinite(step))
            return false;
        if (fabs(step) <= 1e-10 * (1 + fabs(b))) {
            *beta = b;
            *information = now.information;
            return true;
        }
        likelihood next = evaluate(s, n, b + step);
        double slack = 1e-12 * fabs(now.value);
        for (int h = 0; h < 60 && !(next.value >= now.value - slack); h++) {
            step *= 0.5;
            next = evaluate(s, n, b + step);
        }
        b += step;
        now = next;
    }
    return false;
}

eae_test_result eae_cox_result(eae_cox_scratch *s, const eae_test_rows *rows, const double *x)
{
    double mean, sd, beta, information;
    int64_t n = gather(s, rows, x, &mean, &sd);
    eae_test_result r = {NAN, NAN, 0, 0, mean, NAN};
    if (!(sd > 0) || is_monotone(s, n) || !maximise(s, n, &beta, &information))
        return r;
    r.effect = beta / sd;
    r.statistic = beta * sqrt(information);
    return r;
}
