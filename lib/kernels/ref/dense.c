/*
 * dense.c - reference dense algebra: Cholesky by its definition, eigenvalues by cyclic Jacobi
 * rotations (Golub and Van Loan, Matrix Computations, 4th ed., 8.5), least squares by the one-sided
 * Jacobi SVD (ibid., 8.6; Hestenes 1958). See ref.h.
 */
#include "kernels/ref/ref.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { SWEEPS = 60 }; /* Jacobi methods need about ten */

int eae_ref_cholesky(double *a, int64_t n)
{
    for (int64_t j = 0; j < n; j++) {
        for (int64_t i = j; i < n; i++) {
            double sum = a[i * n + j];
            for (int64_t l = 0; l < j; l++)
                sum -= a[i * n + l] * a[j * n + l];
            if (i > j) {
                a[i * n + j] = sum / a[j * n + j];
            } else {
                if (!(sum > 0) || isinf(sum))
                    return eae_fail("not positive definite");
                a[j * n + j] = sqrt(sum);
            }
        }
    }
    return EAE_OK;
}

int eae_ref_cholesky_solve(const double *factor, int64_t n, double *b, int64_t k)
{
    for (int64_t c = 0; c < k; c++) {
        for (int64_t i = 0; i < n; i++) {
            for (int64_t l = 0; l < i; l++)
                b[i * k + c] -= factor[i * n + l] * b[l * k + c];
            b[i * k + c] /= factor[i * n + i];
        }
        for (int64_t i = n - 1; i >= 0; i--) {
            for (int64_t l = i + 1; l < n; l++)
                b[i * k + c] -= factor[l * n + i] * b[l * k + c];
            b[i * k + c] /= factor[i * n + i];
        }
    }
    return EAE_OK;
}

/* Cosine and sine of the rotation that makes the off-diagonal element of {{p, q}, {q, r}} zero. */
static void jacobi_angle(double p, double q, double r, double *cosine, double *sine)
{
    double tau = (r - p) / (2 * q);
    double tangent = (tau >= 0 ? 1 : -1) / (fabs(tau) + hypot(1, tau));
    *cosine = 1 / hypot(1, tangent);
    *sine = tangent * *cosine;
}

/* (u, v) <- (c u - s v, s u + c v) for n pairs, `step` apart */
static void rotate(double *u, double *v, int64_t n, int64_t step, double c, double s)
{
    for (int64_t i = 0; i < n; i++) {
        double x = u[i * step], y = v[i * step];
        u[i * step] = c * x - s * y;
        v[i * step] = s * x + c * y;
    }
}

/* One round over all pairs with an element above `least`; true if there was none. */
static bool eigen_sweep(double *a, double *vectors, int64_t n, double least)
{
    bool done = true;
    for (int64_t p = 0; p < n; p++) {
        for (int64_t q = p + 1; q < n; q++) {
            double off = a[p * n + q];
            if (fabs(off) <= least)
                continue;
            done = false;
            double c, s;
            jacobi_angle(a[p * n + p], off, a[q * n + q], &c, &s);
            rotate(a + p, a + q, n, n, c, s);
            rotate(a + p * n, a + q * n, n, 1, c, s);
            a[p * n + q] = a[q * n + p] = 0;
            rotate(vectors + p * n, vectors + q * n, n, 1, c, s);
        }
    }
    return done;
}

static void make_largest_positive(double *v, int64_t n)
{
    int64_t largest = 0;
    for (int64_t i = 1; i < n; i++) {
        if (fabs(v[i]) > fabs(v[largest]))
            largest = i;
    }
    if (n > 0 && v[largest] < 0) {
        for (int64_t i = 0; i < n; i++)
            v[i] = -v[i];
    }
}

static bool all_finite(const double *a, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        if (!isfinite(a[i]))
            return false;
    }
    return true;
}

int eae_ref_eigen(double *a, int64_t n, double *values)
{
    if (!all_finite(a, n * n))
        return eae_fail("eigenvalues of a matrix that is not finite");
    double *vectors = eae_try_alloc((size_t)(n * n), sizeof *vectors, "eigenvectors");
    if (!vectors)
        return EAE_FAIL;
    for (int64_t i = 0; i < n * n; i++)
        vectors[i] = i % (n + 1) == 0;
    double norm = 0;
    for (int64_t i = 0; i < n * n; i++)
        norm = hypot(norm, a[i]);
    for (int sweep = 0; sweep < SWEEPS && !eigen_sweep(a, vectors, n, 0x1p-60 * norm); sweep++)
        ;
    for (int64_t i = 0; i < n; i++)
        values[i] = a[i * n + i];
    for (int64_t i = 0; i < n; i++) { /* selection sort, ascending */
        int64_t least = i;
        for (int64_t l = i + 1; l < n; l++) {
            if (values[l] < values[least])
                least = l;
        }
        double value = values[least];
        values[least] = values[i];
        values[i] = value;
        memcpy(a + i * n, vectors + least * n, (size_t)n * sizeof *a);
        memcpy(vectors + least * n, vectors + i * n, (size_t)n * sizeof *a);
        make_largest_positive(a + i * n, n);
    }
    free(vectors);
    return EAE_OK;
}

