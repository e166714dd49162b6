/* gram_fit.c - fits, borders, objective and small dense algebra shared by the learners. */
#include "model/gram_fit.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/memory.h"
#include "model/gram_svm.h"

/* below this order own loops beat a library call */
enum { SMALL = 64 };

void eae_gram_fit_init(eae_gram_fit *fit, int64_t n, int64_t terms)
{
    *fit = (eae_gram_fit){0};
    fit->beta = EAE_NEW_ARRAY(double, n);
    fit->gamma = EAE_NEW_ARRAY(double, terms);
}

void eae_gram_fit_free(eae_gram_fit *fit)
{
    free(fit->beta);
    free(fit->gamma);
    *fit = (eae_gram_fit){0};
}

static double loss_value(eae_loss loss, double y, double f)
{
    double m = 1 - y * f;
    switch (loss) {
    case EAE_LOSS_HINGE:
        return m > 0 ? m : 0;
    case EAE_LOSS_SQUARED_HINGE:
        return m > 0 ? m * m : 0;
    case EAE_LOSS_LOGISTIC:
        return y * f > 0 ? log1p(exp(-y * f)) : log1p(exp(y * f)) - y * f;
    case EAE_LOSS_SQUARED:
        break;
    }
    return (y - f) * (y - f) / 2;
}

double eae_gram_objective(const eae_gram_problem *problem, eae_loss loss, const eae_gram_fit *fit)
{
    int64_t n = problem->n;
    double norm = problem->bias_penalised ? fit->intercept * fit->intercept : 0, sum = 0;
    for (int64_t i = 0; i < n; i++) {
        double f = 0;
        for (int64_t j = 0; j < n; j++)
            f += problem->gram[i * problem->ld + j] * fit->beta[j];
        norm += fit->beta[i] * f;
        f += fit->intercept;
        for (int64_t t = 0; t < problem->terms; t++)
            f += fit->gamma[t] * problem->u[i * problem->terms + t];
        sum += problem->cost[i] * loss_value(loss, problem->y[i], f);
    }
    return norm / 2 + sum;
}

int eae_gram_certify(const eae_gram_problem *problem, eae_loss loss, const double *kbeta,
                     eae_gram_fit *fit)
{
    switch (loss) {
    case EAE_LOSS_HINGE:
        return eae_svm_certify(problem, EAE_HINGE, kbeta, fit);
    case EAE_LOSS_SQUARED_HINGE:
        return eae_svm_certify(problem, EAE_SQUARED_HINGE, kbeta, fit);
    case EAE_LOSS_LOGISTIC:
        return eae_logistic_certify(problem, kbeta, fit);
    case EAE_LOSS_SQUARED:
        break;
    }
    eae_bug("no certificate for the squared loss");
}

double eae_gram_dot(const double *a, const double *b, int64_t n)
{
    double s[8] = {0};
    int64_t i = 0;
    for (; i + 8 <= n; i += 8) {
        for (int k = 0; k < 8; k++)
            s[k] += a[i + k] * b[i + k];
    }
    for (int k = 0; i < n; i++, k++)
        s[k] += a[i] * b[i];
    return ((s[0] + s[4]) + (s[1] + s[5])) + ((s[2] + s[6]) + (s[3] + s[7]));
}

void eae_gram_product(const double *a, int64_t ld, int64_t n, const double *x, double *y)
{
    int64_t used = 0;
    for (int64_t i = 0; i < n; i++)
        used += x[i] != 0;
    if (2 * used > n) {
        for (int64_t i = 0; i < n; i++)
            y[i] = eae_gram_dot(a + i * ld, x, n);
        return;
    }
    memset(y, 0, (size_t)n * sizeof *y);
    for (int64_t j = 0; j < n; j++) {
        const double *row = a + j * ld;
        double xj = x[j];
        if (xj == 0)
            continue;
        for (int64_t i = 0; i < n; i++)
            y[i] += xj * row[i];
    }
}

int64_t eae_gram_border_terms(const eae_gram_problem *problem, bool free_bias)
{
    return problem->terms + (free_bias ? 1 : 0);
}

void eae_gram_border(const eae_gram_problem *problem, bool free_bias, double *e)
{
    for (int64_t i = 0; i < problem->n; i++) {
        if (free_bias)
            *e++ = 1;
        for (int64_t t = 0; t < problem->terms; t++)
            *e++ = problem->u[i * problem->terms + t];
    }
}

void eae_gram_border_add(const double *e, int64_t n, int64_t terms, const double *lambda, double *f)
{
    for (int64_t i = 0; i < n; i++) {
        for (int64_t t = 0; t < terms; t++)
            f[i] += e[i * terms + t] * lambda[t];
    }
}

void eae_gram_border_sum(const double *e, int64_t n, int64_t terms, const double *b, double *out)
{
    for (int64_t t = 0; t < terms; t++)
        out[t] = 0;
    for (int64_t i = 0; i < n; i++) {
        for (int64_t t = 0; t < terms; t++)
            out[t] += e[i * terms + t] * b[i];
    }
}

void eae_gram_border_get(const eae_gram_fit *fit, int64_t terms, bool free_bias, double *lambda)
{
    if (free_bias)
        *lambda++ = fit->intercept;
    for (int64_t t = 0; t < terms; t++)
        lambda[t] = fit->gamma[t];
}

