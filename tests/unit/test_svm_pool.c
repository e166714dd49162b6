/*
 * test_svm_pool.c - the search for the smallest weight against a look at all weights, while b
 * wanders and features go.
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
#include "model/svm_pool.h"

enum { ROWS = 24, COLS = 7000, MOST_SIDES = 3 };

static const eae_kernels *cpu;

typedef struct wander {
    int sides;
    int64_t n; /* training rows */
    bool is_f64;
    bool scaled; /* z has shift and inverse */
    bool uneven; /* norms differ by a thousand */
    bool free_bias;
    int64_t copies, originals, constants; /* copies of the first `originals` features */
    double stride;                        /* of b, relative to it */
    int64_t steps;
} wander;

typedef struct world {
    eae_features features;
    void *x;
    double *shift, *inverse;
    double *z; /* COLS x stride of n: what the scores are of */
    bool *gone, *null;
    int64_t *active, row[ROWS];
    double b[ROWS * MOST_SIDES];
} world;

static double normal(eae_random *r)
{
    double sum = -6;
    for (int k = 0; k < 12; k++)
        sum += eae_random_unit(r);
    return sum;
}

static void put(world *s, int64_t j, int64_t i, double value)
{
    int64_t at = j * s->features.ld + i;
    if (s->features.is_f64)
        ((double *)s->x)[at] = value;
    else
        ((float *)s->x)[at] = (float)value;
}

static double take(const world *s, int64_t j, int64_t i)
{
    int64_t at = j * s->features.ld + i;
    return s->features.is_f64 ? ((double *)s->x)[at] : (double)((float *)s->x)[at];
}

static void fill(world *s, const wander *w, eae_random *r)
{
    for (int64_t j = 0; j < COLS; j++) {
        double spread = w->uneven ? exp(7 * eae_random_unit(r)) : 1;
        s->shift[j] = w->scaled ? 5 + normal(r) : 0;
        s->inverse[j] = w->scaled ? 0.5 + eae_random_unit(r) : 1;
        for (int64_t i = 0; i < ROWS; i++)
            put(s, j, i, s->shift[j] + spread * normal(r));
    }
    for (int64_t k = 0; k < w->constants; k++) {
        int64_t j = (int64_t)eae_random_below(r, COLS);
        for (int64_t i = 0; i < ROWS; i++)
            put(s, j, i, w->scaled ? (double)(float)s->shift[j] : 0);
        s->shift[j] = take(s, j, 0);
    }
    for (int64_t k = 0; k < w->copies; k++) {
        int64_t j = (int64_t)eae_random_below(r, COLS),
                from = (int64_t)eae_random_below(r, (uint64_t)w->originals);
        s->shift[j] = s->shift[from];
        s->inverse[j] = s->inverse[from];
        for (int64_t i = 0; i < ROWS; i++)
            put(s, j, i, take(s, from, i));
    }
}

static void make_world(world *s, const wander *w, eae_random *r)
{
    *s = (world){0};
    s->features = (eae_features){
        .is_f64 = w->is_f64, .rows = ROWS, .ld = eae_features_stride(ROWS), .cols = COLS};
    size_t count = (size_t)(COLS * s->features.ld), ld = (size_t)eae_features_stride(w->n);
    s->x = eae_try_alloc(count, w->is_f64 ? 8 : 4, "features");
    memset(s->x, 0, count * (w->is_f64 ? 8 : 4));
    s->features.x = s->x;
    s->shift = EAE_NEW_ARRAY(double, COLS);
    s->inverse = EAE_NEW_ARRAY(double, COLS);
    s->z = eae_try_alloc(COLS * ld, sizeof *s->z, "z");
    memset(s->z, 0, COLS * ld * sizeof *s->z);
    s->gone = EAE_NEW_ARRAY(bool, COLS);
    s->null = EAE_NEW_ARRAY(bool, COLS);
    s->active = EAE_NEW_ARRAY(int64_t, COLS);
    fill(s, w, r);
    if (w->scaled) {
        s->features.shift = s->shift;
        s->features.inverse = s->inverse;
    }
    for (int64_t i = 0; i < ROWS; i++)
        s->row[i] = i;
    if (w->n < ROWS)
        eae_random_shuffle(r, s->row, ROWS);
    for (int64_t j = 0; j < COLS; j++) {
        double *z = s->z + (size_t)j * ld;
        s->active[j] = j;
        s->null[j] = true;
        for (int64_t i = 0; i < w->n; i++) {
            z[i] = (take(s, j, s->row[i]) - s->shift[j]) * s->inverse[j];
            s->null[j] &= z[i] == z[0];
        }
        s->null[j] &= w->free_bias || z[0] == 0;
    }
}

static void free_world(world *s)
{
    void *all[] = {s->x, s->shift, s->inverse, s->z, s->gone, s->null, s->active};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        free(all[k]);
}

