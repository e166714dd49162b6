/*
 * test_kernels_dense.c - dense algebra of both backends, against products of its own results and
 * matrices whose factors are known.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "kernels/kernels.h"
#include "../tolerance.h"
#include "backend.h"

static const eae_kernels *tested;
static const eae_kernels *const ref = &eae_kernels_ref;

static double uniform(eae_random *r)
{
    return 2 * eae_random_unit(r) - 1;
}

static double *uniform_array(eae_random *r, int64_t n)
{
    double *a = eae_malloc((size_t)n, sizeof *a);
    for (int64_t i = 0; i < n; i++)
        a[i] = uniform(r);
    return a;
}

static double *poisoned(int64_t n)
{
    double *a = eae_malloc((size_t)n, sizeof *a);
    memset(a, 0xff, (size_t)n * sizeof *a); /* NaN */
    return a;
}

static void assert_close(const double *got, const double *want, int64_t n, double magnitude)
{
    for (int64_t i = 0; i < n; i++)
        assert_true(fabs(got[i] - want[i]) <= EAE_TOLERANCE_SUM_F64 * magnitude);
}

static const eae_kernels *backend(int i)
{
    return i == 0 ? ref : tested;
}

/* r r' + n on the diagonal */
static double *positive_matrix(eae_random *r, int64_t n)
{
    double *a = eae_malloc((size_t)(n * n), sizeof *a), *g = uniform_array(r, n * n);
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < n; j++) {
            double sum = i == j ? 1 : 0;
            for (int64_t l = 0; l < n; l++)
                sum += g[i * n + l] * g[j * n + l];
            a[i * n + j] = sum;
        }
    }
    free(g);
    return a;
}

static void cholesky_solves(void **state)
{
    (void)state;
    static const int64_t sizes[] = {1, 2, 17, 65};
    enum { K = 3 };
    for (int which = 0; which < 8; which++) {
        const eae_kernels *k = backend(which % 2);
        int64_t n = sizes[which / 2];
        eae_random r;
        eae_random_start(&r, 5, EAE_RANDOM_SYNTH_OTHER, (uint64_t)n);
        double *a = positive_matrix(&r, n), *f = eae_malloc((size_t)(n * n), sizeof *f);
        double *x = uniform_array(&r, n * K), *b = eae_malloc((size_t)(n * K), sizeof *b);
        memcpy(f, a, (size_t)(n * n) * sizeof *f);
        assert_int_equal(ref->multiply(false, false, n, K, n, 1, a, x, 0, b), EAE_OK);
        assert_int_equal(k->cholesky(f, n), EAE_OK);
        for (int64_t i = 0; i < n; i++) {
            for (int64_t j = 0; j <= i; j++) {
                double sum = 0;
                for (int64_t l = 0; l <= j; l++)
                    sum += f[i * n + l] * f[j * n + l];
                assert_true(fabs(sum - a[i * n + j]) <= EAE_TOLERANCE_FACTOR * (double)n);
                if (j < i) /* the upper triangle is left alone */
                    assert_true(f[j * n + i] == a[j * n + i]);
            }
        }
        assert_int_equal(k->cholesky_solve(f, n, b, K), EAE_OK);
        for (int64_t i = 0; i < n * K; i++)
            assert_true(fabs(b[i] - x[i]) <= EAE_TOLERANCE_SOLUTION);
        free(a);
        free(f);
        free(x);
        free(b);
    }
}

static void cholesky_refuses(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        double indefinite[] = {1, 2, 2, 1}, broken[] = {1, 0, 0, NAN};
        assert_int_equal(backend(i)->cholesky(indefinite, 2), EAE_FAIL);
        assert_string_equal(eae_message(), "not positive definite");
        assert_int_equal(backend(i)->cholesky(broken, 2), EAE_FAIL);
        assert_string_equal(eae_message(), "not positive definite");
    }
}

/* The second difference matrix (2 on, -1 beside the diagonal) has eigenvalues
 * 2 - 2 cos(pi j / (n + 1)) and eigenvectors sin(pi i j / (n + 1)). */
static void eigen_of_second_difference(void **state)
{
    (void)state;
    enum { N = 12 };
    const double step = acos(-1.0) / (N + 1);
    for (int which = 0; which < 2; which++) {
        double a[N * N] = {0}, values[N];
        for (int i = 0; i < N; i++) {
            a[i * N + i] = 2;
            if (i > 0)
                a[i * N + i - 1] = a[(i - 1) * N + i] = -1;
        }
        assert_int_equal(backend(which)->eigen(a, N, values), EAE_OK);
        for (int j = 0; j < N; j++) {
            assert_true(fabs(values[j] - (2 - 2 * cos(step * (j + 1)))) <=
                        EAE_TOLERANCE_EIGENVALUE * 4);
            /* up to the sign */
            double norm = sqrt((N + 1) / 2.0), same = 0, largest = 0;
            for (int i = 0; i < N; i++) {
                same += a[j * N + i] * sin(step * (i + 1) * (j + 1)) / norm;
                if (fabs(a[j * N + i]) > fabs(largest))
                    largest = a[j * N + i];
            }
            assert_true(fabs(fabs(same) - 1) <= EAE_TOLERANCE_FACTOR * N);
            assert_true(largest > 0);
        }
    }
}

