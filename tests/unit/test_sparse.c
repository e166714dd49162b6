/*
 * test_sparse.c - lasso and elastic net: coefficients against glmnet (tests/expected/enet.R),
 * optimality conditions and duality gap worked out here from their definitions, and what must not
 * change the answer.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "base/random.h"
#include "expected.h"
#include "model/sparse.h"
#include "../tolerance.h"

/* ---- problems -------------------------------------------------------------------------------- */

typedef struct sample_set {
    eae_source source;
    eae_sparse_problem problem;
    double *x, *y, *cost, *u;
    float *narrow;
    int64_t *row;
} sample_set;

static sample_set set_new(int64_t n, int64_t p, int64_t terms)
{
    sample_set s = {.x = EAE_NEW_ARRAY(double, n *p),
                    .y = EAE_NEW_ARRAY(double, n),
                    .cost = EAE_NEW_ARRAY(double, n),
                    .u = EAE_NEW_ARRAY(double, n *terms),
                    .row = EAE_NEW_ARRAY(int64_t, n)};
    s.source = (eae_source){.x = s.x, .is_f64 = true, .rows = n, .cols = p, .feature_count = p};
    s.problem = (eae_sparse_problem){.kernels = &eae_kernels_ref,
                                     .row = s.row,
                                     .n = n,
                                     .loss = EAE_LOSS_SQUARED,
                                     .y = s.y,
                                     .cost = s.cost,
                                     .u = terms ? s.u : NULL,
                                     .terms = terms,
                                     .alpha = 1,
                                     .tol = 1e-10,
                                     .threads = 1};
    for (int64_t i = 0; i < n; i++) {
        s.row[i] = i;
        s.cost[i] = 1.0 / (double)n;
    }
    return s;
}

static void set_free(sample_set *s)
{
    free(s->x);
    free(s->y);
    free(s->cost);
    free(s->u);
    free(s->row);
    free(s->narrow);
}

/* The sum of twelve uniforms: near enough to a normal deviate. */
static double deviate(eae_random *r)
{
    double sum = -6;
    for (int k = 0; k < 12; k++)
        sum += eae_random_unit(r);
    return sum;
}

/* Correlated features in blocks of ten, about 5; a signal in ten of them. */
static sample_set random_set(int64_t n, int64_t p, int64_t terms, eae_loss loss)
{
    eae_random r;
    eae_random_start(&r, 7, EAE_RANDOM_SYNTH_VALUE, (uint64_t)(n + p));
    sample_set s = set_new(n, p, terms);
    for (int64_t i = 0; i < n; i++) {
        double common = 0, f = 0;
        for (int64_t j = 0; j < p; j++) {
            if (j % 10 == 0)
                common = deviate(&r);
            s.x[i * p + j] = (double)(float)(5 + 0.6 * common + 0.8 * deviate(&r));
            f += j % (p / 10) == 3 ? (s.x[i * p + j] - 5) * (j % 4 < 2 ? 1 : -1) : 0;
        }
        for (int64_t t = 0; t < terms; t++) {
            s.u[i * terms + t] = deviate(&r) + (double)t;
            f += s.u[i * terms + t];
        }
        f += deviate(&r);
        s.y[i] = loss == EAE_LOSS_LOGISTIC ? (f > 0 ? 1 : -1) : f;
    }
    s.problem.loss = loss;
    return s;
}

static void solve(sample_set *s, const double *lambda, int count, eae_sparse_fit *fit)
{
    s->problem.source = &s->source;
    int status = eae_sparse_path(&s->problem, lambda, count, NULL, fit, NULL);
    if (status != EAE_OK)
        fail_msg("%s", eae_message());
}

static double lambda_max(sample_set *s)
{
    double largest = -1;
    s->problem.source = &s->source;
    assert_int_equal(eae_sparse_lambda_max(&s->problem, &largest), EAE_OK);
    return largest;
}

static double weight_of(const eae_sparse_fit *fit, int64_t feature)
{
    for (int64_t k = 0; k < fit->count; k++) {
        if (fit->feature[k] == feature)
            return fit->weight[k];
    }
    return 0;
}

