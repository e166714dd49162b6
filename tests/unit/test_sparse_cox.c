/*
 * test_sparse_cox.c - lasso and elastic net Cox models: optimality conditions and objective worked
 * out here from the definition of the partial likelihood, and the certificate held to the distance
 * from a solution that is exact. Coefficients are held to glmnet's in tests/cli/train.
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
#include "model/sparse.h"
#include "../tolerance.h"

enum { N = 50 };

typedef struct {
    int64_t p, terms;
    double *x, *u, time[N], status[N], count[N], cost[N], total;
    int64_t row[N];
    eae_ties ties;
    eae_cox cox;
    eae_source source;
    eae_sparse_problem problem;
} cohort;

static double deviate(eae_random *r)
{
    double sum = -6;
    for (int k = 0; k < 12; k++)
        sum += eae_random_unit(r);
    return sum;
}

/* Times with ties that depend on five features, a third of them censored; `counted`: some subjects
 * count twice. */
static void open_cohort(cohort *c, int64_t p, int64_t terms, eae_ties ties, bool counted)
{
    eae_random r;
    eae_random_start(&r, 3, EAE_RANDOM_SYNTH_VALUE, (uint64_t)p);
    *c = (cohort){.p = p, .terms = terms, .ties = ties};
    c->x = EAE_NEW_ARRAY(double, N *p);
    c->u = EAE_NEW_ARRAY(double, N *terms);
    for (int i = 0; i < N; i++) {
        double risk = 0;
        for (int64_t j = 0; j < p; j++) {
            c->x[i * p + j] = deviate(&r);
            risk += j < 5 ? 0.5 * c->x[i * p + j] : 0;
        }
        for (int64_t t = 0; t < terms; t++) {
            c->u[i * terms + t] = deviate(&r);
            risk += 0.4 * c->u[i * terms + t];
        }
        c->time[i] = ceil(-6 * log(eae_random_unit(&r) + 1e-9) * exp(-risk));
        c->status[i] = eae_random_unit(&r) < 0.67;
        c->count[i] = counted && i % 3 == 0 ? 2 : 1;
        c->total += c->count[i];
        c->row[i] = i;
    }
    for (int i = 0; i < N; i++)
        c->cost[i] = c->count[i] / c->total;
    assert_int_equal(eae_cox_new(&c->cox, c->time, c->status, NULL, c->count, N, ties), EAE_OK);
    c->source = (eae_source){.x = c->x, .is_f64 = true, .rows = N, .cols = p, .feature_count = p};
    c->problem = (eae_sparse_problem){.kernels = &eae_kernels_ref,
                                      .source = &c->source,
                                      .row = c->row,
                                      .n = N,
                                      .cox = &c->cox,
                                      .cost = c->cost,
                                      .u = terms ? c->u : NULL,
                                      .terms = terms,
                                      .tol = 1e-11,
                                      .threads = 1};
}

static void close_cohort(cohort *c)
{
    eae_cox_free(&c->cox);
    free(c->x);
    free(c->u);
}

/* ---- definitions ----------------------------------------------------------------------------- */

/* One term log(sum at risk, less a share of the tied events) and its gradient. */
static double risk_term(const cohort *c, const double *f, double time, double gone, double *g)
{
    double w[N], sum = 0;
    for (int j = 0; j < N; j++) {
        bool tied = c->time[j] == time && c->status[j] != 0;
        w[j] = c->time[j] < time ? 0 : c->count[j] * exp(f[j]) * (tied ? 1 - gone : 1);
        sum += w[j];
    }
    for (int j = 0; j < N; j++)
        g[j] += w[j] / sum;
    return log(sum);
}

/* -log PL / total and its gradient, event time by event time. */
static double likelihood(const cohort *c, const double *f, double *g)
{
    double loss = 0;
    memset(g, 0, N * sizeof *g);
    for (int i = 0; i < N; i++) {
        double deaths = 0;
        bool first = true;
        if (c->status[i] == 0)
            continue;
        for (int j = 0; j < N; j++) {
            bool tied = c->time[j] == c->time[i] && c->status[j] != 0;
            deaths += tied ? c->count[j] : 0;
            first = first && !(tied && j < i);
        }
        for (double l = 0; l < deaths && first; l++)
            loss += risk_term(c, f, c->time[i], c->ties == EAE_TIES_EFRON ? l / deaths : 0, g);
        loss -= c->count[i] * f[i];
        g[i] -= c->count[i];
    }
    for (int i = 0; i < N; i++)
        g[i] /= c->total;
    return loss / c->total;
}

static double weight_of(const eae_sparse_fit *fit, int64_t feature)
{
    for (int64_t k = 0; k < fit->count; k++) {
        if (fit->feature[k] == feature)
            return fit->weight[k];
    }
    return 0;
}