/* The feature that is to be picked, and the two smallest squares, by looking at all. */
static int64_t look_at_all(const world *s, const wander *w, double *best, double *next)
{
    static double weight[COLS * MOST_SIDES];
    eae_features z = {
        .x = s->z, .is_f64 = true, .rows = w->n, .ld = eae_features_stride(w->n), .cols = COLS};
    int64_t pick = -1;
    *best = *next = INFINITY;
    cpu->feature_weights(&z, NULL, COLS, s->b, w->sides, weight);
    for (int64_t j = 0; j < COLS; j++) {
        double square = 0;
        for (int q = 0; q < w->sides; q++)
            square += weight[j * w->sides + q] * weight[j * w->sides + q];
        if (s->null[j])
            square = 0;
        if (s->gone[j])
            continue;
        if (square < *best) {
            *next = *best;
            *best = square;
            pick = j;
        } else if (square < *next) {
            *next = square;
        }
    }
    return pick;
}

static void move_b(world *s, const wander *w, int64_t step, eae_random *r)
{
    int64_t count = w->n * w->sides;
    double size = step % 500 == 499 ? 3 : step % 7 == 6 ? 0 : w->stride;
    for (int64_t i = 0; i < count; i++)
        s->b[i] = (step % 100 == 50 ? 1.7 : 1) * s->b[i] + size * normal(r);
}

static void check_wander(const wander *w, uint64_t seed)
{
    eae_random r;
    world s;
    eae_svm_pool *pool;
    eae_svm_pick pick;
    int64_t left = COLS, kept[COLS];
    eae_random_start(&r, seed, EAE_RANDOM_SYNTH_VALUE, 0);
    make_world(&s, w, &r);
    eae_svm_pool_spec spec = {.kernels = cpu,
                              .features = &s.features,
                              .row = s.row,
                              .n = w->n,
                              .active = s.active,
                              .count = COLS,
                              .sides = w->sides,
                              .free_bias = w->free_bias,
                              .threads = 2};
    assert_int_equal(eae_svm_pool_new(&pool, &spec), EAE_OK);
    for (int64_t i = 0; i < w->n * w->sides; i++)
        s.b[i] = normal(&r);
    for (int64_t step = 0; step < w->steps && left > 1; step++) {
        double best, next;
        int64_t want = look_at_all(&s, w, &best, &next);
        assert_int_equal(eae_svm_pool_pick(pool, s.b, &pick), EAE_OK);
        if (pick.feature != want || pick.square != best || pick.next != next)
            fail_msg("seed %d, step %d: %d with %.17g then %.17g, not %d with %.17g then %.17g",
                     (int)seed, (int)step, (int)pick.feature, pick.square, pick.next, (int)want,
                     best, next);
        for (int64_t i = 0; i < w->n && pick.z; i++)
            assert_true(pick.z[i] == s.z[want * eae_features_stride(w->n) + i]);
        eae_svm_pool_remove(pool);
        s.gone[want] = true;
        left--;
        move_b(&s, w, step, &r);
    }
    assert_int_equal(eae_svm_pool_left(pool, kept), left);
    for (int64_t k = 0, j = 0; k < left; k++, j++) {
        while (s.gone[j])
            j++;
        assert_int_equal(kept[k], j);
    }
    eae_svm_pool_free(pool);
    free_world(&s);
}

static void test_wander(void **state)
{
    (void)state;
    const wander all[] = {
        {.sides = 1, .n = ROWS, .scaled = true, .free_bias = true, .stride = 1e-3, .steps = 1500},
        {.sides = 1, .n = ROWS, .scaled = true, .stride = 1e-5, .steps = 1500},
        {.sides = 3, .n = 17, .scaled = true, .free_bias = true, .stride = 1e-3, .steps = 800},
        {.sides = 1, .n = 20, .uneven = true, .stride = 1e-3, .steps = 800},
        {.sides = 2, .n = ROWS, .uneven = true, .is_f64 = true, .stride = 1e-4, .steps = 800},
        {.sides = 1,
         .n = ROWS,
         .scaled = true,
         .free_bias = true,
         .stride = 1e-3,
         .steps = 1500,
         .copies = 3000,
         .originals = 300,
         .constants = 300},
        {.sides = 1,
         .n = ROWS,
         .is_f64 = true,
         .stride = 1e-3,
         .steps = 1500,
         .copies = 300,
         .originals = 300,
         .constants = 1000},
        {.sides = 1,
         .n = ROWS,
         .scaled = true,
         .free_bias = true,
         .stride = 1e-4,
         .steps = 1200,
         .copies = 6900,
         .originals = 4}, /* more that are equal than there are near ones */
    };
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        check_wander(&all[k], k);
}

/* To the last feature. */
static void test_to_the_end(void **state)
{
    (void)state;
    const wander w = {.sides = 1, .n = 9, .scaled = true, .stride = 1e-2, .steps = COLS};
    check_wander(&w, 20);
}

static int setup(void **state)
{
    (void)state;
    return eae_kernels_choose(EAE_BACKEND_CPU, &cpu);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wander),
        cmocka_unit_test(test_to_the_end),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