static void assert_same_fit(const eae_sparse_fit *a, const eae_sparse_fit *b, int64_t terms)
{
    assert_int_equal(a->count, b->count);
    assert_memory_equal(a->feature, b->feature, (size_t)a->count * sizeof(int64_t));
    assert_memory_equal(a->weight, b->weight, (size_t)a->count * sizeof(double));
    assert_memory_equal(a->gamma, b->gamma, (size_t)terms * sizeof(double));
    assert_memory_equal(&a->intercept, &b->intercept, sizeof(double));
    assert_memory_equal(&a->gap, &b->gap, sizeof(double));
    assert_int_equal(a->iterations, b->iterations);
}

/* ---- the certificate, worked out from the definitions ---------------------------------------- */

typedef struct judgement {
    double primal, gap; /* gap: relative */
    double violation;   /* of the optimality conditions, relative to lambda alpha */
    double imbalance;   /* of U'r and sum r, relative */
} judgement;

static double entropy(double q)
{
    return q <= 0 || q >= 1 ? 0 : -q * log(q) - (1 - q) * log(1 - q);
}

static double dual_value(const eae_sparse_problem *p, const double *r, double s, double square)
{
    double sum = -s * s * square / 2;
    for (int64_t i = 0; i < p->n; i++) {
        double q = s * r[i] / p->cost[i];
        sum += p->loss == EAE_LOSS_LOGISTIC ? p->cost[i] * entropy(p->y[i] * q)
                                            : p->cost[i] * (q * p->y[i] - q * q / 2);
    }
    return sum;
}

static judgement judge(const sample_set *s, const eae_sparse_fit *fit, double lambda)
{
    const eae_sparse_problem *p = &s->problem;
    int64_t n = p->n, cols = s->source.cols;
    double l1 = lambda * p->alpha, l2 = lambda * (1 - p->alpha), square = 0, largest = 0;
    double *r = EAE_NEW_ARRAY(double, n), sum = 0, size = 0;
    judgement out = {0};
    for (int64_t i = 0; i < n; i++) {
        double f = fit->intercept;
        for (int64_t k = 0; k < fit->count; k++)
            f += s->x[p->row[i] * cols + fit->feature[k]] * fit->weight[k];
        for (int64_t t = 0; t < p->terms; t++)
            f += s->u[i * p->terms + t] * fit->gamma[t];
        double m = p->y[i] * f;
        bool logistic = p->loss == EAE_LOSS_LOGISTIC;
        out.primal += p->cost[i] * (logistic ? log(1 + exp(-m)) : pow(p->y[i] - f, 2) / 2);
        r[i] = p->cost[i] * (logistic ? p->y[i] / (1 + exp(m)) : p->y[i] - f);
        sum += r[i];
        size += fabs(r[i]);
    }
    out.imbalance = fabs(sum) / size;
    for (int64_t t = 0; t < p->terms; t++) {
        double across = 0;
        for (int64_t i = 0; i < n; i++)
            across += s->u[i * p->terms + t] * r[i];
        out.imbalance = fmax(out.imbalance, fabs(across) / size);
    }
    for (int64_t j = 0; j < cols; j++) {
        double v = 0, w = weight_of(fit, j);
        for (int64_t i = 0; i < n; i++)
            v += s->x[p->row[i] * cols + j] * r[i];
        out.primal += l1 * fabs(w) + l2 / 2 * w * w;
        square += l2 * w * w;
        largest = fmax(largest, fabs(v - l2 * w));
        double off = w == 0 ? fmax(0, fabs(v) - l1) : fabs(v - l2 * w - copysign(l1, w));
        out.violation = fmax(out.violation, off / l1);
    }
    double best = dual_value(p, r, fmin(1, l1 / largest), square);
    out.gap = (out.primal - best) / out.primal;
    free(r);
    return out;
}

static void path_holds(eae_loss loss, double alpha, int64_t p, int64_t terms)
{
    enum { COUNT = 12 };
    sample_set s = random_set(60, p, terms, loss);
    s.problem.alpha = alpha;
    double lambda[COUNT], top = lambda_max(&s);
    eae_sparse_fit fit[COUNT];
    for (int k = 0; k < COUNT; k++)
        lambda[k] = top * pow(0.02, k / (COUNT - 1.0));
    solve(&s, lambda, COUNT, fit);
    for (int k = 0; k < COUNT; k++) {
        judgement j = judge(&s, &fit[k], lambda[k]);
        assert_true(fit[k].converged && fit[k].gap >= 0 && fit[k].gap <= s.problem.tol);
        assert_true(fabs(fit[k].objective - j.primal) <= 1e-12 * j.primal);
        assert_true(j.gap <= 2 * s.problem.tol);
        assert_true(j.violation < 1e-4);
        assert_true(j.imbalance < 1e-10);
        assert_true(k == 0 || fit[k].count > 0);
        eae_sparse_fit_free(&fit[k]);
    }
    set_free(&s);
}

