/*
 * reference.c - the learners of gram_fit.h by the plainest methods, for tests.
 *
 * Support vector machine: the most violating pair (or entry) is minimised exactly, again and again
 * (Keerthi et al. 2001); covariates by the method of multipliers. Logistic and softmax: Newton's
 * method on the whole system of b and the border by elimination with pivoting. Ridge: one bordered
 * system per target and scale. Nothing here is shared with the learners but the border.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/gram_internal.h"

enum { PAIR_LIMIT = 3000000, OUTER_LIMIT = 200, NEWTON_LIMIT = 200 };

/* ---- support vector machine ---- */

typedef struct plain_svm {
    int64_t n;
    double *h; /* n x n */
    double *p, *b, *lo, *hi, *g;
    bool pairs;
} plain_svm;

static void plain_gradient(plain_svm *s)
{
    for (int64_t i = 0; i < s->n; i++) {
        s->g[i] = -s->p[i];
        for (int64_t j = 0; j < s->n; j++)
            s->g[i] += s->h[i * s->n + j] * s->b[j];
    }
}

/* The entry that most wants to go up and the one that most wants to go down. */
static double worst_pair(const plain_svm *s, int64_t *up, int64_t *down)
{
    double low = INFINITY, high = -INFINITY;
    for (int64_t i = 0; i < s->n; i++) {
        if (s->b[i] < s->hi[i] && s->g[i] < low) {
            low = s->g[i];
            *up = i;
        }
        if (s->b[i] > s->lo[i] && s->g[i] > high) {
            high = s->g[i];
            *down = i;
        }
    }
    if (s->pairs)
        return high - low;
    /* one entry at a time: the larger of the two wishes */
    if (-low >= high)
        *down = -1;
    else
        *up = -1;
    return fmax(-low, high);
}

static void plain_move(plain_svm *s, int64_t up, int64_t down)
{
    const double *hu = up >= 0 ? s->h + up * s->n : NULL;
    const double *hd = down >= 0 ? s->h + down * s->n : NULL;
    double slope = (down >= 0 ? s->g[down] : 0) - (up >= 0 ? s->g[up] : 0), curve = 0;
    curve += hu ? hu[up] : 0;
    curve += hd ? hd[down] : 0;
    curve -= hu && hd ? 2 * hu[down] : 0;
    double step = curve > 0 ? slope / curve : INFINITY;
    if (hu)
        step = fmin(step, s->hi[up] - s->b[up]);
    if (hd)
        step = fmin(step, s->b[down] - s->lo[down]);
    for (int64_t i = 0; i < s->n; i++)
        s->g[i] += step * ((hu ? hu[i] : 0) - (hd ? hd[i] : 0));
    if (hu)
        s->b[up] = s->hi[up] - s->b[up] <= step ? s->hi[up] : s->b[up] + step;
    if (hd)
        s->b[down] = s->b[down] - s->lo[down] <= step ? s->lo[down] : s->b[down] - step;
}

static bool plain_minimise(plain_svm *s, int64_t limit, double tolerance, int64_t *iterations)
{
    plain_gradient(s);
    for (int64_t k = 0; k < limit; k++) {
        int64_t up = -1, down = -1;
        if (worst_pair(s, &up, &down) <= tolerance)
            return true;
        plain_move(s, up, down);
        ++*iterations;
        if (k % 1000 == 999) /* rounding does not pile up */
            plain_gradient(s);
    }
    return false;
}

static void plain_svm_load(plain_svm *s, const eae_gram_problem *p, eae_svm_loss loss, double rho,
                           const double *gamma)
{
    for (int64_t i = 0; i < s->n; i++) {
        const double *ui = p->u + i * p->terms;
        s->p[i] = p->y[i];
        for (int64_t t = 0; t < p->terms; t++)
            s->p[i] -= gamma[t] * ui[t];
        for (int64_t j = 0; j < s->n; j++) {
            double v = p->gram[i * p->ld + j] + (p->bias_penalised ? 1 : 0);
            for (int64_t t = 0; t < p->terms; t++)
                v += rho * ui[t] * p->u[j * p->terms + t];
            s->h[i * s->n + j] = v;
        }
        if (loss == EAE_SQUARED_HINGE)
            s->h[i * s->n + i] += 1 / (2 * p->cost[i]);
        double top = loss == EAE_HINGE ? p->cost[i] : INFINITY;
        s->lo[i] = p->y[i] > 0 ? 0 : -top;
        s->hi[i] = p->y[i] > 0 ? top : 0;
    }
}

