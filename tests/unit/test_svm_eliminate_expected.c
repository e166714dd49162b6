/*
 * test_svm_eliminate_expected.c - exact elimination on golub and diabetes against a literal one:
 * one LIBSVM fit a step (tests/expected/svm_eliminate.py).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "matrix/stream.h"
#include "model/svm_eliminate.h"
#include "../tolerance.h"
#include "expected.h"

static const eae_kernels *cpu;

/* Features side by side, f64, standardised by shift and inverse; labels of each machine. */
typedef struct data {
    eae_features features;
    double *x, *shift, *inverse;
    double *y;
    int sides;
} data;

static eae_frame *read_frame(const char *path, const char *label, bool regression)
{
    eae_import import = {.label = label, .regression = regression, .f64 = regression};
    eae_read_options options = {.memory = 1 << 28, .threads = 1, .import = &import};
    eae_bundle b;
    if (eae_read(&b, &path, 1, &options) != EAE_OK)
        fail_msg("%s", eae_message());
    assert_int_equal(b.count, 1);
    eae_frame *f = eae_bundle_take(&b, 0);
    eae_bundle_free(&b);
    return f;
}

static data new_data(int64_t rows, int64_t cols, int sides)
{
    data d = {.sides = sides};
    d.features =
        (eae_features){.is_f64 = true, .rows = rows, .ld = eae_features_stride(rows), .cols = cols};
    d.x = eae_try_alloc((size_t)(cols * d.features.ld), sizeof *d.x, "features");
    memset(d.x, 0, (size_t)(cols * d.features.ld) * sizeof *d.x);
    d.shift = EAE_NEW_ARRAY(double, cols);
    d.inverse = EAE_NEW_ARRAY(double, cols);
    d.y = EAE_NEW_ARRAY(double, sides *rows);
    d.features.x = d.x;
    d.features.shift = d.shift;
    d.features.inverse = d.inverse;
    return d;
}

static void free_data(data *d)
{
    free(d->x);
    free(d->shift);
    free(d->inverse);
    free(d->y);
}

static void standardise(data *d)
{
    int64_t n = d->features.rows;
    for (int64_t j = 0; j < d->features.cols; j++) {
        const double *x = d->x + j * d->features.ld;
        double sum = 0, square = 0;
        for (int64_t i = 0; i < n; i++)
            sum += x[i];
        d->shift[j] = sum / (double)n;
        for (int64_t i = 0; i < n; i++)
            square += (x[i] - d->shift[j]) * (x[i] - d->shift[j]);
        d->inverse[j] = square > 0 ? 1 / sqrt(square / (double)n) : 1;
    }
}

static data golub_data(void)
{
    eae_frame *f = read_frame("share/data/golub/golub.tsv.gz", "class=AML/ALL", false);
    data d = new_data(f->rows.count, f->cols.count, 1);
    const eae_annot *label = eae_axis_find(&f->rows, "label");
    for (int64_t i = 0; i < f->rows.count; i++) {
        d.y[i] = label->code[i] == 1 ? 1 : -1; /* AML is positive */
        for (int64_t j = 0; j < f->cols.count; j++)
            d.x[j * d.features.ld + i] = eae_frame_value(f, i, j);
    }
    eae_frame_free(f);
    standardise(&d);
    return d;
}

static data diabetes_data(int classes)
{
    eae_frame *f = read_frame("share/data/diabetes/diabetes.tsv", "target", true);
    int64_t n = f->rows.count;
    data d = new_data(n, 65, classes == 2 ? 1 : classes);
    const eae_annot *label = eae_axis_find(&f->rows, "label");
    assert_int_equal(f->cols.count, 10);
    for (int64_t i = 0; i < n; i++) {
        double target = label->f64[i];
        int class = (target > 100) + (target > 180);
        int64_t at = 10;
        for (int s = 0; s < d.sides; s++)
            d.y[s * n + i] = (classes == 2 ? target > 140 : class == s) ? 1 : -1;
        for (int64_t a = 0; a < 10; a++) {
            double value = eae_frame_value(f, i, a);
            d.x[a * d.features.ld + i] = value;
            for (int64_t b = a; b < 10; b++)
                d.x[at++ * d.features.ld + i] = value * eae_frame_value(f, i, b);
        }
    }
    eae_frame_free(f);
    standardise(&d);
    return d;
}

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The features in the order in which they are to go, the last one last. */
static int64_t expected_order(const expected_table *t, const char *name, int64_t **order,
                              double **gap)
{
    int column = expected_column(t, "feature"), with_gap = expected_column(t, "gap");
    int64_t count = 0;
    *order = EAE_NEW_ARRAY(int64_t, t->rows);
    *gap = EAE_NEW_ARRAY(double, t->rows);
    for (int i = 0; i < t->rows; i++) {
        if (strcmp(expected_text(t, i, 0), name) != 0)
            continue;
        (*gap)[count] = expected_number(t, i, with_gap);
        (*order)[count++] = (int64_t)expected_number(t, i, column);
    }
    assert_true(count > 0);
    return count;
}