static void test_path_is_optimal(void **state)
{
    (void)state;
    path_holds(EAE_LOSS_SQUARED, 1, 500, 0);
    path_holds(EAE_LOSS_SQUARED, 1, 30, 2); /* more rows than features */
    path_holds(EAE_LOSS_LOGISTIC, 1, 500, 0);
    path_holds(EAE_LOSS_LOGISTIC, 0.5, 500, 2);
    path_holds(EAE_LOSS_SQUARED, 0.05, 500, 1); /* more features than rows in the model */
    path_holds(EAE_LOSS_LOGISTIC, 0.05, 30, 1);
}

/* More features than the pool holds: most are covered by bounds, and by passes where these fail. */
static void test_features_outside_the_pool(void **state)
{
    (void)state;
    path_holds(EAE_LOSS_SQUARED, 1, 6000, 0);
    path_holds(EAE_LOSS_LOGISTIC, 0.9, 6000, 1);
}

/* ---- against glmnet -------------------------------------------------------------------------- */

static sample_set glmnet_set(const expected_table *data, bool logistic, bool counted, bool beside)
{
    int64_t p = data->cols - 5;
    sample_set s = set_new(data->rows, p, beside ? 2 : 0);
    double total = 0;
    s.problem.loss = logistic ? EAE_LOSS_LOGISTIC : EAE_LOSS_SQUARED;
    for (int i = 0; i < data->rows; i++) {
        s.cost[i] = counted ? expected_number(data, i, expected_column(data, "count")) : 1;
        s.y[i] = expected_number(data, i, expected_column(data, logistic ? "class" : "value"));
        total += s.cost[i];
        for (int t = 0; beside && t < 2; t++)
            s.u[i * 2 + t] = expected_number(data, i, expected_column(data, "u1") + t);
        for (int j = 0; j < p; j++)
            s.x[i * p + j] = expected_number(data, i, 5 + j);
    }
    double mean = 0, square = 0;
    for (int i = 0; i < data->rows; i++) {
        s.cost[i] /= total;
        mean += s.cost[i] * s.y[i];
    }
    for (int i = 0; i < data->rows; i++)
        square += s.cost[i] * (s.y[i] - mean) * (s.y[i] - mean);
    for (int i = 0; i < data->rows && !logistic; i++)
        s.y[i] = (s.y[i] - mean) / sqrt(square);
    return s;
}

static void near(double got, double want, double tolerance, const char *what, int row)
{
    if (!(fabs(got - want) <= tolerance * fmax(1, fabs(want))))
        fail_msg("row %d: %s %.12g instead of %.12g", row, what, got, want);
}

static void compare_glmnet(const expected_table *t, int i, sample_set *s)
{
    double lambda = expected_number(t, i, expected_column(t, "lambda"));
    eae_sparse_fit fit;
    s->problem.alpha = expected_number(t, i, expected_column(t, "alpha"));
    s->problem.tol = 1e-13;
    double top = expected_number(t, i, expected_column(t, "lambda_max"));
    near(lambda_max(s) / top, 1, 1e-9, "lambda_max", i);
    solve(s, &lambda, 1, &fit);
    double objective = expected_number(t, i, expected_column(t, "objective"));
    near(fit.objective / objective, 1, 1e-9, "objective", i);
    near(fit.intercept, expected_number(t, i, expected_column(t, "intercept")),
         EAE_TOLERANCE_COEFFICIENT, "intercept", i);
    for (int64_t c = 0; c < s->problem.terms; c++)
        near(fit.gamma[c], expected_number(t, i, expected_column(t, "u1") + (int)c),
             EAE_TOLERANCE_COEFFICIENT, "covariate", i);
    for (int64_t j = 0; j < s->source.cols; j++)
        near(weight_of(&fit, j), expected_number(t, i, expected_column(t, "g1") + (int)j),
             EAE_TOLERANCE_COEFFICIENT, "coefficient", i);
    eae_sparse_fit_free(&fit);
}

