/*
 * cox_regress.c - proportional hazards regression on few covariates: Newton's method with step
 * halving, and the detection of a likelihood without a maximum; see cox.h.
 *
 * With the Hessian's factor L in the linear predictor the information is T'T, T = L'X.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/cox.h"

enum { MAX_NEWTON = 100, MAX_HALVINGS = 60 };

typedef struct {
    const eae_cox *cox;
    int64_t n, p;
    eae_cox_point point;
    double *memory;
    double *x;                            /* n x p, standardised, by row */
    double *t;                            /* n x p: L'X, by place */
    double *eta, *next, *change;          /* n */
    double *mean, *sd;                    /* p */
    double *beta, *gradient, *step, *row; /* p; row: of p x p */
    double *information;                  /* p x p, then its factor */
    double *work;                         /* 2 p */
    bool *kept;                           /* p */
} newton;

static int newton_init(newton *w, const eae_cox *cox, int64_t p)
{
    int64_t n = cox->n;
    *w = (newton){.cox = cox, .n = n, .p = p, .kept = EAE_NEW_ARRAY(bool, p)};
    size_t size = (size_t)(2 * n * p + 3 * n + 8 * p + p * p);
    w->memory = eae_try_alloc(size, sizeof(double), "Cox regression");
    if (!w->memory)
        return EAE_FAIL;
    memset(w->memory, 0, size * sizeof(double));
    double *v = w->memory;
    struct {
        double **slot;
        int64_t size;
    } slots[] = {{&w->x, n * p},          {&w->t, n * p},    {&w->eta, n}, {&w->next, n},
                 {&w->change, n},         {&w->mean, p},     {&w->sd, p},  {&w->beta, p},
                 {&w->step, p},           {&w->gradient, p}, {&w->row, p}, {&w->work, 2 * p},
                 {&w->information, p * p}};
    for (size_t k = 0; k < sizeof slots / sizeof *slots; k++) {
        *slots[k].slot = v;
        v += slots[k].size;
    }
    return eae_cox_point_init(&w->point, cox);
}

static void newton_free(newton *w)
{
    eae_cox_point_free(&w->point);
    free(w->memory);
    free(w->kept);
}

/* Centred and scaled, each subject as often as it counts. A constant covariate becomes 0. */
static void standardise(newton *w, const double *x)
{
    const eae_cox *cox = w->cox;
    for (int64_t j = 0; j < w->p; j++) {
        double sum = 0, square = 0, first = w->n > 0 ? x[j] : 0;
        for (int64_t i = 0; i < w->n; i++)
            sum += cox->count[i] * (x[cox->row[i] * w->p + j] - first);
        w->mean[j] = first + sum / cox->total;
        for (int64_t i = 0; i < w->n; i++) {
            double d = x[cox->row[i] * w->p + j] - w->mean[j];
            square += cox->count[i] * d * d;
        }
        w->sd[j] = sqrt(square / cox->total);
        bool constant = !(w->sd[j] > 1e-14 * fabs(w->mean[j]));
        for (int64_t i = 0; i < w->n; i++)
            w->x[i * w->p + j] = constant ? 0 : (x[i * w->p + j] - w->mean[j]) / w->sd[j];
    }
}

static void predictor(const newton *w, const double *beta, double *eta)
{
    for (int64_t i = 0; i < w->n; i++) {
        eta[i] = 0;
        for (int64_t j = 0; j < w->p; j++)
            eta[i] += w->x[i * w->p + j] * beta[j];
    }
}

/* Gradient and information at w->eta. */
static void derive(newton *w)
{
    int64_t p = w->p;
    eae_cox_at(w->cox, w->eta, true, &w->point);
    eae_cox_factor_left(w->cox, &w->point, w->x, p, p, w->t, w->work);
    memset(w->gradient, 0, (size_t)p * sizeof(double));
    memset(w->information, 0, (size_t)(p * p) * sizeof(double));
    for (int64_t i = 0; i < w->n; i++) {
        const double *t = w->t + i * p;
        for (int64_t j = 0; j < p; j++) {
            w->gradient[j] += w->x[i * p + j] * w->point.gradient[i];
            for (int64_t k = 0; k <= j; k++)
                w->information[j * p + k] += t[j] * t[k];
        }
    }
}

/* Lower Cholesky factor in place over the covariates that are kept; with `choose`, one whose pivot
 * vanishes beside what it was is left out. False where a kept one's does. */
static bool factorise(newton *w, bool choose)
{
    double *a = w->information;
    int64_t p = w->p;
    for (int64_t j = 0; j < p; j++) {
        double whole = a[j * p + j], pivot = whole;
        for (int64_t k = 0; k < j && (choose || w->kept[j]); k++)
            pivot -= w->kept[k] ? a[j * p + k] * a[j * p + k] : 0;
        if (choose)
            w->kept[j] = whole > 1e-13 * w->cox->deaths && pivot > 1e-11 * whole;
        if (!w->kept[j])
            continue;
        if (!(pivot > 1e-14 * whole))
            return false;
        a[j * p + j] = sqrt(pivot);
        for (int64_t i = j + 1; i < p; i++) {
            double sum = a[i * p + j];
            for (int64_t k = 0; k < j; k++)
                sum -= w->kept[k] ? a[i * p + k] * a[j * p + k] : 0;
            a[i * p + j] = sum / a[j * p + j];
        }
    }
    return true;
}

