/* test_source.c - stretches of an eae_source against the formula in kernels.h, term by term. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "kernels/source.h"

enum { ROWS = 5, COLS = 9, TERMS = 2 };

static const int64_t some[] = {0, 2, 3, 7, 8};
static float f32[ROWS * COLS];
static double f64[ROWS * COLS], fill[COLS], design[ROWS * TERMS], coef[TERMS * COLS], shift[COLS];

static int make_values(void **state)
{
    (void)state;
    for (int e = 0; e < ROWS * COLS; e++) {
        f64[e] = f32[e] = (float)((e * 37 % 23) * 0.375 - 3);
        if (e % 11 == 4)
            f64[e] = f32[e] = NAN;
    }
    for (int j = 0; j < COLS; j++) {
        fill[j] = 10 + j;
        shift[j] = 0.5 * j - 2;
        coef[j] = 1.25 * j;
        coef[COLS + j] = 0.75 - j;
    }
    for (int i = 0; i < ROWS; i++) {
        design[i * TERMS] = 1;
        design[i * TERMS + 1] = i * i;
    }
    return 0;
}

/* All values here are multiples of 1/64 and small: exact in every order. */
static double by_formula(const eae_source *s, int64_t i, int64_t j)
{
    double z = f64[i * COLS + j];
    if (isnan(z) && s->fill)
        z = s->fill[j];
    for (int64_t t = 0; t < TERMS && s->design; t++)
        z -= s->design[i * TERMS + t] * s->coef[t * COLS + j];
    return s->shift ? z - s->shift[j] : z;
}

static void blocks_follow_the_formula(void **state)
{
    (void)state;
    static const int64_t row[] = {4, 0, 0, 2};
    for (int bits = 0; bits < 32; bits++) {
        eae_source s = {.x = bits & 1 ? (const void *)f64 : f32, .is_f64 = bits & 1};
        s.rows = ROWS;
        s.cols = COLS;
        s.feature = bits & 2 ? some : NULL;
        s.feature_count = bits & 2 ? 5 : COLS;
        s.fill = bits & 4 ? fill : NULL;
        s.design = bits & 8 ? design : NULL;
        s.coef = bits & 8 ? coef : NULL;
        s.terms = bits & 8 ? TERMS : 0;
        s.shift = bits & 16 ? shift : NULL;
        double out[4 * 3];
        eae_source_block(&s, row, 4, 2, 3, out);
        for (int i = 0; i < 4; i++) {
            const float *plain = eae_source_plain(&s, row[i], 2);
            assert_int_equal(plain != NULL, bits == 0);
            for (int k = 0; k < 3; k++) {
                int64_t column = bits & 2 ? some[2 + k] : 2 + k;
                double want = by_formula(&s, row[i], column), got = out[i * 3 + k];
                assert_true(got == want || (isnan(got) && isnan(want)));
                assert_true(!plain || plain[k] == want || isnan(want));
                assert_int_equal(eae_source_column(&s, 2 + k), column);
            }
        }
    }
}

/* 0.1 + 0.2 x 3 in floating point is not what the design makes of it: noise, given as 0. */
static void explained_values_are_zero(void **state)
{
    (void)state;
    static const double x[] = {0.7, 0.70000001}, one[] = {1, 3, 1, 3}, c[] = {0.1, 0.2};
    eae_source s = {.x = x, .is_f64 = true, .rows = 2, .cols = 1, .feature_count = 1};
    s.design = one;
    s.coef = c;
    s.terms = 2;
    double out[2];
    eae_source_block(&s, NULL, 2, 0, 1, out);
    assert_true(out[0] == 0);
    assert_true(fabs(out[1] - 1e-8) < 1e-15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_follow_the_formula),
        cmocka_unit_test(explained_values_are_zero),
    };
    return cmocka_run_group_tests_name("source", tests, make_values, NULL);
}