static void test_glmnet(void **state)
{
    (void)state;
    expected_table data, t;
    expected_read(&data, "enet_data.tsv");
    expected_read(&t, "enet.tsv");
    for (int i = 0; i < t.rows; i++) {
        bool logistic = strcmp(expected_text(&t, i, expected_column(&t, "loss")), "logistic") == 0;
        sample_set s =
            glmnet_set(&data, logistic, expected_number(&t, i, expected_column(&t, "counted")) > 0,
                       expected_number(&t, i, expected_column(&t, "covariates")) > 0);
        compare_glmnet(&t, i, &s);
        set_free(&s);
    }
    assert_true(t.rows >= 72);
    expected_free(&data);
    expected_free(&t);
}

/* ---- what must hold -------------------------------------------------------------------------- */

static void test_lambda_max(void **state)
{
    (void)state;
    for (int k = 0; k < 4; k++) {
        sample_set s = random_set(40, 200, 1, k % 2 ? EAE_LOSS_LOGISTIC : EAE_LOSS_SQUARED);
        s.problem.alpha = k < 2 ? 1 : 0.3;
        double top = lambda_max(&s), lambda[] = {top * 1.000001, top * 0.999};
        eae_sparse_fit fit[2];
        solve(&s, lambda, 2, fit);
        assert_int_equal(fit[0].count, 0);
        assert_int_equal(fit[1].count, 1);
        eae_sparse_fit_free(&fit[0]);
        eae_sparse_fit_free(&fit[1]);
        set_free(&s);
    }
}

/* A row that counts three times is three rows. */
static void test_counts_are_repeated_rows(void **state)
{
    (void)state;
    sample_set s = random_set(30, 80, 0, EAE_LOSS_LOGISTIC);
    double y[34], cost[34], lambda = lambda_max(&s) / 5;
    int64_t row[34];
    for (int64_t i = 0; i < 34; i++) {
        row[i] = i < 30 ? i : i < 32 ? 4 : 11;
        y[i] = s.y[row[i]];
        cost[i] = 1.0 / 34;
    }
    for (int64_t i = 0; i < 30; i++)
        s.cost[i] = (i == 4 || i == 11 ? 3 : 1) / 34.0;
    eae_sparse_fit counted, repeated;
    s.problem.tol = 1e-13;
    solve(&s, &lambda, 1, &counted);
    s.problem.n = 34;
    s.problem.row = row;
    s.problem.y = y;
    s.problem.cost = cost;
    solve(&s, &lambda, 1, &repeated);
    assert_true(counted.count > 3);
    for (int64_t j = 0; j < 80; j++)
        assert_true(fabs(weight_of(&counted, j) - weight_of(&repeated, j)) < 1e-8);
    assert_true(fabs(counted.objective - repeated.objective) < 1e-12);
    eae_sparse_fit_free(&counted);
    eae_sparse_fit_free(&repeated);
    set_free(&s);
}

/* Threads, the order of the penalties, and f32 for values that f32 holds: the same bits. */
static void test_same_bits(void **state)
{
    (void)state;
    sample_set s = random_set(40, 3000, 1, EAE_LOSS_LOGISTIC);
    double top = lambda_max(&s), down[] = {top / 2, top / 5, top / 20};
    double up[] = {top / 20, top / 5, top / 2};
    eae_sparse_fit a[3], b[3];
    solve(&s, down, 3, a);
    s.problem.threads = 3;
    s.narrow = EAE_NEW_ARRAY(float, 40 * 3000);
    for (int64_t i = 0; i < 40 * 3000; i++)
        s.narrow[i] = (float)s.x[i];
    s.source.x = s.narrow;
    s.source.is_f64 = false;
    solve(&s, up, 3, b);
    for (int k = 0; k < 3; k++)
        assert_same_fit(&a[k], &b[2 - k], 1);
    for (int k = 0; k < 3; k++) {
        eae_sparse_fit_free(&a[k]);
        eae_sparse_fit_free(&b[k]);
    }
    set_free(&s);
}