static double dot(const double *u, const double *v, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += u[i] * v[i];
    return sum;
}

/* Rotate the rows of u (count x length) until they are orthogonal, and the rows of v (count x
 * count) with them: u = v0 u0 then holds the singular values as row norms. */
static void orthogonalise(double *u, double *v, int64_t count, int64_t length)
{
    bool done = false;
    for (int sweep = 0; sweep < SWEEPS && !done; sweep++) {
        done = true;
        for (int64_t p = 0; p < count; p++) {
            for (int64_t q = p + 1; q < count; q++) {
                double *up = u + p * length, *uq = u + q * length;
                double pp = dot(up, up, length), qq = dot(uq, uq, length);
                double pq = dot(up, uq, length);
                if (pq == 0 || fabs(pq) <= 2 * DBL_EPSILON * sqrt(pp) * sqrt(qq))
                    continue;
                done = false;
                double c, s;
                jacobi_angle(pp, pq, qq, &c, &s);
                rotate(up, uq, length, 1, c, s);
                rotate(v + p * count, v + q * count, count, 1, c, s);
            }
        }
    }
}

/* x = sum over kept singular values of v (u'b) / sigma^2, where u is not normalised */
static int64_t combine(const double *u, const double *v, int64_t m, int64_t n, const double *b,
                       int64_t k, double rcond, double *x)
{
    double largest = 0;
    for (int64_t p = 0; p < n; p++)
        largest = fmax(largest, sqrt(dot(u + p * m, u + p * m, m)));
    memset(x, 0, (size_t)(n * k) * sizeof *x);
    int64_t rank = 0;
    for (int64_t p = 0; p < n; p++) {
        double sigma = sqrt(dot(u + p * m, u + p * m, m));
        if (sigma <= rcond * largest || sigma == 0)
            continue;
        rank++;
        for (int64_t c = 0; c < k; c++) {
            double projection = 0;
            for (int64_t i = 0; i < m; i++)
                projection += u[p * m + i] / sigma * b[i * k + c];
            for (int64_t j = 0; j < n; j++)
                x[j * k + c] += v[p * n + j] * (projection / sigma);
        }
    }
    return rank;
}

int eae_ref_least_squares(double *a, int64_t m, int64_t n, double *b, int64_t k, double rcond,
                          double *x, int64_t *rank)
{
    if (!all_finite(a, m * n) || !all_finite(b, m * k))
        return eae_fail("least squares with values that are not finite");
    int status = EAE_FAIL;
    double *u = eae_try_alloc((size_t)(m * n), sizeof *u, "least squares");
    double *v = eae_try_alloc((size_t)(n * n), sizeof *v, "least squares");
    if (!u || !v)
        goto out;
    for (int64_t i = 0; i < m; i++) {
        for (int64_t j = 0; j < n; j++)
            u[j * m + i] = a[i * n + j];
    }
    for (int64_t i = 0; i < n * n; i++)
        v[i] = i % (n + 1) == 0;
    orthogonalise(u, v, n, m);
    int64_t found = combine(u, v, m, n, b, k, rcond, x);
    if (rank)
        *rank = found;
    status = EAE_OK;
out:
    free(u);
    free(v);
    return status;
}

int eae_ref_multiply(bool ta, bool tb, int64_t m, int64_t n, int64_t k, double alpha,
                     const double *a, const double *b, double beta, double *c)
{
    for (int64_t i = 0; i < m; i++) {
        for (int64_t j = 0; j < n; j++) {
            double sum = 0;
            for (int64_t l = 0; l < k; l++)
                sum += (ta ? a[l * m + i] : a[i * k + l]) * (tb ? b[j * k + l] : b[l * n + j]);
            /* with beta 0, c may hold anything, NaN as well */
            c[i * n + j] = alpha * sum + (beta == 0 ? 0 : beta * c[i * n + j]);
        }
    }
    return EAE_OK;
}