/* Of rank one: two eigenvalues are 0, the third is |v|^2; signs and zeros must not upset it. */
static void eigen_of_rank_one(void **state)
{
    (void)state;
    for (int which = 0; which < 2; which++) {
        double a[] = {1, -2, 2, -2, 4, -4, 2, -4, 4}, values[3];
        assert_int_equal(backend(which)->eigen(a, 3, values), EAE_OK);
        assert_true(fabs(values[0]) <= EAE_TOLERANCE_EIGENVALUE * 9);
        assert_true(fabs(values[1]) <= EAE_TOLERANCE_EIGENVALUE * 9);
        assert_true(fabs(values[2] - 9) <= EAE_TOLERANCE_EIGENVALUE * 9);
        assert_true(fabs(fabs(a[6]) - 1.0 / 3) <= EAE_TOLERANCE_FACTOR);
        double nan_matrix[] = {1, NAN, NAN, 1};
        assert_int_equal(backend(which)->eigen(nan_matrix, 2, values), EAE_FAIL);
    }
}

/* Columns 1 and 2 are equal, so the minimum-norm solution shares between them: the fit of
 * y = 3 u + v has x = (1.5, 1.5, 1) for columns (u, u, v). */
static void least_squares_of_deficient_rank(void **state)
{
    (void)state;
    for (int which = 0; which < 2; which++) {
        double a[] = {1, 1, 0, 2, 2, 1, 3, 3, -1, 4, 4, 2}, b[4], x[3];
        for (int i = 0; i < 4; i++)
            b[i] = 3 * a[i * 3] + a[i * 3 + 2];
        int64_t rank = 0;
        assert_int_equal(backend(which)->least_squares(a, 4, 3, b, 1, 1e-10, x, &rank), EAE_OK);
        assert_int_equal(rank, 2);
        assert_true(fabs(x[0] - 1.5) <= EAE_TOLERANCE_SOLUTION);
        assert_true(fabs(x[1] - 1.5) <= EAE_TOLERANCE_SOLUTION);
        assert_true(fabs(x[2] - 1) <= EAE_TOLERANCE_SOLUTION);
        /* one equation, two unknowns, two right-hand sides: x = (b / 5) (1, 2) */
        double wide[] = {1, 2}, two[] = {5, 10}, least[4];
        assert_int_equal(backend(which)->least_squares(wide, 1, 2, two, 2, 1e-10, least, NULL),
                         EAE_OK);
        const double want[] = {1, 2, 2, 4};
        for (int i = 0; i < 4; i++)
            assert_true(fabs(least[i] - want[i]) <= EAE_TOLERANCE_SOLUTION);
        /* all zeros */
        double zero[] = {0, 0, 0, 0}, any[] = {1, 2};
        assert_int_equal(backend(which)->least_squares(zero, 2, 2, any, 1, 1e-10, x, &rank),
                         EAE_OK);
        assert_true(rank == 0 && x[0] == 0 && x[1] == 0);
    }
}

static void multiply_agrees(void **state)
{
    (void)state;
    enum { M = 5, N = 7, K = 9 };
    eae_random r;
    eae_random_start(&r, 11, EAE_RANDOM_SYNTH_OTHER, 0);
    double *a = uniform_array(&r, M * K), *b = uniform_array(&r, K * N);
    for (int which = 0; which < 4; which++) {
        bool ta = which & 1, tb = which & 2;
        double *want = poisoned(M * N), *got = poisoned(M * N);
        assert_int_equal(ref->multiply(ta, tb, M, N, K, 2, a, b, 0, want), EAE_OK);
        assert_int_equal(tested->multiply(ta, tb, M, N, K, 2, a, b, 0, got), EAE_OK);
        assert_close(got, want, M * N, 4 * K);
        assert_int_equal(ref->multiply(ta, tb, M, N, K, -1, a, b, 0.5, want), EAE_OK);
        assert_int_equal(tested->multiply(ta, tb, M, N, K, -1, a, b, 0.5, got), EAE_OK);
        assert_close(got, want, M * N, 4 * K);
        free(want);
        free(got);
    }
    double c[] = {3, NAN};
    assert_int_equal(tested->multiply(false, false, 1, 1, 0, 1, a, b, 2, c), EAE_OK);
    assert_true(c[0] == 6 && isnan(c[1]));
    free(a);
    free(b);
}

static int load_cpu(void **state)
{
    (void)state;
    return test_backend(&tested);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cholesky_solves),
        cmocka_unit_test(cholesky_refuses),
        cmocka_unit_test(eigen_of_second_difference),
        cmocka_unit_test(eigen_of_rank_one),
        cmocka_unit_test(least_squares_of_deficient_rank),
        cmocka_unit_test(multiply_agrees),
    };
    return cmocka_run_group_tests_name("kernels: dense algebra", tests, load_cpu, NULL);
}