/* The objective; *violation of the optimality conditions, relative to lambda alpha. */
static double judge(const cohort *c, const eae_sparse_fit *fit, double lambda, double *violation)
{
    double f[N] = {0}, g[N], l1 = lambda * c->problem.alpha, l2 = lambda - l1;
    for (int i = 0; i < N; i++) {
        for (int64_t k = 0; k < fit->count; k++)
            f[i] += c->x[i * c->p + fit->feature[k]] * fit->weight[k];
        for (int64_t t = 0; t < c->terms; t++)
            f[i] += c->u[i * c->terms + t] * fit->gamma[t];
    }
    double objective = likelihood(c, f, g);
    *violation = 0;
    for (int64_t j = 0; j < c->p; j++) {
        double v = 0, w = weight_of(fit, j);
        for (int i = 0; i < N; i++)
            v -= c->x[i * c->p + j] * g[i];
        objective += l1 * fabs(w) + l2 / 2 * w * w;
        double off = w == 0 ? fmax(0, fabs(v) - l1) : fabs(v - l2 * w - copysign(l1, w));
        *violation = fmax(*violation, off / l1);
    }
    for (int64_t t = 0; t < c->terms; t++) {
        double v = 0;
        for (int i = 0; i < N; i++)
            v += c->u[i * c->terms + t] * g[i];
        *violation = fmax(*violation, fabs(v) / l1);
    }
    return objective;
}

/* ---- what must hold -------------------------------------------------------------------------- */

static void path_holds(cohort *c, double alpha)
{
    enum { COUNT = 8 };
    double lambda[COUNT], top, violation;
    eae_sparse_fit exact[COUNT], loose[COUNT];
    c->problem.alpha = alpha;
    assert_int_equal(eae_sparse_lambda_max(&c->problem, &top), EAE_OK);
    for (int k = 0; k < COUNT; k++)
        lambda[k] = top * pow(0.05, k / (COUNT - 1.0));
    assert_int_equal(eae_sparse_path(&c->problem, lambda, COUNT, NULL, exact, NULL), EAE_OK);
    c->problem.tol = 1e-2;
    assert_int_equal(eae_sparse_path(&c->problem, lambda, COUNT, NULL, loose, NULL), EAE_OK);
    c->problem.tol = 1e-11;
    assert_int_equal(exact[0].count, 0);
    for (int k = 0; k < COUNT; k++) {
        double best = judge(c, &exact[k], lambda[k], &violation);
        assert_true(exact[k].converged && exact[k].gap >= 0 && exact[k].gap <= 1e-11);
        assert_true(fabs(exact[k].objective - best) <= 1e-11 * best);
        assert_true(violation < 1e-4);
        assert_true(k == 0 || exact[k].count > 0);
        double away = judge(c, &loose[k], lambda[k], &violation) - best;
        assert_true(loose[k].gap <= 1e-2);
        assert_true(away >= -1e-10 && away <= loose[k].gap * loose[k].objective + 1e-12);
        assert_true(exact[k].intercept == 0);
        eae_sparse_fit_free(&exact[k]);
        eae_sparse_fit_free(&loose[k]);
    }
}

static void test_path_is_optimal(void **state)
{
    static const struct {
        int64_t p, terms;
        double alpha;
        eae_ties ties;
        bool counted;
    } cases[] = {{300, 0, 1, EAE_TIES_EFRON, false},
                 {300, 0, 1, EAE_TIES_BRESLOW, true},
                 {300, 2, 0.5, EAE_TIES_EFRON, true},
                 {20, 1, 0.9, EAE_TIES_BRESLOW, false},
                 {2500, 0, 0.7, EAE_TIES_EFRON, false}};
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        cohort c;
        open_cohort(&c, cases[k].p, cases[k].terms, cases[k].ties, cases[k].counted);
        path_holds(&c, cases[k].alpha);
        close_cohort(&c);
    }
}

/* A subject that counts twice is two subjects. */
static void test_counts(void **state)
{
    cohort c;
    eae_sparse_fit counted, repeated;
    double lambda = 0.05, time[2 * N], status[2 * N], cost[2 * N];
    int64_t row[2 * N], m = 0;
    (void)state;
    open_cohort(&c, 100, 0, EAE_TIES_EFRON, true);
    c.problem.alpha = 0.6;
    assert_int_equal(eae_sparse_path(&c.problem, &lambda, 1, NULL, &counted, NULL), EAE_OK);
    for (int i = 0; i < N; i++) {
        for (int k = 0; k < (int)c.count[i]; k++, m++) {
            row[m] = i;
            time[m] = c.time[i];
            status[m] = c.status[i];
            cost[m] = 1 / c.total;
        }
    }
    eae_cox_free(&c.cox);
    assert_int_equal(eae_cox_new(&c.cox, time, status, NULL, NULL, m, EAE_TIES_EFRON), EAE_OK);
    c.problem.row = row;
    c.problem.n = m;
    c.problem.cost = cost;
    assert_int_equal(eae_sparse_path(&c.problem, &lambda, 1, NULL, &repeated, NULL), EAE_OK);
    assert_true(counted.count > 5 && counted.count == repeated.count);
    for (int64_t k = 0; k < counted.count; k++)
        assert_true(fabs(counted.weight[k] - repeated.weight[k]) < EAE_TOLERANCE_COEFFICIENT);
    eae_sparse_fit_free(&counted);
    eae_sparse_fit_free(&repeated);
    close_cohort(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_path_is_optimal),
        cmocka_unit_test(test_counts),
    };
    return cmocka_run_group_tests_name("sparse_cox", tests, NULL, NULL);
}
