/* test_principal.c - principal components and clusters against R (tests/expected/principal.R). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "expected.h"
#include "model/cluster.h"
#include "model/principal.h"
#include "../tolerance.h"

enum { N = 12, P = 30 };

static void read_values(double *x)
{
    expected_table t;
    expected_read(&t, "principal_data.tsv");
    assert_true(t.rows == N && t.cols == P);
    for (int i = 0; i < N * P; i++)
        x[i] = expected_number(&t, i / P, i % P);
    expected_free(&t);
}

static int components(double *x, int64_t n, bool standardise, int threads, double *score,
                      double *share)
{
    eae_dataset d;
    assert_int_equal(eae_dataset_open(&d, &eae_kernels_ref, x, true, n, P, threads), EAE_OK);
    int status = eae_principal(&d, standardise, 2, score, share, threads);
    eae_dataset_close(&d);
    return status;
}

static void components_as_in_r(void **state)
{
    (void)state;
    double x[N * P], score[2 * N], share[2];
    expected_table t;
    read_values(x);
    expected_read(&t, "principal.tsv");
    assert_int_equal(t.rows, 2 * N);
    for (int i = 0; i < t.rows; i++) {
        int sample = i % N;
        if (sample == 0)
            assert_int_equal(components(x, N, i >= N, 1, score, share), EAE_OK);
        for (int c = 0; c < 2; c++) {
            assert_true(fabs(score[2 * sample + c] - expected_number(&t, i, 2 + c)) <
                        10 * EAE_TOLERANCE_TEST);
            assert_true(fabs(share[c] - expected_number(&t, i, 4 + c)) < EAE_TOLERANCE_TEST);
        }
    }
    expected_free(&t);
}

static void same_for_any_threads(void **state)
{
    (void)state;
    double x[N * P], a[2 * N], b[2 * N], share[2];
    read_values(x);
    assert_int_equal(components(x, N, true, 1, a, share), EAE_OK);
    assert_int_equal(components(x, N, true, 4, b, share), EAE_OK);
    assert_memory_equal(a, b, sizeof a);
}

static void what_has_no_components(void **state)
{
    (void)state;
    double x[N * P], score[2 * N], share[2];
    read_values(x);
    assert_int_equal(components(x, 1, true, 1, score, share), EAE_FAIL);
    assert_non_null(strstr(eae_message(), "two samples"));
    memcpy(x + P, x, P * sizeof *x);
    assert_int_equal(components(x, 2, true, 1, score, share), EAE_FAIL);
    assert_non_null(strstr(eae_message(), "no feature differs"));
    x[P + 3] = NAN;
    assert_int_equal(components(x, 3, true, 1, score, share), EAE_FAIL);
    assert_non_null(strstr(eae_message(), "sample 2, feature 4"));
}

/* two samples have one component */
static void beyond_the_rank(void **state)
{
    (void)state;
    double x[N * P], score[2 * N], share[2];
    read_values(x);
    assert_int_equal(components(x, 2, false, 1, score, share), EAE_OK);
    assert_true(fabs(share[0] - 1) < 1e-12 && share[1] == 0);
    assert_true(score[1] == 0 && score[3] == 0 && score[0] == -score[2]);
}

/* In the order of the leaves the samples of each cluster, at any height of the tree, stand
 * together.
 */
static void clusters_as_in_r(void **state)
{
    (void)state;
    double x[N * P];
    int64_t order[N];
    expected_table t;
    read_values(x);
    expected_read(&t, "cluster.tsv");
    assert_int_equal(eae_cluster_order(x, N, P, order), EAE_OK);
    bool seen[N] = {false};
    for (int i = 0; i < N; i++) {
        assert_true(order[i] >= 0 && order[i] < N && !seen[order[i]]);
        seen[order[i]] = true;
    }
    for (int begin = 0; begin < t.rows; begin += N) {
        int k = (int)expected_number(&t, begin, 0), changes = 0;
        for (int i = 1; i < N; i++)
            changes += strcmp(expected_text(&t, begin + (int)order[i], 2),
                              expected_text(&t, begin + (int)order[i - 1], 2)) != 0;
        assert_int_equal(changes, k - 1);
    }
    expected_free(&t);
}

static void few_rows(void **state)
{
    (void)state;
    const double x[] = {3, 1, 2.9};
    int64_t order[3] = {7, 7, 7};
    assert_int_equal(eae_cluster_order(x, 0, 1, order), EAE_OK);
    assert_int_equal(order[0], 7);
    assert_int_equal(eae_cluster_order(x, 1, 1, order), EAE_OK);
    assert_int_equal(order[0], 0);
    assert_int_equal(eae_cluster_order(x, 3, 1, order), EAE_OK);
    assert_true(order[0] == 1 && order[1] == 2 && order[2] == 0); /* the lower mean first */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(components_as_in_r),     cmocka_unit_test(same_for_any_threads),
        cmocka_unit_test(what_has_no_components), cmocka_unit_test(beyond_the_rank),
        cmocka_unit_test(clusters_as_in_r),       cmocka_unit_test(few_rows),
    };
    return cmocka_run_group_tests_name("principal", tests, NULL, NULL);
}
