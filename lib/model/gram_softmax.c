/*
 * gram_softmax.c - softmax regression by Newton's method in the span of the rows.
 *
 * Rasmussen and Williams (2006), algorithm 3.3, with costs c_i and an unpenalised border E for
 * each class. Class-major vectors (classes x n). With D_k = diag(c pi_k) and
 * M_k = D_k^(1/2) (I + D_k^(1/2) K D_k^(1/2))^-1 D_k^(1/2), S = sum_k M_k, the inverse
 * M = (W^-1 + K)^-1 acts as (M v)_k = M_k (v_k - S^-1 sum_l M_l v_l), and each Newton step solves
 *
 *     b = W z - M (K W z + E lambda),   E'b_k = 0,   sum_k lambda_k = 0.
 *
 * b is also the dual point of the certificate, with probabilities p_ik = [y_i = k] - b_ik / c_i.
 *
 * Where K has a rank r far below n (many rows of few features), K = L L' to rounding, and the same
 * step is taken in the r + terms coefficients of each class, f_k = L u_k + E lambda_k:
 *
 *     (1 + sum_i B_i' W_i B_i) d(u, lambda) = sum_i B_i' c_i ([y_i = k] - pi_ik) - u,   B = [L, E],
 *
 * then b = c ([y = k] - pi) - W (B d), for which L'b_k = u_k and E'b_k = 0. What is judged is the
 * true K all the same.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/gram_internal.h"

enum { MAX_STEPS = 200, MAX_HALVINGS = 40 };

/* A rank of at most n / LOW, and so many coefficients in all, is low; what is left of the diagonal
 * of K when its factor ends, of the largest entry. */
enum { LOW = 8, LOW_COEFFICIENTS = 1500 };
static const double LOW_REST = 1e-9;

typedef struct softmax {
    const eae_gram_problem *problem;
    int64_t n, terms, classes;
    double *matrices;     /* (classes + 2) x n x n: M_k, S's factor, scratch */
    double *sum, *factor; /* the last two of them */
    double *memory;       /* everything below */
    double *b, *kb, *f, *nb, *nkb, *nf, *pi, *v; /* classes x n */
    double *e;                                   /* n x terms */
    double *me, *se;                             /* classes x terms x n: M_k E and S^-1 M_k E */
    double *lambda, *nlambda;                    /* classes x terms */
    double *system;                              /* (classes terms)^2 */
    double *t;                                   /* n */
    int64_t rank;                                /* of the factor below; 0: it is not low */
    double *low;                                 /* n x (rank + terms): B */
    double *scaled;                              /* the same size */
    double *hessian;                             /* (classes (rank + terms))^2 */
    double *block;                               /* (rank + terms)^2 */
    double *theta;                               /* 2 x classes x (rank + terms) */
} softmax;

/* ---- low rank -------------------------------------------------------------------------------- */

static int low_init(softmax *s)
{
    int64_t n = s->n, terms = s->terms, most = n / LOW;
    if (most > LOW_COEFFICIENTS / s->classes - terms)
        most = LOW_COEFFICIENTS / s->classes - terms;
    if (most < 1)
        return EAE_OK;
    double *l = eae_try_alloc((size_t)(n * most), sizeof(double), "softmax regression");
    if (!l)
        return EAE_FAIL;
    s->rank = eae_gram_factor_low(s->problem->gram, s->problem->ld, n, most, LOW_REST, l);
    if (s->rank > 0) {
        int64_t q = s->rank + terms, all = q * s->classes;
        s->low = EAE_NEW_ARRAY(double, 2 * n * q + all * all + q * q + 2 * all);
        s->scaled = s->low + n * q;
        s->hessian = s->scaled + n * q;
        s->block = s->hessian + all * all;
        s->theta = s->block + q * q;
        for (int64_t i = 0; i < n; i++) {
            memcpy(s->low + i * q, l + i * most, (size_t)s->rank * sizeof(double));
            memcpy(s->low + i * q + s->rank, s->e + i * terms, (size_t)terms * sizeof(double));
        }
    }
    free(l);
    return EAE_OK;
}

/* The blocks of classes k and l <= k of the second derivative. */
static int low_block(softmax *s, int64_t k, int64_t l)
{
    int64_t n = s->n, q = s->rank + s->terms, all = q * s->classes;
    for (int64_t i = 0; i < n; i++) {
        double pk = s->pi[k * n + i], pl = s->pi[l * n + i];
        double w = s->problem->cost[i] * pk * ((k == l) - pl);
        for (int64_t j = 0; j < q; j++)
            s->scaled[i * q + j] = w * s->low[i * q + j];
    }
    int status =
        s->problem->kernels->multiply(true, false, q, q, n, 1, s->low, s->scaled, 0, s->block);
    for (int64_t a = 0; a < q; a++) {
        for (int64_t b = 0; b < q; b++)
            s->hessian[(k * q + a) * all + l * q + b] = s->block[a * q + b];
    }
    return status;
}