static eae_svm_eliminate_result eliminate(const data *d, const int64_t *active, int64_t count,
                                          double c, eae_svm_loss loss)
{
    int64_t n = d->features.rows;
    int64_t *row = EAE_NEW_ARRAY(int64_t, n);
    double *cost = EAE_NEW_ARRAY(double, n);
    eae_gram_problem side[3];
    eae_gram_fit fit[3];
    for (int64_t i = 0; i < n; i++) {
        row[i] = i;
        cost[i] = c;
    }
    for (int s = 0; s < d->sides; s++) {
        side[s] = (eae_gram_problem){
            .kernels = cpu, .n = n, .y = d->y + s * n, .cost = cost, .tol = 1e-6};
        eae_gram_fit_init(&fit[s], n, 0);
    }
    eae_svm_eliminate_problem problem = {.kernels = cpu,
                                         .features = &d->features,
                                         .row = row,
                                         .n = n,
                                         .m = n,
                                         .active = active,
                                         .count = count,
                                         .until = 1,
                                         .loss = loss,
                                         .sides = d->sides,
                                         .side = side,
                                         .threads = 1};
    eae_svm_eliminate_result result = {.gram = EAE_NEW_ARRAY(double, n *n),
                                       .fit = fit,
                                       .order = EAE_NEW_ARRAY(int64_t, count),
                                       .gap = EAE_NEW_ARRAY(double, count)};
    assert_int_equal(eae_svm_eliminate(&problem, &result), EAE_OK);
    for (int s = 0; s < d->sides; s++)
        eae_gram_fit_free(&fit[s]);
    free(result.gram);
    free(row);
    free(cost);
    return result;
}

/* Where two features cannot be told apart either may go first; from there on they change names. */
static void compare(const char *name, const eae_svm_eliminate_result *r, int64_t *order,
                    const double *gap, int64_t count)
{
    double smallest = 1;
    int64_t at = 0, swapped = 0;
    for (int64_t k = 0; k + 1 < count; k++) {
        if (r->gap[k] < smallest) {
            smallest = r->gap[k];
            at = k;
        }
        if (gap[k] > EAE_TOLERANCE_RANK && fabs(r->gap[k] - gap[k]) > EAE_TOLERANCE_GAP)
            fail_msg("%s, cut %d: gap %g, expected %g", name, (int)k, r->gap[k], gap[k]);
        if (r->order[k] == order[k])
            continue;
        if (r->gap[k] > EAE_TOLERANCE_RANK)
            fail_msg("%s, cut %d: feature %d went, expected %d; gap %g", name, (int)k,
                     (int)r->order[k], (int)order[k], r->gap[k]);
        for (int64_t l = k + 1; l < count; l++)
            order[l] = order[l] == r->order[k] ? order[k] : order[l];
        swapped++;
    }
    print_message("%s: %d cuts, smallest gap %.3g at %d features, %d swapped, residual %.2g\n",
                  name, (int)count - 1, smallest, (int)(count - at), (int)swapped, r->residual);
}

static void check(const expected_table *t, const char *name, const data *d, double c,
                  eae_svm_loss loss)
{
    int64_t *order;
    double *gap;
    int64_t count = expected_order(t, name, &order, &gap);
    int64_t *active = EAE_NEW_ARRAY(int64_t, count);
    memcpy(active, order, (size_t)count * sizeof *active);
    qsort(active, (size_t)count, sizeof *active, by_number);
    eae_svm_eliminate_result r = eliminate(d, active, count, c, loss);
    compare(name, &r, order, gap, count);
    assert_true(r.residual <= EAE_TOLERANCE_KKT);
    free(order);
    free(gap);
    free(active);
    free(r.order);
    free(r.gap);
}

static void test_golub(void **state)
{
    data d = golub_data();
    check(*state, "golub-hinge-1", &d, 1, EAE_HINGE);
    check(*state, "golub-hinge-0.001", &d, 0.001, EAE_HINGE);
    check(*state, "golub-squared-hinge-0.01", &d, 0.01, EAE_SQUARED_HINGE);
    free_data(&d);
}

static void test_diabetes(void **state)
{
    data d = diabetes_data(2);
    check(*state, "diabetes-hinge-0.1", &d, 0.1, EAE_HINGE);
    free_data(&d);
    d = diabetes_data(3);
    check(*state, "diabetes-3-squared-hinge-0.001", &d, 0.001, EAE_SQUARED_HINGE);
    free_data(&d);
}

static int setup(void **state)
{
    static expected_table table;
    expected_read(&table, "svm_eliminate.tsv");
    *state = &table;
    return eae_kernels_choose(EAE_BACKEND_CPU, &cpu);
}

static int teardown(void **state)
{
    expected_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golub),
        cmocka_unit_test(test_diabetes),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