static double plain_intercept(const plain_svm *s)
{
    double sum = 0, low = -INFINITY, high = INFINITY;
    int64_t count = 0;
    for (int64_t i = 0; i < s->n; i++) {
        if (s->b[i] > s->lo[i] && s->b[i] < s->hi[i]) {
            sum -= s->g[i];
            count++;
        } else if (s->b[i] == s->lo[i]) {
            low = fmax(low, -s->g[i]);
        } else {
            high = fmin(high, -s->g[i]);
        }
    }
    if (count)
        return sum / (double)count;
    return isinf(low) ? high : isinf(high) ? low : (low + high) / 2;
}

/* Dual value of b, whose f is K b; the loss's own diagonal is taken as for the squared hinge. */
static double plain_dual(const eae_gram_problem *p, eae_svm_loss loss, const double *b)
{
    double sum = 0;
    for (int64_t i = 0; i < p->n; i++) {
        sum += p->y[i] * b[i];
        for (int64_t j = 0; j < p->n; j++)
            sum -= b[i] * b[j] * (p->gram[i * p->ld + j] + (p->bias_penalised ? 1 : 0)) / 2;
        if (loss == EAE_SQUARED_HINGE)
            sum -= b[i] * b[i] / (4 * p->cost[i]);
    }
    return sum;
}

static void plain_svm_store(const eae_gram_problem *p, eae_svm_loss loss, const plain_svm *s,
                            eae_gram_fit *fit)
{
    memcpy(fit->beta, s->b, (size_t)p->n * sizeof(double));
    fit->intercept = plain_intercept(s);
    if (p->bias_penalised) {
        fit->intercept = 0;
        for (int64_t i = 0; i < p->n; i++)
            fit->intercept += s->b[i];
    }
    fit->objective =
        eae_gram_objective(p, loss == EAE_HINGE ? EAE_LOSS_HINGE : EAE_LOSS_SQUARED_HINGE, fit);
    fit->gap = eae_gram_relative_gap(fit->objective - plain_dual(p, loss, s->b), fit->objective);
}

int eae_fit_svm_reference(const eae_gram_problem *problem, eae_svm_loss loss, eae_gram_fit *fit)
{
    int64_t n = problem->n, limit = problem->max_iter > 0 ? problem->max_iter : PAIR_LIMIT;
    double *memory = EAE_NEW_ARRAY(double, n *n + 5 * n);
    plain_svm s = {.n = n, .h = memory, .p = memory + n * n, .pairs = !problem->bias_penalised};
    s.b = s.p + n;
    s.lo = s.b + n;
    s.hi = s.lo + n;
    s.g = s.hi + n;
    double rho = 0; /* in the units of K, or of 1 / cost where b is tiny */
    for (int64_t i = 0; i < n; i++)
        rho = fmax(rho, fmax(problem->gram[i * problem->ld + i], 1 / problem->cost[i]));
    for (int64_t t = 0; t < problem->terms; t++)
        fit->gamma[t] = 0;
    fit->iterations = 0;
    for (int k = 0; k < (problem->terms ? OUTER_LIMIT : 1); k++) {
        plain_svm_load(&s, problem, loss, rho, fit->gamma);
        fit->converged = plain_minimise(&s, limit, 1e-12, &fit->iterations);
        double moved = 0;
        for (int64_t t = 0; t < problem->terms; t++) {
            double sum = 0;
            for (int64_t i = 0; i < n; i++)
                sum += problem->u[i * problem->terms + t] * s.b[i];
            fit->gamma[t] += rho * sum;
            moved = fmax(moved, fabs(rho * sum));
        }
        if (moved < 1e-11)
            break;
    }
    plain_svm_store(problem, loss, &s, fit);
    free(memory);
    return EAE_OK;
}

/* ---- softmax, of which logistic regression is not a special case (its norm is halved) ---- */

/* One description of both: `groups` outputs per row, b and f (groups x n), with the gradient of the
 * loss -q(f) and its Hessian W(f), n blocks of groups x groups. */
typedef struct plain_newton {
    const eae_gram_problem *p;
    int64_t n, terms, groups; /* groups: 1 is logistic regression */
    double *e, *b, *lambda, *f, *q, *w, *system, *rhs;
} plain_newton;