/* Shift and scale are part of the source; a list of features leaves the others out. */
static void test_source(void **state)
{
    (void)state;
    sample_set s = random_set(40, 100, 0, EAE_LOSS_SQUARED), plain = set_new(40, 50, 0);
    double shift[100], inverse[100], lambda = lambda_max(&s) / 8;
    int64_t feature[50];
    for (int64_t j = 0; j < 100; j++) {
        shift[j] = 5 + 0.01 * (double)j;
        inverse[j] = 1 / (1 + 0.002 * (double)j);
    }
    for (int64_t k = 0; k < 50; k++) {
        feature[k] = 2 * k + 1;
        for (int64_t i = 0; i < 40; i++)
            plain.x[i * 50 + k] =
                (s.x[i * 100 + feature[k]] - shift[feature[k]]) * inverse[feature[k]];
    }
    memcpy(plain.y, s.y, 40 * sizeof(double));
    s.source.shift = shift;
    s.source.inverse = inverse;
    s.source.feature = feature;
    s.source.feature_count = 50;
    eae_sparse_fit a, b;
    solve(&s, &lambda, 1, &a);
    solve(&plain, &lambda, 1, &b);
    assert_true(a.count > 3);
    assert_int_equal(a.count, b.count);
    for (int64_t k = 0; k < a.count; k++) {
        assert_int_equal(a.feature[k], feature[b.feature[k]]);
        assert_true(fabs(a.weight[k] - b.weight[k]) < 1e-9);
    }
    eae_sparse_fit_free(&a);
    eae_sparse_fit_free(&b);
    set_free(&s);
    set_free(&plain);
}

/* Equal columns, a constant one, and one that a covariate explains: the gap is reached all the
 * same, and what explains nothing stays out. */
static void test_awkward_columns(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        sample_set s = random_set(50, 120, 1, k ? EAE_LOSS_LOGISTIC : EAE_LOSS_SQUARED);
        for (int64_t i = 0; i < 50; i++) {
            double *x = s.x + i * 120;
            x[60] = x[15] = x[3];
            x[7] = 2.5;
            x[8] = s.u[i];
        }
        double top = lambda_max(&s), lambda[] = {top / 3, top / 30, top / 300};
        eae_sparse_fit fit[3];
        solve(&s, lambda, 3, fit);
        for (int l = 0; l < 3; l++) {
            assert_true(fit[l].converged);
            assert_true(judge(&s, &fit[l], lambda[l]).gap < 1e-9);
            assert_true(weight_of(&fit[l], 7) == 0 && weight_of(&fit[l], 8) == 0);
        }
        assert_true(weight_of(&fit[0], 3) + weight_of(&fit[0], 15) + weight_of(&fit[0], 60) != 0);
        for (int l = 0; l < 3; l++)
            eae_sparse_fit_free(&fit[l]);
        set_free(&s);
    }
}

/* The data turned over: the same fits, whatever rows and features are in use. */
static void turned_agrees(bool narrow, bool some, eae_loss loss)
{
    enum { N = 40, P = 1500, KEPT = 700 };
    sample_set s = random_set(N, P, 1, loss);
    int64_t feature[KEPT], row[N];
    double shift[P], inverse[P], lambda[3], top;
    eae_sparse_fit plain[3], turned[3];
    for (int j = 0; j < P; j++) {
        shift[j] = 5;
        inverse[j] = 0.5 + j % 3;
    }
    for (int k = 0; k < KEPT; k++)
        feature[k] = 2 * k + 1;
    for (int i = 0; i < N; i++)
        row[i] = (7 * i + 3) % N;
    s.narrow = EAE_NEW_ARRAY(float, N *P);
    for (int i = 0; i < N * P; i++)
        s.narrow[i] = (float)s.x[i];
    s.source.x = narrow ? (void *)s.narrow : s.x;
    s.source.is_f64 = !narrow;
    s.problem.row = row;
    s.problem.n = some ? N - 9 : N; /* the last rows take no part */
    int64_t ld = eae_features_stride(N);
    void *x = eae_try_alloc((size_t)(ld * P), sizeof(double), "features");
    assert_int_equal(eae_kernels_ref.turn(&s.source, NULL, N, !narrow, x, 1), EAE_OK);
    eae_features features = {x, !narrow, N, ld, P, shift, inverse};
    s.source.shift = shift;
    s.source.inverse = inverse;
    s.source.feature = some ? feature : NULL;
    s.source.feature_count = some ? KEPT : P;
    top = lambda_max(&s);
    for (int k = 0; k < 3; k++)
        lambda[k] = top * pow(0.3, k + 1);
    solve(&s, lambda, 3, plain);
    s.problem.features = &features;
    s.problem.threads = 3;
    assert_true(fabs(lambda_max(&s) / top - 1) < EAE_TOLERANCE_SOLUTION);
    solve(&s, lambda, 3, turned);
    for (int k = 0; k < 3; k++) {
        assert_true(plain[k].count > 0 && plain[k].count == turned[k].count);
        assert_true(turned[k].converged);
        for (int64_t a = 0; a < plain[k].count; a++) {
            assert_int_equal(plain[k].feature[a], turned[k].feature[a]);
            near(turned[k].weight[a], plain[k].weight[a], EAE_TOLERANCE_COEFFICIENT, "weight", k);
        }
        eae_sparse_fit_free(&plain[k]);
        eae_sparse_fit_free(&turned[k]);
    }
    free(x);
    set_free(&s);
}

