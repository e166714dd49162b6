/*
 * test_sparse_softmax.c - lasso and elastic net of many classes: coefficients against glmnet
 * (tests/expected/softmax.R) and against the plain reference, optimality conditions and duality gap
 * worked out here from their definitions, two classes against the two-class model, and what must
 * not change the answer.
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
#include "model/sparse_parts.h"
#include "../tolerance.h"

enum { MOST = 6 }; /* classes */

/* ---- problems -------------------------------------------------------------------------------- */

typedef struct sample_set {
    eae_source source;
    eae_sparse_problem problem;
    double *x, *y, *cost, *u;
    int64_t *row;
} sample_set;

static sample_set set_new(int64_t n, int64_t p, int64_t terms, int classes)
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
                                     .loss = EAE_LOSS_LOGISTIC,
                                     .classes = classes,
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
}

/* The sum of twelve uniforms: near enough to a normal deviate. */
static double deviate(eae_random *r)
{
    double sum = -6;
    for (int k = 0; k < 12; k++)
        sum += eae_random_unit(r);
    return sum;
}

/* Correlated features in blocks of ten, about 1; each class has two of its own. Costs differ. */
static sample_set random_set(int64_t n, int64_t p, int64_t terms, int classes)
{
    eae_random r;
    eae_random_start(&r, 11, EAE_RANDOM_SYNTH_VALUE, (uint64_t)(n + p));
    sample_set s = set_new(n, p, terms, classes);
    for (int64_t i = 0; i < n; i++) {
        double common = 0, best = -INFINITY;
        for (int64_t j = 0; j < p; j++) {
            if (j % 10 == 0)
                common = deviate(&r);
            s.x[i * p + j] = 1 + 0.6 * common + 0.8 * deviate(&r);
        }
        for (int64_t t = 0; t < terms; t++)
            s.u[i * terms + t] = deviate(&r) + (double)t;
        for (int k = 0; k < classes; k++) {
            const double *x = s.x + i * p;
            double f = x[(7 * k + 1) % p] - x[(11 * k + 4) % p] + 0.7 * deviate(&r);
            f += terms ? s.u[i * terms] * (k % 2) : 0;
            if (f > best) {
                best = f;
                s.y[i] = k;
            }
        }
        s.cost[i] *= i % 3 == 0 ? 2 : 1;
    }
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

static void free_fits(eae_sparse_fit *fit, int64_t count)
{
    for (int64_t k = 0; k < count; k++)
        eae_sparse_fit_free(&fit[k]);
}

static void near(double got, double want, double tolerance, const char *what, int row)
{
    if (!(fabs(got - want) <= tolerance * fmax(1, fabs(want))))
        fail_msg("row %d: %s %.12g instead of %.12g", row, what, got, want);
}

/* ---- the certificate, worked out from the definitions ---------------------------------------- */

typedef struct judgement {
    double primal, gap; /* gap: relative */
    double violation;   /* of the optimality conditions, relative to lambda alpha */
    double imbalance;   /* of U'r and sum r of a class, relative */
    double common; /* sums of terms over the classes, and |median| of weights where alpha is 1 */
} judgement;

static double value_of(const sample_set *s, const eae_sparse_fit *fit, int64_t i)
{
    double f = fit->intercept;
    for (int64_t a = 0; a < fit->count; a++)
        f += s->x[s->problem.row[i] * s->source.cols + fit->feature[a]] * fit->weight[a];
    for (int64_t t = 0; t < s->problem.terms; t++)
        f += s->u[i * s->problem.terms + t] * fit->gamma[t];
    return f;
}

/* r: n x classes, cost times ([y = k] less the probability); returns the loss. */
static double residuals(const sample_set *s, const eae_sparse_fit *fit, double *r)
{
    const eae_sparse_problem *p = &s->problem;
    double loss = 0;
    for (int64_t i = 0; i < p->n; i++) {
        double *row = r + i * p->classes, total = 0;
        for (int k = 0; k < p->classes; k++)
            total += row[k] = exp(value_of(s, &fit[k], i));
        loss -= p->cost[i] * log(row[(int)p->y[i]] / total);
        for (int k = 0; k < p->classes; k++)
            row[k] = p->cost[i] * ((p->y[i] == k) - row[k] / total);
    }
    return loss;
}

static double dual_value(const eae_sparse_problem *p, const double *r, double s, double square)
{
    double sum = -s * s * square / 2;
    for (int64_t i = 0; i < p->n; i++) {
        for (int k = 0; k < p->classes; k++) {
            double q = (p->y[i] == k) - s * r[i * p->classes + k] / p->cost[i];
            sum -= q > 0 ? p->cost[i] * q * log(q) : 0;
        }
    }
    return sum;
}

static double imbalance_of(const sample_set *s, const double *r, int k)
{
    const eae_sparse_problem *p = &s->problem;
    double worst = 0;
    for (int64_t t = 0; t <= p->terms; t++) {
        double sum = 0, size = 0;
        for (int64_t i = 0; i < p->n; i++) {
            double u = t < p->terms ? s->u[i * p->terms + t] : 1;
            sum += u * r[i * p->classes + k];
            size += fabs(u * r[i * p->classes + k]);
        }
        worst = fmax(worst, fabs(sum) / size);
    }
    return worst;
}

static judgement judge(const sample_set *s, const eae_sparse_fit *fit, double lambda)
{
    const eae_sparse_problem *p = &s->problem;
    double l1 = lambda * p->alpha, l2 = lambda * (1 - p->alpha), square = 0, largest = 0;
    double *r = EAE_NEW_ARRAY(double, p->n * p->classes), sum = 0;
    judgement out = {.primal = residuals(s, fit, r)};
    for (int k = 0; k < p->classes; k++) {
        out.imbalance = fmax(out.imbalance, imbalance_of(s, r, k));
        sum += fit[k].intercept;
    }
    out.common = fabs(sum);
    for (int64_t j = 0; j < s->source.cols; j++) {
        int below = 0, above = 0;
        for (int k = 0; k < p->classes; k++) {
            double v = 0, w = weight_of(&fit[k], j);
            for (int64_t i = 0; i < p->n; i++)
                v += s->x[p->row[i] * s->source.cols + j] * r[i * p->classes + k];
            out.primal += l1 * fabs(w) + l2 / 2 * w * w;
            square += l2 * w * w;
            largest = fmax(largest, fabs(v - l2 * w));
            double off = w == 0 ? fmax(0, fabs(v) - l1) : fabs(v - l2 * w - copysign(l1, w));
            out.violation = fmax(out.violation, off / l1);
            below += w < 0;
            above += w > 0;
        }
        if (l2 == 0 && (2 * below > p->classes || 2 * above > p->classes))
            out.common = 1;
    }
    out.gap = (out.primal - dual_value(p, r, fmin(1, l1 / largest), square)) / out.primal;
    free(r);
    return out;
}

static void path_holds(int classes, double alpha, int64_t p, int64_t terms)
{
    enum { COUNT = 8 };
    sample_set s = random_set(60, p, terms, classes);
    s.problem.alpha = alpha;
    double lambda[COUNT], top = lambda_max(&s);
    eae_sparse_fit fit[COUNT * MOST];
    for (int l = 0; l < COUNT; l++)
        lambda[l] = top * pow(0.02, l / (COUNT - 1.0));
    solve(&s, lambda, COUNT, fit);
    for (int l = 0; l < COUNT; l++) {
        const eae_sparse_fit *one = fit + l * classes;
        judgement j = judge(&s, one, lambda[l]);
        for (int k = 0; k < classes; k++) {
            assert_true(one[k].converged && one[k].gap >= 0 && one[k].gap <= s.problem.tol);
            assert_true(one[k].gap == one->gap && one[k].objective == one->objective);
            assert_true(l == 0 || l == 1 || one[k].count > 0);
        }
        assert_true(fabs(one->objective - j.primal) <= 1e-12 * j.primal);
        assert_true(j.gap <= 2 * s.problem.tol);
        assert_true(j.violation < 1e-4);
        assert_true(j.imbalance < 1e-9);
        assert_true(j.common < 1e-9);
    }
    free_fits(fit, (int64_t)COUNT * classes);
    set_free(&s);
}

static void test_path_is_optimal(void **state)
{
    (void)state;
    path_holds(3, 1, 500, 0);
    path_holds(3, 1, 25, 2); /* more rows than features */
    path_holds(4, 1, 500, 1);
    path_holds(MOST, 0.5, 300, 2);
    path_holds(3, 0.05, 500, 1); /* more features than rows in the model */
    path_holds(4, 0.05, 30, 0);
    path_holds(2, 0.5, 100, 1);
}

/* More features than the pool holds: most are covered by bounds, and by passes where these fail. */
static void test_features_outside_the_pool(void **state)
{
    (void)state;
    path_holds(3, 1, 5000, 0);
    path_holds(4, 0.9, 5000, 1);
}

/* ---- against others -------------------------------------------------------------------------- */

static void test_reference(void **state)
{
    (void)state;
    const double alpha[] = {1, 0.5, 0.1};
    for (int c = 0; c < 3; c++) {
        sample_set s = random_set(60, 20, c, 3 + c % 2);
        int classes = s.problem.classes;
        s.problem.alpha = alpha[c];
        s.problem.tol = 1e-13;
        double lambda = lambda_max(&s) / 6;
        eae_sparse_fit fit[MOST], plain[MOST];
        solve(&s, &lambda, 1, fit);
        assert_int_equal(eae_sparse_softmax_reference(&s.problem, lambda, plain), EAE_OK);
        near(fit->objective / plain->objective, 1, EAE_TOLERANCE_OBJECTIVE, "objective", c);
        double shift = 0;
        for (int k = 0; k < classes; k++)
            shift += plain[k].intercept / classes;
        for (int k = 0; k < classes; k++) {
            near(fit[k].intercept, plain[k].intercept - shift, EAE_TOLERANCE_COEFFICIENT,
                 "intercept", c);
            for (int64_t j = 0; j < s.source.cols; j++)
                near(weight_of(&fit[k], j), weight_of(&plain[k], j), EAE_TOLERANCE_COEFFICIENT,
                     "weight", c);
        }
        assert_true(fit[0].count > 0 && fit[0].count < s.source.cols);
        free_fits(fit, classes);
        free_fits(plain, classes);
        set_free(&s);
    }
}

/* With w = w_1 - w_0 two classes are the two-class model whose ridge part is half as large. */
static void test_two_classes(void **state)
{
    (void)state;
    for (int c = 0; c < 4; c++) {
        sample_set s = random_set(50, 300, c % 2, 2);
        s.problem.alpha = c < 2 ? 1 : 0.4;
        s.problem.tol = 1e-13;
        double alpha = s.problem.alpha, lambda = lambda_max(&s) / 7, y[50];
        double half = lambda * alpha + lambda * (1 - alpha) / 2;
        eae_sparse_fit both[2], one;
        solve(&s, &lambda, 1, both);
        for (int i = 0; i < 50; i++)
            y[i] = 2 * s.y[i] - 1;
        s.problem.classes = 0;
        s.problem.y = y;
        s.problem.alpha = lambda * alpha / half;
        solve(&s, &half, 1, &one);
        assert_true(one.count > 3 && one.count == both[0].count && one.count == both[1].count);
        near(both->objective / one.objective, 1, EAE_TOLERANCE_OBJECTIVE, "objective", c);
        near(both[1].intercept, one.intercept / 2, EAE_TOLERANCE_COEFFICIENT, "intercept", c);
        near(both[0].intercept, -one.intercept / 2, EAE_TOLERANCE_COEFFICIENT, "intercept", c);
        for (int64_t t = 0; t < s.problem.terms; t++)
            near(both[1].gamma[t], one.gamma[t] / 2, EAE_TOLERANCE_COEFFICIENT, "covariate", c);
        for (int64_t j = 0; j < 300; j++) {
            near(weight_of(&both[1], j), weight_of(&one, j) / 2, EAE_TOLERANCE_COEFFICIENT, "w", c);
            near(weight_of(&both[0], j), -weight_of(&one, j) / 2, EAE_TOLERANCE_COEFFICIENT, "w",
                 c);
        }
        free_fits(both, 2);
        free_fits(&one, 1);
        set_free(&s);
    }
}

static sample_set glmnet_set(const expected_table *data, const expected_table *label, bool counted,
                             bool beside, int column)
{
    int64_t p = data->cols - 5;
    sample_set s = set_new(data->rows, p, beside ? 2 : 0, 3 + column);
    double total = 0;
    for (int i = 0; i < data->rows; i++) {
        s.cost[i] = counted ? expected_number(data, i, expected_column(data, "count")) : 1;
        s.y[i] = expected_number(label, i, column);
        total += s.cost[i];
        for (int t = 0; beside && t < 2; t++)
            s.u[i * 2 + t] = expected_number(data, i, expected_column(data, "u1") + t);
        for (int j = 0; j < p; j++)
            s.x[i * p + j] = expected_number(data, i, 5 + j);
    }
    for (int i = 0; i < data->rows; i++)
        s.cost[i] /= total;
    return s;
}

/* Rows i .. i + classes - 1. */
static void compare_glmnet(const expected_table *t, int i, sample_set *s)
{
    int classes = s->problem.classes;
    double lambda = expected_number(t, i, expected_column(t, "lambda"));
    eae_sparse_fit fit[MOST];
    s->problem.alpha = expected_number(t, i, expected_column(t, "alpha"));
    s->problem.tol = 1e-14;
    double top = expected_number(t, i, expected_column(t, "lambda_max"));
    near(lambda_max(s) / top, 1, 1e-9, "lambda_max", i);
    solve(s, &lambda, 1, fit);
    double objective = expected_number(t, i, expected_column(t, "objective"));
    near(fit->objective / objective, 1, EAE_TOLERANCE_OBJECTIVE, "objective", i);
    for (int k = 0; k < classes; k++) {
        assert_true(expected_number(t, i + k, expected_column(t, "class")) == k);
        near(fit[k].intercept, expected_number(t, i + k, expected_column(t, "intercept")),
             EAE_TOLERANCE_COEFFICIENT, "intercept", i + k);
        for (int64_t c = 0; c < s->problem.terms; c++)
            near(fit[k].gamma[c], expected_number(t, i + k, expected_column(t, "u1") + (int)c),
                 EAE_TOLERANCE_COEFFICIENT, "covariate", i + k);
        for (int64_t j = 0; j < s->source.cols; j++)
            near(weight_of(&fit[k], j),
                 expected_number(t, i + k, expected_column(t, "g1") + (int)j),
                 EAE_TOLERANCE_COEFFICIENT, "coefficient", i + k);
    }
    free_fits(fit, classes);
}

static void test_glmnet(void **state)
{
    (void)state;
    expected_table data, label, t;
    expected_read(&data, "enet_data.tsv");
    expected_read(&label, "softmax_data.tsv");
    expected_read(&t, "softmax.tsv");
    for (int i = 0, classes; i < t.rows; i += classes) {
        classes = strcmp(expected_text(&t, i, expected_column(&t, "label")), "three") == 0 ? 3 : 4;
        sample_set s =
            glmnet_set(&data, &label, expected_number(&t, i, expected_column(&t, "counted")) > 0,
                       expected_number(&t, i, expected_column(&t, "covariates")) > 0, classes - 3);
        compare_glmnet(&t, i, &s);
        set_free(&s);
    }
    assert_true(t.rows >= 168);
    expected_free(&data);
    expected_free(&label);
    expected_free(&t);
}

/* ---- what must hold -------------------------------------------------------------------------- */

static void test_lambda_max(void **state)
{
    (void)state;
    for (int c = 0; c < 4; c++) {
        sample_set s = random_set(40, 200, c % 2, 3 + c / 2);
        int classes = s.problem.classes;
        s.problem.alpha = c < 2 ? 1 : 0.3;
        double top = lambda_max(&s), lambda[] = {top * 1.000001, top * 0.999};
        eae_sparse_fit fit[2 * MOST];
        solve(&s, lambda, 2, fit);
        int64_t none = 0, some = 0;
        for (int k = 0; k < classes; k++) {
            none += fit[k].count;
            some += fit[classes + k].count;
        }
        assert_int_equal(none, 0);
        assert_int_equal(some, 1);
        free_fits(fit, 2 * (int64_t)classes);
        set_free(&s);
    }
}

static void assert_same_fits(const eae_sparse_fit *a, const eae_sparse_fit *b, int64_t count)
{
    for (int64_t k = 0; k < count; k++) {
        assert_int_equal(a[k].count, b[k].count);
        assert_memory_equal(a[k].feature, b[k].feature, (size_t)a[k].count * sizeof(int64_t));
        assert_memory_equal(a[k].weight, b[k].weight, (size_t)a[k].count * sizeof(double));
        assert_memory_equal(a[k].gamma, b[k].gamma, sizeof(double));
        assert_memory_equal(&a[k].intercept, &b[k].intercept, sizeof(double));
        assert_memory_equal(&a[k].gap, &b[k].gap, sizeof(double));
        assert_int_equal(a[k].iterations, b[k].iterations);
    }
}

/* Threads and the order of the penalties: the same bits. The data turned over: the same fits. */
static void test_same_bits(void **state)
{
    (void)state;
    enum { N = 40, P = 3000, K = 3 };
    sample_set s = random_set(N, P, 1, K);
    double top = lambda_max(&s), down[] = {top / 2, top / 5, top / 20};
    double up[] = {top / 20, top / 5, top / 2};
    eae_sparse_fit a[3 * K], b[3 * K], c[3 * K], d[3 * K];
    solve(&s, down, 3, a);
    s.problem.threads = 3;
    solve(&s, up, 3, b);
    for (int l = 0; l < 3; l++)
        assert_same_fits(a + l * K, b + (2 - l) * K, K);
    int64_t ld = eae_features_stride(N);
    void *x = eae_try_alloc((size_t)(ld * P), sizeof(double), "features");
    assert_int_equal(eae_kernels_ref.turn(&s.source, NULL, N, true, x, 1), EAE_OK);
    eae_features features = {x, true, N, ld, P, NULL, NULL};
    s.problem.features = &features;
    solve(&s, down, 3, c);
    s.problem.threads = 1;
    solve(&s, down, 3, d);
    assert_same_fits(c, d, (int64_t)3 * K);
    for (int k = 0; k < 3 * K; k++) {
        assert_int_equal(a[k].count, c[k].count);
        for (int64_t j = 0; j < a[k].count; j++) {
            assert_int_equal(a[k].feature[j], c[k].feature[j]);
            near(c[k].weight[j], a[k].weight[j], EAE_TOLERANCE_BATCH, "weight", k);
        }
    }
    free_fits(a, (int64_t)3 * K);
    free_fits(b, (int64_t)3 * K);
    free_fits(c, (int64_t)3 * K);
    free_fits(d, (int64_t)3 * K);
    free(x);
    set_free(&s);
}

/* Classes by other numbers are the same model. */
static void test_order_of_classes(void **state)
{
    (void)state;
    const int to[] = {2, 0, 3, 1};
    sample_set s = random_set(50, 200, 1, 4);
    s.problem.tol = 1e-13;
    s.problem.alpha = 0.7;
    double lambda = lambda_max(&s) / 8;
    eae_sparse_fit a[4], b[4];
    solve(&s, &lambda, 1, a);
    for (int i = 0; i < 50; i++)
        s.y[i] = to[(int)s.y[i]];
    solve(&s, &lambda, 1, b);
    for (int k = 0; k < 4; k++) {
        assert_int_equal(a[k].count, b[to[k]].count);
        near(b[to[k]].intercept, a[k].intercept, EAE_TOLERANCE_COEFFICIENT, "intercept", k);
        for (int64_t j = 0; j < 200; j++)
            near(weight_of(&b[to[k]], j), weight_of(&a[k], j), EAE_TOLERANCE_COEFFICIENT, "w", k);
    }
    free_fits(a, 4);
    free_fits(b, 4);
    set_free(&s);
}

/* Equal columns, a constant one, one that a covariate explains; and a class of one sample. */
static void test_awkward(void **state)
{
    (void)state;
    for (int c = 0; c < 2; c++) {
        sample_set s = random_set(50, 120, 1, 4);
        for (int64_t i = 0; i < 50; i++) {
            double *x = s.x + i * 120;
            x[60] = x[15] = x[4];
            x[7] = 2.5;
            x[8] = s.u[i];
            if (c && s.y[i] == 3)
                s.y[i] = 0;
        }
        s.y[17] = 3;
        double top = lambda_max(&s), lambda[] = {top / 3, top / 30, top / 300};
        eae_sparse_fit fit[12];
        solve(&s, lambda, 3, fit);
        for (int l = 0; l < 3; l++) {
            assert_true(fit[4 * l].converged);
            assert_true(judge(&s, fit + 4 * l, lambda[l]).gap < 1e-9);
            for (int k = 0; k < 4; k++)
                assert_true(weight_of(&fit[4 * l + k], 7) == 0 &&
                            weight_of(&fit[4 * l + k], 8) == 0);
        }
        free_fits(fit, 12);
        set_free(&s);
    }
}

static void test_median(void **state)
{
    (void)state;
    const double odd[] = {3, -1, 0.5}, even[] = {4, 1, 0, 0}, wide[] = {-3, 2, -2, 9};
    const double zero[] = {0, 0, 1, -1};
    assert_true(eae_sparse_softmax_median(odd, 3) == 0.5);
    assert_true(eae_sparse_softmax_median(even, 4) == 0.5);
    assert_true(eae_sparse_softmax_median(wide, 4) == 0);
    assert_true(eae_sparse_softmax_median(zero, 4) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_path_is_optimal), cmocka_unit_test(test_features_outside_the_pool),
        cmocka_unit_test(test_reference),       cmocka_unit_test(test_two_classes),
        cmocka_unit_test(test_glmnet),          cmocka_unit_test(test_lambda_max),
        cmocka_unit_test(test_same_bits),       cmocka_unit_test(test_order_of_classes),
        cmocka_unit_test(test_awkward),         cmocka_unit_test(test_median),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