static double plain_loss(const plain_newton *s, const double *f)
{
    double sum = 0;
    for (int64_t i = 0; i < s->n; i++) {
        double y = s->p->y[i], c = s->p->cost[i];
        if (s->groups == 1) {
            double m = -y * f[i];
            sum += c * (m > 0 ? m + log1p(exp(-m)) : log1p(exp(m)));
            continue;
        }
        double top = f[i];
        for (int64_t k = 1; k < s->groups; k++)
            top = fmax(top, f[k * s->n + i]);
        double total = exp(f[i] - top);
        for (int64_t k = 1; k < s->groups; k++)
            total += exp(f[k * s->n + i] - top);
        sum += c * (top + log(total) - f[(int64_t)y * s->n + i]);
    }
    return sum;
}

static double plain_values(const plain_newton *s, const double *b, const double *lambda, double *f)
{
    const eae_gram_problem *p = s->p;
    double norm = 0;
    for (int64_t k = 0; k < s->groups; k++) {
        for (int64_t i = 0; i < s->n; i++) {
            double v = 0;
            for (int64_t j = 0; j < s->n; j++)
                v += p->gram[i * p->ld + j] * b[k * s->n + j];
            norm += b[k * s->n + i] * v;
            for (int64_t t = 0; t < s->terms; t++)
                v += s->e[i * s->terms + t] * lambda[k * s->terms + t];
            f[k * s->n + i] = v;
        }
    }
    return norm / 2 + plain_loss(s, f);
}

static void plain_derivatives(plain_newton *s)
{
    int64_t n = s->n, g = s->groups;
    for (int64_t i = 0; i < n; i++) {
        double y = s->p->y[i], c = s->p->cost[i], *w = s->w + i * g * g, total = 0;
        if (g == 1) {
            double a = 1 / (1 + exp(y * s->f[i]));
            s->q[i] = c * y * a;
            w[0] = c * a / (1 + exp(-y * s->f[i]));
            continue;
        }
        for (int64_t k = 0; k < g; k++)
            total += exp(s->f[k * n + i] - s->f[(int64_t)y * n + i]);
        for (int64_t k = 0; k < g; k++) {
            double pk = exp(s->f[k * n + i] - s->f[(int64_t)y * n + i]) / total;
            s->q[k * n + i] = c * ((y == (double)k) - pk);
            for (int64_t l = 0; l < g; l++) {
                double pl = exp(s->f[l * n + i] - s->f[(int64_t)y * n + i]) / total;
                w[k * g + l] = c * ((k == l ? pk : 0) - pk * pl);
            }
        }
    }
}

/* [I + W K, W E; E', 0] [b; lambda] = [W f + q; 0], and the border's common shift held at 0. */
static void plain_system(plain_newton *s)
{
    int64_t n = s->n, g = s->groups, terms = s->terms, all = g * (n + terms);
    memset(s->system, 0, (size_t)(all * all) * sizeof(double));
    for (int64_t k = 0; k < g; k++) {
        for (int64_t i = 0; i < n; i++) {
            double *row = s->system + (k * n + i) * all, sum = s->q[k * n + i];
            row[k * n + i] = 1;
            for (int64_t l = 0; l < g; l++) {
                double w = s->w[(i * g + k) * g + l];
                sum += w * s->f[l * n + i];
                for (int64_t j = 0; j < n; j++)
                    row[l * n + j] += w * s->p->gram[i * s->p->ld + j];
                for (int64_t t = 0; t < terms; t++)
                    row[g * n + l * terms + t] = w * s->e[i * terms + t];
            }
            s->rhs[k * n + i] = sum;
        }
        for (int64_t t = 0; t < terms; t++) {
            double *row = s->system + (g * n + k * terms + t) * all;
            for (int64_t i = 0; i < n; i++)
                row[k * n + i] = s->e[i * terms + t];
            for (int64_t l = 0; l < g && g > 1; l++)
                row[g * n + l * terms + t] = 1;
            s->rhs[g * n + k * terms + t] = 0;
        }
    }
    eae_gram_eliminate(s->system, all, s->rhs, 1, 0);
}