/* The same shift of every class changes nothing: some weight on it makes it 0. */
static int low_system(softmax *s)
{
    int64_t q = s->rank + s->terms, all = q * s->classes;
    int status = EAE_OK;
    for (int64_t k = 0; k < s->classes && status == EAE_OK; k++) {
        for (int64_t l = 0; l <= k && status == EAE_OK; l++)
            status = low_block(s, k, l);
    }
    double trace = 0;
    for (int64_t r = 0; r < all; r++)
        trace += s->hessian[r * all + r];
    for (int64_t k = 0; k < s->classes; k++) {
        for (int64_t j = 0; j < s->rank; j++)
            s->hessian[(k * q + j) * all + k * q + j] += 1;
        for (int64_t l = 0; l <= k; l++) {
            for (int64_t t = s->rank; t < q; t++)
                s->hessian[(k * q + t) * all + l * q + t] += trace / (double)all;
        }
    }
    return status == EAE_OK ? s->problem->kernels->cholesky(s->hessian, all) : status;
}

/* u_k = L'b_k and lambda_k of the present point; and of the right-hand side. */
static int low_right(softmax *s, double *step)
{
    const eae_gram_problem *p = s->problem;
    int64_t n = s->n, q = s->rank + s->terms;
    for (int64_t k = 0; k < s->classes; k++) {
        double *theta = s->theta + k * q, *right = step + k * q;
        for (int64_t j = 0; j < q; j++)
            theta[j] = right[j] = 0;
        for (int64_t i = 0; i < n; i++) {
            double r = p->cost[i] * ((p->y[i] == (double)k) - s->pi[k * n + i]);
            for (int64_t j = 0; j < q; j++) {
                right[j] += r * s->low[i * q + j];
                theta[j] += s->b[k * n + i] * s->low[i * q + j];
            }
        }
        for (int64_t j = 0; j < s->rank; j++)
            right[j] -= theta[j];
        for (int64_t t = 0; t < s->terms; t++)
            theta[s->rank + t] = s->lambda[k * s->terms + t];
    }
    return p->kernels->cholesky_solve(s->hessian, q * s->classes, step, 1);
}

static int softmax_init(softmax *s, const eae_gram_problem *problem, int classes)
{
    *s = (softmax){.problem = problem, .n = problem->n, .classes = classes};
    int64_t n = s->n, k = classes, terms = s->terms = eae_gram_border_terms(problem, true);
    s->memory = EAE_NEW_ARRAY(double, 8 * k * n + n * terms + 2 * k * terms * n + 2 * k * terms +
                                          k * terms * k * terms + n);
    double *p = s->memory;
    double **slots[] = {&s->b, &s->kb, &s->f, &s->nb, &s->nkb, &s->nf, &s->pi, &s->v};
    for (size_t i = 0; i < sizeof slots / sizeof *slots; i++, p += k * n)
        *slots[i] = p;
    s->e = p;
    s->me = s->e + n * terms;
    s->se = s->me + k * terms * n;
    s->lambda = s->se + k * terms * n;
    s->nlambda = s->lambda + k * terms;
    s->system = s->nlambda + k * terms;
    s->t = s->system + k * terms * k * terms;
    eae_gram_border(problem, true, s->e);
    if (low_init(s) != EAE_OK)
        return EAE_FAIL;
    if (s->rank > 0)
        return EAE_OK;
    s->matrices = eae_try_alloc((size_t)(k + 2) * (size_t)n * (size_t)n, sizeof(double),
                                "softmax regression");
    if (!s->matrices)
        return EAE_FAIL;
    s->sum = s->matrices + k * n * n;
    s->factor = s->sum + n * n;
    return EAE_OK;
}

static void softmax_free(softmax *s)
{
    free(s->matrices);
    free(s->memory);
    free(s->low);
}

/* ---- the objective --------------------------------------------------------------------------- */

static double log_sum_exp(const softmax *s, const double *f, int64_t i)
{
    double top = f[i];
    for (int64_t k = 1; k < s->classes; k++)
        top = fmax(top, f[k * s->n + i]);
    double sum = exp(f[i] - top);
    for (int64_t k = 1; k < s->classes; k++)
        sum += exp(f[k * s->n + i] - top);
    return top + log(sum);
}

