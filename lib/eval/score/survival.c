/* survival.c - see survival.h. */
#include "eval/score/survival.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "model/distribution.h"

typedef struct {
    double time;
    int64_t stratum;
    int32_t group;
    bool event;
} subject;

static int in_order(const void *a, const void *b)
{
    const subject *p = a, *q = b;
    if (p->stratum != q->stratum)
        return p->stratum < q->stratum ? -1 : 1;
    return (p->time > q->time) - (p->time < q->time);
}

int64_t eae_km_curve(const double *time, const double *status, const int32_t *group, int32_t g,
                     int64_t n, eae_km_step *step)
{
    subject *s = eae_malloc((size_t)n, sizeof *s);
    int64_t m = 0, steps = 0;
    double survival = 1, greenwood = 0, z = eae_normal_quantile(0.975);
    for (int64_t i = 0; i < n; i++) {
        if (!group || group[i] == g)
            s[m++] = (subject){.time = time[i], .event = status[i] != 0};
    }
    qsort(s, (size_t)m, sizeof *s, in_order);
    for (int64_t i = 0, end; i < m; i = end) {
        eae_km_step now = {.time = s[i].time, .at_risk = m - i};
        for (end = i; end < m && s[end].time == s[i].time; end++) {
            now.events += s[end].event;
            now.censored += !s[end].event;
        }
        double d = (double)now.events, r = (double)now.at_risk;
        survival *= 1 - d / r;
        greenwood += d / (r * (r - d));
        now.survival = survival;
        now.low = now.high = NAN;
        if (survival > 0) {
            double reach = z * sqrt(greenwood);
            now.low = exp(log(survival) - reach);
            now.high = fmin(1, exp(log(survival) + reach));
        }
        step[steps++] = now;
    }
    free(s);
    return steps;
}

double eae_km_median(const eae_km_step *step, int64_t n)
{
    const double close = 1e-9;
    int64_t i = 0, next;
    while (i < n && step[i].survival > 0.5 + close)
        i++;
    if (i == n)
        return NAN;
    for (next = i; next < n && step[next].survival >= step[i].survival; next++)
        continue;
    bool flat = step[i].survival >= 0.5 - close && next < n;
    return flat ? (step[i].time + step[next].time) / 2 : step[i].time;
}

/* ---- log-rank ---------------------------------------------------------------------------- */

typedef struct {
    int groups;
    double *at_risk, *events; /* by group, at one time */
    double *difference;       /* observed - expected */
    double *covariance;       /* groups x groups */
} sums;

static void add_time(const sums *s)
{
    double n = 0, d = 0;
    for (int g = 0; g < s->groups; g++) {
        n += s->at_risk[g];
        d += s->events[g];
    }
    if (d == 0)
        return;
    double spread = n > 1 ? d * (n - d) / (n - 1) : 0;
    for (int g = 0; g < s->groups; g++) {
        double share = s->at_risk[g] / n;
        s->difference[g] += s->events[g] - d * share;
        for (int h = 0; h < s->groups; h++)
            s->covariance[g * s->groups + h] += spread * share * ((g == h) - s->at_risk[h] / n);
    }
}

/* The subjects of one stratum, in order of time. */
static void add_stratum(const sums *s, const subject *subjects, int64_t n)
{
    for (int g = 0; g < s->groups; g++)
        s->at_risk[g] = 0;
    for (int64_t i = 0; i < n; i++)
        s->at_risk[subjects[i].group]++;
    for (int64_t i = 0, end; i < n; i = end) {
        for (int g = 0; g < s->groups; g++)
            s->events[g] = 0;
        for (end = i; end < n && subjects[end].time == subjects[i].time; end++)
            s->events[subjects[end].group] += subjects[end].event;
        add_time(s);
        for (int64_t k = i; k < end; k++)
            s->at_risk[subjects[k].group]--;
    }
}

/* difference' covariance^- difference by elimination: the covariance is positive semi-definite, and
 * each set of groups that are never compared with one another takes away a degree of freedom. */
static double quadratic(const sums *s, int *df)
{
    int k = s->groups;
    double *a = s->covariance, *b = s->difference, total = 0, largest = 0;
    for (int g = 0; g < k; g++)
        largest = fmax(largest, a[g * k + g]);
    *df = 0;
    for (int g = 0; g < k; g++) {
        double pivot = a[g * k + g];
        if (!(pivot > 1e-9 * largest))
            continue;
        total += b[g] * b[g] / pivot;
        ++*df;
        for (int h = g + 1; h < k; h++) {
            double f = a[h * k + g] / pivot;
            b[h] -= f * b[g];
            for (int j = g; j < k; j++)
                a[h * k + j] -= f * a[g * k + j];
        }
    }
    return total;
}

int eae_logrank_test(const double *time, const double *status, const int32_t *group, int groups,
                     const int64_t *stratum, int64_t n, eae_logrank *result)
{
    size_t k = (size_t)groups;
    sums s = {groups, EAE_NEW_ARRAY(double, k), EAE_NEW_ARRAY(double, k), EAE_NEW_ARRAY(double, k),
              EAE_NEW_ARRAY(double, k *k)};
    subject *subjects = eae_malloc((size_t)n, sizeof *subjects);
    int64_t m = 0;
    int df, status_of = EAE_OK;
    *result = (eae_logrank){0, NAN, NAN};
    for (int64_t i = 0; i < n && status_of == EAE_OK; i++) {
        if (group[i] < 0)
            continue;
        if (isnan(time[i]) || isnan(status[i]))
            status_of = eae_fail("subject %lld has no time or status", (long long)i + 1);
        subjects[m++] = (subject){time[i], stratum ? stratum[i] : 0, group[i], status[i] != 0};
        s.at_risk[group[i]]++;
    }
    for (int g = 0; g < groups; g++)
        result->groups += s.at_risk[g] > 0;
    qsort(subjects, (size_t)m, sizeof *subjects, in_order);
    for (int64_t i = 0, end; i < m && status_of == EAE_OK; i = end) {
        for (end = i; end < m && subjects[end].stratum == subjects[i].stratum; end++)
            continue;
        add_stratum(&s, subjects + i, end - i);
    }
    double chisq = quadratic(&s, &df);
    if (status_of == EAE_OK && df > 0) {
        result->chisq = chisq;
        result->p = eae_chisq_upper(chisq, df);
    }
    free(subjects);
    free(s.at_risk);
    free(s.events);
    free(s.difference);
    free(s.covariance);
    return status_of;
}