static bool plain_minimise_newton(plain_newton *s, int64_t limit, eae_gram_fit *fit)
{
    int64_t nb = s->groups * s->n, nl = s->groups * s->terms;
    double *trial = EAE_NEW_ARRAY(double, 2 * nb + nl), *tl = trial + nb, *tf = tl + nl;
    double value = plain_values(s, s->b, s->lambda, s->f), last = INFINITY;
    bool done = false;
    fit->iterations = 0;
    while (!done && fit->iterations < limit) {
        fit->iterations++;
        plain_derivatives(s);
        plain_system(s);
        double step = 1, next = INFINITY;
        for (int k = 0; k < 40; k++, step /= 2) {
            for (int64_t i = 0; i < nb; i++)
                trial[i] = s->b[i] + step * (s->rhs[i] - s->b[i]);
            for (int64_t i = 0; i < nl; i++)
                tl[i] = s->lambda[i] + step * (s->rhs[nb + i] - s->lambda[i]);
            next = plain_values(s, trial, tl, tf);
            if (next <= value + 1e-14 * fabs(value))
                break;
        }
        done = fabs(value - next) <= 1e-15 * fabs(next) && last <= 1e-12 * fabs(next);
        last = fabs(value - next);
        value = next;
        memcpy(s->b, trial, (size_t)nb * sizeof(double));
        memcpy(s->lambda, tl, (size_t)nl * sizeof(double));
        memcpy(s->f, tf, (size_t)nb * sizeof(double));
    }
    fit->objective = value;
    fit->gap = last / fmax(fabs(value), 1e-300);
    free(trial);
    return done;
}

static int plain_fit(const eae_gram_problem *p, int64_t groups, eae_gram_fit *fit)
{
    int64_t n = p->n, terms = p->terms + 1, all = groups * (n + terms);
    plain_newton s = {.p = p, .n = n, .terms = terms, .groups = groups};
    double *memory = EAE_NEW_ARRAY(double, n *terms + 3 * groups * n + groups * terms +
                                               groups * groups * n + all * all + all);
    s.e = memory;
    s.b = s.e + n * terms;
    s.f = s.b + groups * n;
    s.q = s.f + groups * n;
    s.lambda = s.q + groups * n;
    s.w = s.lambda + groups * terms;
    s.system = s.w + groups * groups * n;
    s.rhs = s.system + all * all;
    eae_gram_border(p, true, s.e);
    bool done = plain_minimise_newton(&s, p->max_iter > 0 ? p->max_iter : NEWTON_LIMIT, fit);
    for (int64_t k = 0; k < groups; k++) {
        memcpy(fit[k].beta, s.b + k * n, (size_t)n * sizeof(double));
        eae_gram_border_set(fit + k, p->terms, true, s.lambda + k * terms);
        fit[k].objective = fit[0].objective;
        fit[k].gap = fit[0].gap;
        fit[k].iterations = fit[0].iterations;
        fit[k].converged = done;
    }
    free(memory);
    return EAE_OK;
}

int eae_fit_logistic_reference(const eae_gram_problem *problem, eae_gram_fit *fit)
{
    return plain_fit(problem, 1, fit);
}

int eae_fit_softmax_reference(const eae_gram_problem *problem, int classes, eae_gram_fit *fit)
{
    return plain_fit(problem, classes, fit);
}

/* ---- ridge ---- */

static void plain_ridge(const eae_gram_problem *p, const double *y, double scale, eae_gram_fit *fit)
{
    int64_t n = p->n, all = n + p->terms + 1;
    double *system = EAE_NEW_ARRAY(double, all *all), *rhs = EAE_NEW_ARRAY(double, all);
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < n; j++)
            system[i * all + j] = p->gram[i * p->ld + j];
        system[i * all + i] += 1 / (scale * p->cost[i]);
        for (int64_t t = 0; t <= p->terms; t++) {
            double e = t == 0 ? 1 : p->u[i * p->terms + t - 1];
            system[i * all + n + t] = system[(n + t) * all + i] = e;
        }
        rhs[i] = y[i];
    }
    eae_gram_eliminate(system, all, rhs, 1, 0);
    memcpy(fit->beta, rhs, (size_t)n * sizeof(double));
    eae_gram_border_set(fit, p->terms, true, rhs + n);
    free(system);
    free(rhs);
    double *cost = EAE_NEW_ARRAY(double, n);
    for (int64_t i = 0; i < n; i++)
        cost[i] = scale * p->cost[i];
    eae_gram_problem scaled = *p;
    scaled.cost = cost;
    scaled.y = y;
    scaled.bias_penalised = false;
    fit->objective = eae_gram_objective(&scaled, EAE_LOSS_SQUARED, fit);
    fit->gap = 0;
    fit->iterations = 1;
    fit->converged = true;
    free(cost);
}

int eae_fit_ridge_reference(const eae_gram_problem *problem, const double *y, int64_t m,
                            const double *scale, int64_t s, eae_gram_fit *fit)
{
    for (int64_t t = 0; t < m; t++) {
        for (int64_t k = 0; k < s; k++)
            plain_ridge(problem, y + t * problem->n, scale[k], fit + t * s + k);
    }
    return EAE_OK;
}