static double loss_sum(const softmax *s, const double *f)
{
    double sum = 0;
    for (int64_t i = 0; i < s->n; i++) {
        int64_t k = (int64_t)s->problem->y[i];
        sum += s->problem->cost[i] * (log_sum_exp(s, f, i) - f[k * s->n + i]);
    }
    return sum;
}

static void probabilities(softmax *s)
{
    for (int64_t i = 0; i < s->n; i++) {
        double norm = log_sum_exp(s, s->f, i);
        for (int64_t k = 0; k < s->classes; k++)
            s->pi[k * s->n + i] = exp(s->f[k * s->n + i] - norm);
    }
}

/* M_k from D_k; me = M_k E */
static int class_matrix(softmax *s, int64_t k)
{
    const eae_gram_problem *p = s->problem;
    int64_t n = s->n;
    double *m = s->matrices + k * n * n, *root = s->t;
    for (int64_t i = 0; i < n; i++)
        root[i] = sqrt(p->cost[i] * s->pi[k * n + i]);
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < n; j++) {
            s->factor[i * n + j] = root[i] * p->gram[i * p->ld + j] * root[j];
            m[i * n + j] = 0;
        }
        s->factor[i * n + i] += 1;
        m[i * n + i] = root[i];
    }
    if (eae_gram_cholesky(p->kernels, s->factor, n, NULL) ||
        p->kernels->cholesky_solve(s->factor, n, m, n))
        return EAE_FAIL;
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < n; j++) {
            m[i * n + j] *= root[i];
            s->sum[i * n + j] += m[i * n + j];
        }
    }
    double *column = s->t;
    for (int64_t t = 0; t < s->terms; t++) {
        for (int64_t i = 0; i < n; i++)
            column[i] = s->e[i * s->terms + t];
        eae_gram_product(m, n, n, column, s->me + (k * s->terms + t) * n);
    }
    return EAE_OK;
}

static int class_matrices(softmax *s)
{
    int64_t n = s->n;
    memset(s->sum, 0, (size_t)(n * n) * sizeof(double));
    for (int64_t k = 0; k < s->classes; k++) {
        if (class_matrix(s, k))
            return EAE_FAIL;
    }
    if (eae_gram_cholesky(s->problem->kernels, s->sum, n, NULL))
        return EAE_FAIL;
    memcpy(s->se, s->me, (size_t)(s->classes * s->terms * n) * sizeof(double));
    for (int64_t c = 0; c < s->classes * s->terms; c++)
        eae_gram_solve(s->sum, n, s->se + c * n);
    return EAE_OK;
}

/* v <- M v */
static void apply_m(softmax *s, double *v, double *scratch)
{
    int64_t n = s->n;
    for (int64_t i = 0; i < n; i++)
        s->t[i] = 0;
    for (int64_t k = 0; k < s->classes; k++) {
        eae_gram_product(s->matrices + k * n * n, n, n, v + k * n, scratch + k * n);
        for (int64_t i = 0; i < n; i++)
            s->t[i] += scratch[k * n + i];
    }
    eae_gram_solve(s->sum, n, s->t);
    for (int64_t k = 0; k < s->classes; k++) {
        eae_gram_product(s->matrices + k * n * n, n, n, s->t, v + k * n);
        for (int64_t i = 0; i < n; i++)
            v[k * n + i] = scratch[k * n + i] - v[k * n + i];
    }
}

/* lambda with E'b_k = 0 for b = nb - M E lambda */
static void solve_border(softmax *s)
{
    int64_t n = s->n, terms = s->terms, all = s->classes * terms;
    double trace = 0;
    for (int64_t r = 0; r < all; r++) {
        for (int64_t c = 0; c < all; c++) {
            double sum = -eae_gram_dot(s->me + r * n, s->se + c * n, n);
            for (int64_t i = 0; r / terms == c / terms && i < n; i++)
                sum += s->e[i * terms + r % terms] * s->me[c * n + i];
            s->system[r * all + c] = sum;
        }
        trace += s->system[r * all + r];
    }
    for (int64_t r = 0; r < all; r++) { /* the same for every class changes nothing: make it 0 */
        for (int64_t k = 0; k < s->classes; k++)
            s->system[r * all + k * terms + r % terms] += trace / (double)all;
    }
    for (int64_t k = 0; k < s->classes; k++)
        eae_gram_border_sum(s->e, n, terms, s->nb + k * n, s->nlambda + k * terms);
    eae_gram_eliminate(s->system, all, s->nlambda, 1, 1e-14);
}