/* Solve with the factor in place; covariates left out get 0. */
static void solve(const newton *w, double *b)
{
    const double *a = w->information;
    int64_t p = w->p;
    for (int64_t j = 0; j < p; j++) {
        for (int64_t k = 0; k < j && w->kept[j]; k++)
            b[j] -= w->kept[k] ? a[j * p + k] * b[k] : 0;
        b[j] = w->kept[j] ? b[j] / a[j * p + j] : 0;
    }
    for (int64_t j = p - 1; j >= 0; j--) {
        for (int64_t k = j + 1; k < p && w->kept[j]; k++)
            b[j] -= w->kept[k] ? a[k * p + j] * b[k] : 0;
        b[j] = w->kept[j] ? b[j] / a[j * p + j] : 0;
    }
}

static double largest(const double *v, int64_t n)
{
    double top = 0;
    for (int64_t i = 0; i < n; i++)
        top = fmax(top, fabs(v[i]));
    return top;
}

/* w->step and the change of eta that it makes; false where the information is singular. */
static bool newton_step(newton *w, bool first)
{
    if (!factorise(w, first))
        return false;
    for (int64_t j = 0; j < w->p; j++)
        w->step[j] = -w->gradient[j];
    solve(w, w->step);
    predictor(w, w->step, w->change);
    return isfinite(largest(w->step, w->p));
}

/* Move by the step, halved until the loss does not rise beyond rounding; false if it always does.
 */
static bool advance(newton *w)
{
    double before = w->point.loss, slack = 1e-12 * fabs(before), t = 1;
    for (int h = 0; h < MAX_HALVINGS; h++, t /= 2) {
        for (int64_t i = 0; i < w->n; i++)
            w->next[i] = w->eta[i] + t * w->change[i];
        eae_cox_at(w->cox, w->next, false, &w->point);
        if (!(w->point.loss <= before + slack))
            continue;
        for (int64_t j = 0; j < w->p; j++)
            w->beta[j] += t * w->step[j];
        predictor(w, w->beta, w->eta);
        return true;
    }
    return false;
}

static void maximise(newton *w, eae_cox_fit *fit)
{
    derive(w);
    fit->loglik_null = -w->point.loss;
    for (fit->iterations = 0; fit->iterations < MAX_NEWTON; fit->iterations++) {
        bool first = fit->iterations == 0;
        if (!newton_step(w, first))
            break;
        for (int64_t j = 0; j < w->p && first; j++) {
            fit->score -= w->gradient[j] * w->step[j];
            fit->df += w->kept[j];
        }
        /* along a direction in which the likelihood always rises steps keep their size, and turn
         * into that direction */
        double slack = 1e-7 * largest(w->change, w->n);
        fit->monotone = slack > 0 && eae_cox_is_recession(w->cox, w->change, slack);
        fit->converged = largest(w->step, w->p) <= 1e-10 * (1 + largest(w->beta, w->p));
        if (fit->monotone || fit->converged || !advance(w))
            break;
        derive(w);
    }
    fit->converged = fit->converged && !fit->monotone;
    fit->loglik = -w->point.loss;
}

/* In the units of the covariates; the factor at the maximum is in w->information. */
static void finish(newton *w, eae_cox_fit *fit)
{
    int64_t p = w->p;
    for (int64_t j = 0; j < p; j++) {
        bool known = w->kept[j] && fit->converged;
        fit->coef[j] = known ? w->beta[j] / w->sd[j] : NAN;
        fit->se[j] = NAN;
        if (!known)
            continue;
        memset(w->row, 0, (size_t)p * sizeof(double));
        w->row[j] = 1;
        solve(w, w->row);
        for (int64_t k = 0; k < p; k++)
            fit->variance[j * p + k] = w->kept[k] ? w->row[k] / (w->sd[j] * w->sd[k]) : 0;
        fit->se[j] = sqrt(fit->variance[j * p + j]);
    }
}

int eae_cox_regress(const eae_cox *cox, const double *x, int64_t p, eae_cox_fit *fit)
{
    newton w;
    *fit = (eae_cox_fit){.p = p,
                         .coef = EAE_NEW_ARRAY(double, p),
                         .se = EAE_NEW_ARRAY(double, p),
                         .variance = EAE_NEW_ARRAY(double, p *p)};
    int status = newton_init(&w, cox, p);
    if (status == EAE_OK) {
        standardise(&w, x);
        maximise(&w, fit);
        finish(&w, fit);
    } else {
        eae_cox_fit_free(fit);
    }
    newton_free(&w);
    return status;
}

void eae_cox_fit_free(eae_cox_fit *fit)
{
    free(fit->coef);
    free(fit->se);
    free(fit->variance);
    *fit = (eae_cox_fit){0};
}
