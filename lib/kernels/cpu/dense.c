/*
 * dense.c - small dense problems by LAPACK and BLAS. See cpu.h and kernels.h.
 *
 * LAPACK is column-major: a row-major lower triangle is its upper one, and a matrix of eigenvectors
 * in its columns is one with eigenvectors in our rows, so only least squares has to transpose.
 */
#include "kernels/cpu/cpu.h"

#include <cblas.h>
#include <lapacke.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int at_least_1(int64_t n)
{
    return n > 0 ? (int)n : 1;
}

static int check_sizes(int64_t m, int64_t n, int64_t k)
{
    if (m > INT_MAX || n > INT_MAX || k > INT_MAX)
        return eae_cpu_host->fail("matrix too large");
    return EAE_OK;
}

static int lapack_failure(const char *what, lapack_int info)
{
    if (info == LAPACK_WORK_MEMORY_ERROR || info == LAPACK_TRANSPOSE_MEMORY_ERROR)
        return eae_cpu_host->fail("not enough memory for %s", what);
    if (info < 0)
        return eae_cpu_host->fail("%s of a matrix that is not finite", what);
    return eae_cpu_host->fail("%s: no convergence", what);
}

int eae_cpu_cholesky(double *a, int64_t n)
{
    if (n == 0)
        return EAE_OK;
    if (check_sizes(n, n, n) != EAE_OK)
        return EAE_FAIL;
    lapack_int info = LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, 'U', (int)n, a, (int)n);
    bool good = info == 0;
    for (int64_t i = 0; i < n && good; i++) /* OpenBLAS lets NaN through */
        good = isfinite(a[i * n + i]);
    return good ? EAE_OK : eae_cpu_host->fail("not positive definite");
}

int eae_cpu_cholesky_solve(const double *factor, int64_t n, double *b, int64_t k)
{
    if (n == 0 || k == 0)
        return EAE_OK;
    if (check_sizes(n, n, k) != EAE_OK)
        return EAE_FAIL;
    cblas_dtrsm(CblasRowMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, (int)n, (int)k, 1,
                factor, (int)n, b, (int)k);
    cblas_dtrsm(CblasRowMajor, CblasLeft, CblasLower, CblasTrans, CblasNonUnit, (int)n, (int)k, 1,
                factor, (int)n, b, (int)k);
    return EAE_OK;
}

static void make_largest_positive(double *v, int64_t n)
{
    int64_t largest = 0;
    for (int64_t i = 1; i < n; i++) {
        if (fabs(v[i]) > fabs(v[largest]))
            largest = i;
    }
    if (v[largest] < 0) {
        for (int64_t i = 0; i < n; i++)
            v[i] = -v[i];
    }
}

int eae_cpu_eigen(double *a, int64_t n, double *values)
{
    if (n == 0)
        return EAE_OK;
    if (check_sizes(n, n, n) != EAE_OK)
        return EAE_FAIL;
    lapack_int info = LAPACKE_dsyevd(LAPACK_COL_MAJOR, 'V', 'U', (int)n, a, (int)n, values);
    if (info != 0)
        return lapack_failure("eigenvalues", info);
    for (int64_t i = 0; i < n; i++)
        make_largest_positive(a + i * n, n);
    return EAE_OK;
}

/* to (cols x rows, row stride ld) = from' (rows x cols) */
static void transpose(const double *from, int64_t rows, int64_t cols, double *to, int64_t ld)
{
    for (int64_t i = 0; i < rows; i++) {
        for (int64_t j = 0; j < cols; j++)
            to[j * ld + i] = from[i * cols + j];
    }
}

int eae_cpu_least_squares(double *a, int64_t m, int64_t n, double *b, int64_t k, double rcond,
                          double *x, int64_t *rank)
{
    if (check_sizes(m, n, k) != EAE_OK)
        return EAE_FAIL;
    int status = EAE_FAIL;
    int64_t long_side = m > n ? m : n, short_side = m > n ? n : m;
    double *at = eae_cpu_alloc(m * n, sizeof *at, "least squares");
    double *bt = eae_cpu_alloc(long_side * k, sizeof *bt, "least squares");
    double *values = eae_cpu_alloc(short_side, sizeof *values, "least squares");
    lapack_int found = 0;
    if (!at || !bt || !values)
        goto out;
    memset(x, 0, (size_t)(n * k) * sizeof *x);
    if (short_side > 0 && k > 0) {
        transpose(a, m, n, at, m);
        memset(bt, 0, (size_t)(long_side * k) * sizeof *bt);
        transpose(b, m, k, bt, long_side);
        lapack_int info = LAPACKE_dgelsd(LAPACK_COL_MAJOR, (int)m, (int)n, (int)k, at, (int)m, bt,
                                         (int)long_side, values, rcond, &found);
        if (info != 0) {
            lapack_failure("least squares", info);
            goto out;
        }
        for (int64_t j = 0; j < n; j++) {
            for (int64_t c = 0; c < k; c++)
                x[j * k + c] = bt[c * long_side + j];
        }
    }
    if (rank)
        *rank = found;
    status = EAE_OK;
out:
    free(at);
    free(bt);
    free(values);
    return status;
}

static void multiply(bool ta, bool tb, int64_t m, int64_t n, int64_t k, double alpha,
                     const double *a, const double *b, double beta, double *c)
{
    cblas_dgemm(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans,
                (int)m, (int)n, (int)k, alpha, a, at_least_1(ta ? m : k), b, at_least_1(tb ? k : n),
                beta, c, (int)n);
}

/* The last rows, which are not as many as BLAS does at once, may be rounded in another way than the
 * same rows further up: so there are always enough of them, and a row of c does not depend on how
 * many others there are. */
int eae_cpu_multiply(bool ta, bool tb, int64_t m, int64_t n, int64_t k, double alpha,
                     const double *a, const double *b, double beta, double *c)
{
    enum { ROWS = 8 };
    int64_t whole = m / ROWS * ROWS, rest = m - whole;
    if (m == 0 || n == 0)
        return EAE_OK;
    if (check_sizes(m, n, k) != EAE_OK)
        return EAE_FAIL;
    if (ta || rest == 0) {
        multiply(ta, tb, m, n, k, alpha, a, b, beta, c);
        return EAE_OK;
    }
    double *last = eae_cpu_alloc(ROWS * (k + n), sizeof *last, "the last rows of a product");
    if (!last)
        return EAE_FAIL;
    double *out = last + ROWS * k;
    memset(last, 0, (size_t)(ROWS * (k + n)) * sizeof *last);
    memcpy(last, a + whole * k, (size_t)(rest * k) * sizeof *last);
    if (beta != 0)
        memcpy(out, c + whole * n, (size_t)(rest * n) * sizeof *out);
    if (whole > 0)
        multiply(false, tb, whole, n, k, alpha, a, b, beta, c);
    multiply(false, tb, ROWS, n, k, alpha, last, b, beta, out);
    memcpy(c + whole * n, out, (size_t)(rest * n) * sizeof *out);
    free(last);
    return EAE_OK;
}