static void products(const softmax *s, const double *b, const double *lambda, double *kb, double *f)
{
    const eae_gram_problem *p = s->problem;
    int64_t n = s->n;
    for (int64_t k = 0; k < s->classes; k++) {
        eae_gram_product(p->gram, p->ld, n, b + k * n, kb + k * n);
        memcpy(f + k * n, kb + k * n, (size_t)n * sizeof(double));
        eae_gram_border_add(s->e, n, s->terms, lambda + k * s->terms, f + k * n);
    }
}

/* Full step: nb, nlambda. */
static int low_step(softmax *s)
{
    const eae_gram_problem *p = s->problem;
    int64_t n = s->n, q = s->rank + s->terms;
    double *step = s->theta + q * s->classes;
    if (low_system(s) != EAE_OK || low_right(s, step) != EAE_OK)
        return EAE_FAIL;
    for (int64_t k = 0; k < s->classes; k++) {
        for (int64_t t = s->rank; t < q; t++)
            s->nlambda[k * s->terms + t - s->rank] = s->theta[k * q + t] + step[k * q + t];
        for (int64_t i = 0; i < n; i++) /* what the step adds to f */
            s->v[k * n + i] = eae_gram_dot(s->low + i * q, step + k * q, q);
    }
    for (int64_t i = 0; i < n; i++) {
        double mean = 0;
        for (int64_t k = 0; k < s->classes; k++)
            mean += s->pi[k * n + i] * s->v[k * n + i];
        for (int64_t k = 0; k < s->classes; k++) {
            double pi = s->pi[k * n + i], hit = p->y[i] == (double)k ? 1 : 0;
            s->nb[k * n + i] = p->cost[i] * (hit - pi - pi * (s->v[k * n + i] - mean));
        }
    }
    return EAE_OK;
}

static int newton_step(softmax *s)
{
    const eae_gram_problem *p = s->problem;
    int64_t n = s->n, all = s->classes * n;
    probabilities(s);
    if (s->rank > 0) {
        int status = low_step(s);
        if (status == EAE_OK)
            products(s, s->nb, s->nlambda, s->nkb, s->nf);
        return status;
    }
    if (class_matrices(s))
        return EAE_FAIL;
    for (int64_t i = 0; i < n; i++) { /* nb = W z */
        double mean = 0;
        for (int64_t k = 0; k < s->classes; k++)
            mean += s->pi[k * n + i] * s->f[k * n + i];
        for (int64_t k = 0; k < s->classes; k++) {
            double pi = s->pi[k * n + i], hit = p->y[i] == (double)k ? 1 : 0;
            s->nb[k * n + i] = p->cost[i] * (pi * (s->f[k * n + i] - mean) + hit - pi);
        }
    }
    for (int64_t k = 0; k < s->classes; k++)
        eae_gram_product(p->gram, p->ld, n, s->nb + k * n, s->v + k * n);
    apply_m(s, s->v, s->nf);
    for (int64_t i = 0; i < all; i++)
        s->nb[i] -= s->v[i];
    solve_border(s);
    memset(s->v, 0, (size_t)all * sizeof(double));
    for (int64_t k = 0; k < s->classes; k++)
        eae_gram_border_add(s->e, n, s->terms, s->nlambda + k * s->terms, s->v + k * n);
    apply_m(s, s->v, s->nf);
    for (int64_t i = 0; i < all; i++)
        s->nb[i] -= s->v[i];
    products(s, s->nb, s->nlambda, s->nkb, s->nf);
    return EAE_OK;
}

static void blend(double *a, const double *b, double t, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        a[i] = t == 1 ? b[i] : a[i] + t * (b[i] - a[i]);
}

static bool line_search(softmax *s, double *objective)
{
    int64_t all = s->classes * s->n;
    double norm0 = eae_gram_dot(s->b, s->kb, all), norm1 = eae_gram_dot(s->nb, s->nkb, all);
    double cross = eae_gram_dot(s->b, s->nkb, all), t = 1;
    for (int k = 0; k < MAX_HALVINGS; k++, t /= 2) {
        double norm = (1 - t) * (1 - t) * norm0 + 2 * t * (1 - t) * cross + t * t * norm1;
        memcpy(s->v, s->f, (size_t)all * sizeof(double));
        blend(s->v, s->nf, t, all);
        double value = norm / 2 + loss_sum(s, s->v);
        if (!(value <= *objective + 1e-14 * fabs(*objective)))
            continue;
        blend(s->b, s->nb, t, all);
        blend(s->kb, s->nkb, t, all);
        memcpy(s->f, s->v, (size_t)all * sizeof(double));
        blend(s->lambda, s->nlambda, t, s->classes * s->terms);
        *objective = value;
        return true;
    }
    return false;
}

