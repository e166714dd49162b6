/*
 * test_svm_kernel.c - kernels from inner products against their definitions, and machines read
 * from model frames: values by hand, frames that do not say enough.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../tolerance.h"
#include "base/memory.h"
#include "eval/score/expansion.h"

enum { M = 7, P = 4 };

static double dot(const double *a, const double *b)
{
    double sum = 0;
    for (int j = 0; j < P; j++)
        sum += a[j] * b[j];
    return sum;
}

/* By the definition, from the vectors themselves. */
static double define(eae_svm_kernel kernel, double gamma, int degree, const double *a,
                     const double *b)
{
    double square = 0;
    for (int j = 0; j < P; j++)
        square += (a[j] - b[j]) * (a[j] - b[j]);
    return kernel == EAE_KERNEL_RBF    ? exp(-gamma * square)
           : kernel == EAE_KERNEL_POLY ? pow(gamma * dot(a, b), degree)
                                       : dot(a, b);
}

static void test_matrix(void **state)
{
    static const struct {
        eae_svm_kernel kernel;
        double gamma;
        int degree;
    } cases[] = {{EAE_KERNEL_LINEAR, 1, 1}, {EAE_KERNEL_RBF, 0.3, 1}, {EAE_KERNEL_RBF, 5, 1},
                 {EAE_KERNEL_POLY, 0.5, 1}, {EAE_KERNEL_POLY, 2, 2},  {EAE_KERNEL_POLY, 0.7, 7}};
    double x[M][P], gram[M * M];
    (void)state;
    for (int i = 0; i < M; i++) {
        for (int j = 0; j < P; j++)
            x[i][j] = (double)((i * 7 + j * 5) % 11) / 4 - 1;
    }
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        for (int i = 0; i < M * M; i++)
            gram[i] = dot(x[i / M], x[i % M]);
        eae_svm_kernel_matrix(cases[c].kernel, cases[c].gamma, cases[c].degree, gram, M);
        for (int i = 0; i < M * M; i++) {
            double want =
                define(cases[c].kernel, cases[c].gamma, cases[c].degree, x[i / M], x[i % M]);
            assert_true(fabs(gram[i] - want) <= EAE_TOLERANCE_SOLUTION * fmax(1, fabs(want)));
            assert_true(gram[i] == gram[i % M * M + i / M]);
        }
    }
}

/* |x - y|^2 that rounding leaves below 0 counts as 0. */
static void test_equal_vectors(void **state)
{
    (void)state;
    double xx = 1e8 + 1e-8;
    assert_true(eae_svm_kernel_value(EAE_KERNEL_RBF, 1e9, 1, xx, xx, nextafter(xx, 1e9)) == 1);
    assert_true(eae_svm_kernel_value(EAE_KERNEL_POLY, 1, 3, 4, 9, -2) == -8);
}

/* ---- machines from frames -------------------------------------------------------------------- */

static void set_texts(eae_frame *f, const char *name, const char *a, const char *b, const char *c)
{
    eae_annot *annot = eae_axis_add(&f->rows, name, EAE_ANNOT_TEXT);
    const char *text[] = {a, b, c};
    for (int i = 0; i < 3; i++)
        eae_annot_set_text(annot, i, text[i]);
}

/* A row of weights and two vectors in three columns. */
static eae_frame *machine(const char *kernel)
{
    static const double value[3][3] = {{0, NAN, 0}, {1, NAN, 2}, {-1, NAN, 0.5}};
    eae_frame *f;
    assert_int_equal(eae_frame_new(&f, EAE_KIND_MODEL, EAE_F64, 3, 3), EAE_OK);
    memcpy(eae_frame_f64(f), value, sizeof value);
    set_texts(f, "part", "weights", "support", "support");
    if (kernel)
        set_texts(f, "kernel", kernel, kernel, kernel);
    double *gamma = eae_axis_add(&f->rows, "gamma", EAE_ANNOT_F64)->f64;
    int64_t *degree = eae_axis_add(&f->rows, "degree", EAE_ANNOT_I64)->i64;
    double *coefficient = eae_axis_add(&f->rows, "coefficient", EAE_ANNOT_F64)->f64;
    for (int i = 0; i < 3; i++) {
        gamma[i] = 0.5;
        degree[i] = 2;
        coefficient[i] = i == 0 ? NAN : i == 1 ? 3 : -2;
    }
    return f;
}

static void test_values_by_hand(void **state)
{
    static const int64_t column[] = {0, 2};
    static const double z[] = {2, 1};
    eae_expansion e;
    (void)state;
    eae_frame *f = machine("rbf");
    assert_true(eae_expansion_follows(f, 0));
    assert_false(eae_expansion_follows(f, 2));
    assert_int_equal(eae_expansion_read(f, 0, column, 2, "m", &e), EAE_OK);
    assert_int_equal(e.count, 2);
    double want = 3 * exp(-0.5 * 2) - 2 * exp(-0.5 * 9.25);
    assert_true(fabs(eae_expansion_value(&e, z) - want) < EAE_TOLERANCE_SOLUTION);
    eae_expansion_free(&e);
    eae_frame_free(f);
    f = machine("poly");
    assert_int_equal(eae_expansion_read(f, 0, column, 2, "m", &e), EAE_OK);
    want = 3 * (0.5 * 4) * (0.5 * 4) - 2 * (0.5 * -1.5) * (0.5 * -1.5);
    assert_true(fabs(eae_expansion_value(&e, z) - want) < EAE_TOLERANCE_SOLUTION);
    eae_expansion_free(&e);
    assert_int_equal(eae_expansion_read(f, 2, column, 2, "m", &e), EAE_OK);
    assert_int_equal(e.count, 0); /* no row follows */
    eae_expansion_free(&e);
    eae_frame_free(f);
}

static void refused(eae_frame *f, const char *words)
{
    static const int64_t column[] = {0, 2};
    eae_expansion e;
    assert_int_equal(eae_expansion_read(f, 0, column, 2, "m.eae", &e), EAE_FAIL);
    if (!strstr(eae_message(), words))
        fail_msg("'%s' is not in: %s", words, eae_message());
    eae_expansion_free(&e);
    eae_frame_free(f);
}

static void test_frames_that_do_not_say_enough(void **state)
{
    (void)state;
    refused(machine(NULL), "m.eae: a model with vectors of no kernel");
    refused(machine("sigmoid"), "an unknown kernel");
    refused(machine("linear"), "an unknown kernel");
    eae_frame *f = machine("rbf");
    eae_axis_remove(&f->rows, "gamma");
    refused(f, "lacks gamma");
    f = machine("poly");
    eae_axis_find(&f->rows, "degree")->i64[0] = -3;
    refused(f, "lacks gamma or degree");
    f = machine("rbf");
    eae_axis_find(&f->rows, "coefficient")->f64[2] = NAN;
    refused(f, "missing values");
    f = machine("rbf");
    eae_frame_f64(f)[5] = NAN;
    refused(f, "missing values");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matrix),
        cmocka_unit_test(test_equal_vectors),
        cmocka_unit_test(test_values_by_hand),
        cmocka_unit_test(test_frames_that_do_not_say_enough),
    };
    return cmocka_run_group_tests_name("svm_kernel", tests, NULL, NULL);
}