static void test_turned(void **state)
{
    (void)state;
    turned_agrees(false, false, EAE_LOSS_SQUARED);
    turned_agrees(true, true, EAE_LOSS_SQUARED);
    turned_agrees(true, false, EAE_LOSS_LOGISTIC);
    turned_agrees(false, true, EAE_LOSS_LOGISTIC);
}

/* A class that a feature separates: weights grow as lambda falls, and every fit is certified. */
static void test_separable(void **state)
{
    (void)state;
    sample_set s = random_set(30, 400, 0, EAE_LOSS_LOGISTIC);
    for (int64_t i = 0; i < 30; i++)
        s.x[i * 400 + 5] = s.y[i] * (1 + (double)i / 30);
    s.problem.tol = 1e-8;
    double lambda[] = {1e-1, 1e-3, 1e-5, 1e-6};
    eae_sparse_fit fit[4];
    solve(&s, lambda, 4, fit);
    for (int k = 0; k < 4; k++) {
        assert_true(fit[k].converged);
        assert_true(judge(&s, &fit[k], lambda[k]).gap < 1e-7);
        assert_true(k == 0 || fit[k].objective < fit[k - 1].objective);
    }
    for (int k = 0; k < 4; k++)
        eae_sparse_fit_free(&fit[k]);
    set_free(&s);
}

/* Stopped short: not converged, and the gap says how far it is. */
static void test_stops_short(void **state)
{
    (void)state;
    sample_set s = random_set(60, 500, 0, EAE_LOSS_LOGISTIC);
    double lambda = lambda_max(&s) / 50;
    eae_sparse_fit fit;
    s.problem.max_iter = 1;
    solve(&s, &lambda, 1, &fit);
    double gap = judge(&s, &fit, lambda).gap;
    assert_false(fit.converged);
    assert_true(fit.gap > s.problem.tol && fabs(fit.gap - gap) < 1e-6);
    eae_sparse_fit_free(&fit);
    set_free(&s);
}

static void test_not_finite(void **state)
{
    (void)state;
    sample_set s = random_set(20, 30, 0, EAE_LOSS_SQUARED);
    double lambda = 1;
    eae_sparse_fit fit;
    s.x[77] = INFINITY;
    s.problem.source = &s.source;
    assert_int_equal(eae_sparse_path(&s.problem, &lambda, 1, NULL, &fit, NULL), EAE_FAIL);
    assert_non_null(strstr(eae_message(), "not finite"));
    assert_null(fit.feature);
    set_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_path_is_optimal),
        cmocka_unit_test(test_features_outside_the_pool),
        cmocka_unit_test(test_glmnet),
        cmocka_unit_test(test_lambda_max),
        cmocka_unit_test(test_counts_are_repeated_rows),
        cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_source),
        cmocka_unit_test(test_awkward_columns),
        cmocka_unit_test(test_turned),
        cmocka_unit_test(test_separable),
        cmocka_unit_test(test_stops_short),
        cmocka_unit_test(test_not_finite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