/* cost times the relative entropy of p and pi, and what the equalities lack */
static double duality_gap(softmax *s)
{
    const eae_gram_problem *p = s->problem;
    int64_t n = s->n;
    double gap = 0;
    probabilities(s);
    for (int64_t i = 0; i < n; i++) {
        double total = 0;
        for (int64_t k = 0; k < s->classes; k++) {
            double pi = s->pi[k * n + i], hit = p->y[i] == (double)k ? 1 : 0;
            double q = hit - s->b[k * n + i] / p->cost[i];
            if (q < -1e-15)
                return INFINITY;
            gap += p->cost[i] * eae_gram_entropy(q, pi);
            total += s->b[k * n + i];
        }
        if (fabs(total) > 1e-12 * p->cost[i]) /* not probabilities */
            return INFINITY;
    }
    for (int64_t k = 0; k < s->classes; k++) {
        for (int64_t t = 0; t < s->terms; t++) {
            double sum = 0;
            for (int64_t i = 0; i < n; i++)
                sum += s->e[i * s->terms + t] * s->b[k * n + i];
            gap += fabs(sum * s->lambda[k * s->terms + t]);
        }
    }
    return gap;
}

static void load(softmax *s, const eae_gram_fit *fit)
{
    for (int64_t k = 0; k < s->classes; k++) {
        for (int64_t i = 0; i < s->n; i++)
            s->b[k * s->n + i] = isfinite(fit[k].beta[i]) ? fit[k].beta[i] : 0;
        eae_gram_border_get(fit + k, s->problem->terms, true, s->lambda + k * s->terms);
    }
    for (int64_t c = 0; c < s->classes * s->terms; c++)
        s->lambda[c] = isfinite(s->lambda[c]) ? s->lambda[c] : 0;
    products(s, s->b, s->lambda, s->kb, s->f);
}

/* Border coefficients sum to 0 over the classes; a common shift leaves every probability alone. */
static void store(softmax *s, double objective, double gap, int64_t iterations, eae_gram_fit *fit)
{
    for (int64_t t = 0; t < s->terms; t++) {
        double mean = 0;
        for (int64_t k = 0; k < s->classes; k++)
            mean += s->lambda[k * s->terms + t] / (double)s->classes;
        for (int64_t k = 0; k < s->classes; k++)
            s->lambda[k * s->terms + t] -= mean;
    }
    for (int64_t k = 0; k < s->classes; k++) {
        memcpy(fit[k].beta, s->b + k * s->n, (size_t)s->n * sizeof(double));
        eae_gram_border_set(fit + k, s->problem->terms, true, s->lambda + k * s->terms);
        fit[k].objective = objective;
        fit[k].gap = gap;
        fit[k].iterations = iterations;
        fit[k].converged = gap <= s->problem->tol;
    }
}

static int iterate(softmax *s, eae_gram_fit *fit)
{
    const eae_gram_problem *p = s->problem;
    int64_t limit = p->max_iter > 0 ? p->max_iter : MAX_STEPS, k = 0;
    load(s, fit);
    double objective = eae_gram_dot(s->b, s->kb, s->classes * s->n) / 2 + loss_sum(s, s->f);
    double gap = eae_gram_relative_gap(duality_gap(s), objective);
    for (; !(gap <= p->tol) && k < limit; k++) {
        if (newton_step(s) || !line_search(s, &objective))
            break; /* saturated, or no progress: the gap says how far it came */
        gap = eae_gram_relative_gap(duality_gap(s), objective);
    }
    store(s, objective, gap, k, fit);
    return EAE_OK;
}

int eae_fit_softmax(const eae_gram_problem *problem, int classes, eae_gram_fit *fit)
{
    softmax s;
    int status = softmax_init(&s, problem, classes);
    if (status == EAE_OK)
        status = iterate(&s, fit);
    if (!status && !fit->converged) { /* a far start saturates W: begin at 0 */
        for (int k = 0; k < classes; k++) {
            memset(fit[k].beta, 0, (size_t)problem->n * sizeof(double));
            memset(fit[k].gamma, 0, (size_t)problem->terms * sizeof(double));
            fit[k].intercept = 0;
        }
        status = iterate(&s, fit);
    }
    softmax_free(&s);
    return status;
}