void eae_gram_border_set(eae_gram_fit *fit, int64_t terms, bool free_bias, const double *lambda)
{
    if (free_bias)
        fit->intercept = *lambda++;
    for (int64_t t = 0; t < terms; t++)
        fit->gamma[t] = lambda[t];
}

/* Row by row, so that every sum is a product of two contiguous rows. */
static int small_cholesky(double *a, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        double *row = a + i * n;
        for (int64_t j = 0; j < i; j++)
            row[j] = (row[j] - eae_gram_dot(row, a + j * n, j)) / a[j * n + j];
        double d = row[i] - eae_gram_dot(row, row, i);
        if (!(d > 0))
            return eae_fail("not positive definite");
        row[i] = sqrt(d);
    }
    return EAE_OK;
}

int eae_gram_cholesky(const eae_kernels *kernels, double *a, int64_t n, double *pivot)
{
    int status = n <= SMALL ? small_cholesky(a, n) : kernels->cholesky(a, n);
    if (status || !pivot)
        return status;
    double low = INFINITY, high = 0;
    for (int64_t i = 0; i < n; i++) {
        low = fmin(low, a[i * n + i]);
        high = fmax(high, a[i * n + i]);
    }
    *pivot = n > 0 ? low / high * (low / high) : 1;
    return EAE_OK;
}

void eae_gram_solve(const double *factor, int64_t n, double *x)
{
    for (int64_t i = 0; i < n; i++)
        x[i] = (x[i] - eae_gram_dot(factor + i * n, x, i)) / factor[i * n + i];
    for (int64_t i = n; i-- > 0;) {
        const double *row = factor + i * n;
        double xi = x[i] /= row[i];
        for (int64_t j = 0; j < i; j++)
            x[j] -= row[j] * xi;
    }
}

static void swap_rows(double *a, int64_t n, int64_t i, int64_t j)
{
    for (int64_t k = 0; k < n && i != j; k++) {
        double t = a[i * n + k];
        a[i * n + k] = a[j * n + k];
        a[j * n + k] = t;
    }
}

static double column_size(const double *a, int64_t n, int64_t c)
{
    double largest = 0;
    for (int64_t i = 0; i < n; i++)
        largest = fmax(largest, fabs(a[i * n + c]));
    return largest;
}

static void eliminate_below(double *a, int64_t n, double *b, int64_t k, int64_t c)
{
    for (int64_t i = c + 1; i < n; i++) {
        double m = a[i * n + c] / a[c * n + c];
        if (m == 0)
            continue;
        for (int64_t j = c; j < n; j++)
            a[i * n + j] -= m * a[c * n + j];
        for (int64_t j = 0; j < k; j++)
            b[i * k + j] -= m * b[c * k + j];
    }
}

void eae_gram_eliminate(double *a, int64_t n, double *b, int64_t k, double tolerance)
{
    double *size = EAE_NEW_ARRAY(double, n);
    for (int64_t c = 0; c < n; c++)
        size[c] = column_size(a, n, c);
    for (int64_t c = 0; c < n; c++) {
        int64_t pick = c;
        for (int64_t i = c + 1; i < n; i++) {
            if (fabs(a[i * n + c]) > fabs(a[pick * n + c]))
                pick = i;
        }
        swap_rows(a, n, c, pick);
        swap_rows(b, k, c, pick);
        if (fabs(a[c * n + c]) <= tolerance * size[c])
            a[c * n + c] = INFINITY; /* dependent: this unknown becomes 0 */
        else
            eliminate_below(a, n, b, k, c);
    }
    free(size);
    for (int64_t i = n; i-- > 0;) {
        for (int64_t j = 0; j < k; j++) {
            double sum = b[i * k + j];
            for (int64_t c = i + 1; c < n; c++)
                sum -= a[i * n + c] * b[c * k + j];
            b[i * k + j] = sum / a[i * n + i];
        }
    }
}

void eae_gram_bordered(const double *factor, int64_t m, const double *e, int64_t terms,
                       const double *r, const double *s, double *x, double *lambda, double *work)
{
    double *column = work, *schur = work + terms * m; /* columns of A^-1 E */
    memmove(x, r, (size_t)m * sizeof *x);
    eae_gram_solve(factor, m, x);
    for (int64_t t = 0; t < terms; t++) {
        double *c = column + t * m;
        for (int64_t i = 0; i < m; i++)
            c[i] = e[i * terms + t];
        eae_gram_solve(factor, m, c);
    }
    for (int64_t t = 0; t < terms; t++) {
        double sum = 0;
        for (int64_t i = 0; i < m; i++)
            sum += e[i * terms + t] * x[i];
        lambda[t] = sum - s[t];
        for (int64_t v = 0; v < terms; v++) {
            sum = 0;
            for (int64_t i = 0; i < m; i++)
                sum += e[i * terms + t] * column[v * m + i];
            schur[t * terms + v] = sum;
        }
    }
    eae_gram_eliminate(schur, terms, lambda, 1, 1e-14);
    for (int64_t t = 0; t < terms; t++) {
        for (int64_t i = 0; i < m; i++)
            x[i] -= lambda[t] * column[t * m + i];
    }
}

double eae_gram_relative_gap(double difference, double primal)
{
    if (isnan(difference) || isnan(primal))
        return INFINITY; /* nothing is known */
    return fmax(difference, 0) / fmax(fabs(primal), DBL_MIN);
}

double eae_gram_entropy(double a, double p)
{
    if (!(a > 0))
        return 0;
    return a * (a < p / 2 ? log(a / p) : log1p((a - p) / p));
}
