/*
 * test_cox.c - the partial likelihood against its definition, Cox regression against
 * survival::coxph, and ridge Cox regression through the Gram matrix against coxph's ridge()
 * (tests/expected/cox.R).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/memory.h"
#include "expected.h"
#include "gram_problem.h"
#include "model/cox.h"
#include "model/distribution.h"

static void assert_near(double got, double want, double tolerance, const char *what)
{
    if (!expected_near(got, want, tolerance))
        fail_msg("%s: got %.17g, want %.17g", what, got, want);
}

/* ---- the data -------------------------------------------------------------------------------- */

enum { FEATURES = 12 };

typedef struct {
    int64_t n;
    double *time, *status, *count, *x, *age;
    int64_t *stratum;
} cohort;

static cohort read_cohort(void)
{
    expected_table t;
    expected_read(&t, "cox_data.tsv");
    int64_t n = t.rows;
    cohort c = {n,
                EAE_NEW_ARRAY(double, n),
                EAE_NEW_ARRAY(double, n),
                EAE_NEW_ARRAY(double, n),
                EAE_NEW_ARRAY(double, n *FEATURES),
                EAE_NEW_ARRAY(double, n),
                EAE_NEW_ARRAY(int64_t, n)};
    for (int i = 0; i < t.rows; i++) {
        c.time[i] = expected_number(&t, i, expected_column(&t, "time"));
        c.status[i] = expected_number(&t, i, expected_column(&t, "status"));
        c.count[i] = expected_number(&t, i, expected_column(&t, "count"));
        c.age[i] = expected_number(&t, i, expected_column(&t, "age"));
        c.stratum[i] = (int64_t)expected_number(&t, i, expected_column(&t, "stratum"));
        for (int j = 0; j < FEATURES; j++)
            c.x[i * FEATURES + j] = expected_number(&t, i, expected_column(&t, "x1") + j);
    }
    expected_free(&t);
    return c;
}

static void free_cohort(cohort *c)
{
    free(c->time);
    free(c->status);
    free(c->count);
    free(c->x);
    free(c->age);
    free(c->stratum);
}

/* The first p features, by row. */
static double *covariates(const cohort *c, int from, int p)
{
    double *x = EAE_NEW_ARRAY(double, c->n *p);
    for (int64_t i = 0; i < c->n; i++) {
        for (int j = 0; j < p; j++)
            x[i * p + j] = c->x[i * FEATURES + from + j];
    }
    return x;
}

/* ---- value, gradient, Hessian ---------------------------------------------------------------- */

/* Is j at risk at the time of i? */
static bool at_risk(const cohort *c, int64_t i, int64_t j)
{
    return c->stratum[i] == c->stratum[j] && c->time[j] >= c->time[i];
}

static bool tied_event(const cohort *c, int64_t i, int64_t j)
{
    return c->stratum[i] == c->stratum[j] && c->time[j] == c->time[i] && c->status[j] != 0;
}

/* Add one term log(sum_j share_j count_j exp(eta_j)), times `times`, to loss, gradient, Hessian. */
static void add_term(const cohort *c, const double *eta, const double *share, double times,
                     double *loss, double *gradient, double *hessian)
{
    double sum = 0;
    for (int64_t j = 0; j < c->n; j++)
        sum += share[j] * c->count[j] * exp(eta[j]);
    *loss += times * log(sum);
    for (int64_t j = 0; j < c->n; j++) {
        double pj = share[j] * c->count[j] * exp(eta[j]) / sum;
        gradient[j] += times * pj;
        for (int64_t k = 0; k < c->n; k++) {
            double pk = share[k] * c->count[k] * exp(eta[k]) / sum;
            hessian[j * c->n + k] += times * ((j == k ? pj : 0) - pj * pk);
        }
    }
}

/* From the definition, event by event. */
static void define(const cohort *c, eae_ties ties, const double *eta, double *loss,
                   double *gradient, double *hessian)
{
    int64_t n = c->n;
    double *share = EAE_NEW_ARRAY(double, n);
    *loss = 0;
    memset(gradient, 0, (size_t)n * sizeof(double));
    memset(hessian, 0, (size_t)(n * n) * sizeof(double));
    for (int64_t i = 0; i < n; i++) {
        double deaths = 0;
        bool first = true;
        if (c->status[i] == 0)
            continue;
        *loss -= c->count[i] * eta[i];
        gradient[i] -= c->count[i];
        for (int64_t j = 0; j < n; j++) {
            deaths += tied_event(c, i, j) ? c->count[j] : 0;
            first = first && !(j < i && tied_event(c, i, j));
        }
        for (double l = 0; l < deaths && first; l++) {
            double gone = ties == EAE_TIES_EFRON ? l / deaths : 0;
            for (int64_t j = 0; j < n; j++)
                share[j] = at_risk(c, i, j) ? 1 - (tied_event(c, i, j) ? gone : 0) : 0;
            add_term(c, eta, share, 1, loss, gradient, hessian);
        }
    }
    free(share);
}

static void check_point(const cohort *c, eae_ties ties)
{
    int64_t n = c->n;
    double *eta = EAE_NEW_ARRAY(double, n), *gradient = EAE_NEW_ARRAY(double, n), loss;
    double *hessian = EAE_NEW_ARRAY(double, n *n), *unit = EAE_NEW_ARRAY(double, n *n);
    double *left = EAE_NEW_ARRAY(double, n *n), *work = EAE_NEW_ARRAY(double, 2 * n);
    double *column = EAE_NEW_ARRAY(double, n), *product = EAE_NEW_ARRAY(double, n);
    eae_cox cox;
    eae_cox_point point;
    for (int64_t i = 0; i < n; i++) {
        eta[i] = 1000 + 1.5 * c->x[i * FEATURES]; /* a constant cancels */
        unit[i * n + i] = 1;
    }
    assert_int_equal(eae_cox_new(&cox, c->time, c->status, c->stratum, c->count, n, ties), EAE_OK);
    assert_int_equal(eae_cox_point_init(&point, &cox), EAE_OK);
    eae_cox_at(&cox, eta, true, &point);
    for (int64_t i = 0; i < n; i++)
        eta[i] -= 1000;
    define(c, ties, eta, &loss, gradient, hessian);
    assert_near(point.loss, loss, 1e-12, "loss");
    eae_cox_factor_left(&cox, &point, unit, n, n, left, work);
    for (int64_t i = 0; i < n; i++) {
        assert_true(fabs(point.gradient[i] - gradient[i]) < 1e-11);
        for (int64_t k = 0; k < n; k++)
            column[k] = left[k * n + i]; /* L' e_i */
        eae_cox_factor_product(&cox, &point, column, product);
        for (int64_t k = 0; k < n; k++)
            assert_true(fabs(product[k] - hessian[k * n + i]) < 1e-11);
    }
    eae_cox_factor_solve(&cox, &point, point.gradient, column);
    eae_cox_factor_product(&cox, &point, column, product);
    for (int64_t i = 0; i < n; i++)
        assert_true(fabs(product[i] - gradient[i]) < 1e-10);
    eae_cox_point_free(&point);
    eae_cox_free(&cox);
    free(eta);
    free(gradient);
    free(hessian);
    free(unit);
    free(left);
    free(work);
    free(column);
    free(product);
}

static void likelihood_is_its_definition(void **state)
{
    (void)state;
    cohort c = read_cohort();
    check_point(&c, EAE_TIES_EFRON);
    check_point(&c, EAE_TIES_BRESLOW);
    free_cohort(&c);
}

/* ---- regression ------------------------------------------------------------------------------ */

static void check_regression(const cohort *c, const expected_table *t, int first)
{
    const char *name = expected_text(t, first, expected_column(t, "case"));
    bool efron = strcmp(expected_text(t, first, expected_column(t, "ties")), "efron") == 0;
    bool one = strcmp(name, "one") == 0, counts = strstr(name, "counts") != NULL;
    bool strata = strstr(name, "strata") != NULL;
    int p = one ? 1 : 3;
    double *x = covariates(c, one ? 1 : 0, p);
    eae_cox cox;
    eae_cox_fit fit;
    assert_int_equal(eae_cox_new(&cox, c->time, c->status, strata ? c->stratum : NULL,
                                 counts ? c->count : NULL, c->n,
                                 efron ? EAE_TIES_EFRON : EAE_TIES_BRESLOW),
                     EAE_OK);
    assert_int_equal(eae_cox_regress(&cox, x, p, &fit), EAE_OK);
    assert_true(fit.converged && !fit.monotone);
    assert_int_equal(fit.df, p);
    for (int j = 0; j < p; j++) {
        double z = fit.coef[j] / fit.se[j];
        assert_near(fit.coef[j], expected_number(t, first + j, 2), 1e-8, "coef");
        assert_near(fit.se[j], expected_number(t, first + j, 3), 1e-8, "se");
        assert_near(z, expected_number(t, first + j, 4), 1e-8, "z");
        assert_near(eae_normal_two_sided(z), expected_number(t, first + j, 5), 1e-8, "p");
        assert_near(sqrt(fit.variance[j * p + j]), fit.se[j], 1e-14, "variance");
    }
    assert_near(fit.loglik_null, expected_number(t, first, 6), 1e-8, "null log-likelihood");
    assert_near(fit.loglik, expected_number(t, first, 7), 1e-8, "log-likelihood");
    assert_near(fit.score, expected_number(t, first, 8), 1e-8, "score test");
    eae_cox_fit_free(&fit);
    eae_cox_free(&cox);
    free(x);
}

static void regression_equals_coxph(void **state)
{
    (void)state;
    cohort c = read_cohort();
    expected_table t;
    expected_read(&t, "cox_regress.tsv");
    int cases = 0;
    for (int i = 0; i < t.rows; cases++) {
        check_regression(&c, &t, i);
        i += strcmp(expected_text(&t, i, 0), "one") == 0 ? 1 : 3;
    }
    assert_int_equal(cases, 10);
    expected_free(&t);
    free_cohort(&c);
}

static eae_cox_fit regress(const double *time, const double *status, const double *x, int64_t n,
                           int64_t p)
{
    eae_cox cox;
    eae_cox_fit fit;
    assert_int_equal(eae_cox_new(&cox, time, status, NULL, NULL, n, EAE_TIES_EFRON), EAE_OK);
    assert_int_equal(eae_cox_regress(&cox, x, p, &fit), EAE_OK);
    eae_cox_free(&cox);
    return fit;
}

/* Both subjects of group 1 die before anybody else; then x1 - x2 does it, and neither alone. */
static void monotone_likelihood_is_said(void **state)
{
    (void)state;
    const double time[] = {1, 2, 3, 4, 5, 6}, status[] = {1, 1, 1, 0, 1, 0};
    const double group[] = {1, 1, 0, 0, 0, 0}, mixed[] = {0, 1, 1, 0, 1, 0};
    const double earlier[] = {9, 9, 5, 0, 1, 5, 1, 2, 9, 9, 3, 4};
    eae_cox_fit fit = regress(time, status, mixed, 6, 1);
    assert_true(fit.converged && !fit.monotone && isfinite(fit.coef[0]));
    eae_cox_fit_free(&fit);
    fit = regress(time, status, group, 6, 1);
    assert_true(fit.monotone && !fit.converged && isnan(fit.coef[0]) && isnan(fit.se[0]));
    eae_cox_fit_free(&fit);
    double x[12];
    for (int i = 0; i < 6; i++) {
        x[2 * i] = earlier[2 * i] - time[i];
        x[2 * i + 1] = earlier[2 * i];
    }
    fit = regress(time, status, x, 6, 2); /* x1 - x2 = -time */
    assert_true(fit.monotone && isnan(fit.coef[0]) && isnan(fit.coef[1]));
    eae_cox_fit_free(&fit);
}

static void aliased_covariates_are_left_out(void **state)
{
    (void)state;
    cohort c = read_cohort();
    double *x = EAE_NEW_ARRAY(double, c.n * 4), *alone = covariates(&c, 0, 1);
    for (int64_t i = 0; i < c.n; i++) {
        x[i * 4] = 7;
        x[i * 4 + 1] = c.x[i * FEATURES];
        x[i * 4 + 2] = 3 - 2 * c.x[i * FEATURES];
        x[i * 4 + 3] = 0;
    }
    eae_cox_fit fit = regress(c.time, c.status, x, c.n, 4);
    eae_cox_fit one = regress(c.time, c.status, alone, c.n, 1);
    assert_int_equal(fit.df, 1);
    assert_true(fit.converged && isnan(fit.coef[0]) && isnan(fit.coef[2]) && isnan(fit.coef[3]));
    assert_near(fit.coef[1], one.coef[0], 1e-12, "coefficient beside aliased ones");
    assert_near(fit.se[1], one.se[0], 1e-12, "standard error beside aliased ones");
    eae_cox_fit_free(&fit);
    eae_cox_fit_free(&one);
    free(x);
    free(alone);
    free_cohort(&c);
}

static void no_event_is_no_information(void **state)
{
    (void)state;
    const double time[] = {1, 2, 3}, status[] = {0, 0, 0}, x[] = {1, 2, 4};
    eae_cox_fit fit = regress(time, status, x, 3, 1);
    assert_int_equal(fit.df, 0);
    assert_true(isnan(fit.coef[0]) && fit.loglik == 0);
    eae_cox_fit_free(&fit);
    eae_cox cox;
    const double bad[] = {1, NAN, 2}, half[] = {1, 0.5, 1};
    assert_int_equal(eae_cox_new(&cox, bad, status, NULL, NULL, 3, EAE_TIES_EFRON), EAE_FAIL);
    assert_int_equal(eae_cox_new(&cox, time, status, NULL, half, 3, EAE_TIES_EFRON), EAE_FAIL);
}

/* ---- ridge ----------------------------------------------------------------------------------- */

typedef struct {
    double *x; /* n x FEATURES, the third scaled down */
    random_problem t;
    double *age;
} ridge_problem;

static ridge_problem make_ridge(const cohort *c, bool covariate)
{
    int64_t n = c->n;
    ridge_problem r = {EAE_NEW_ARRAY(double, n *FEATURES),
                       {.gram = EAE_NEW_ARRAY(double, n *n)},
                       EAE_NEW_ARRAY(double, n)};
    for (int64_t i = 0; i < n; i++) {
        r.age[i] = (c->age[i] - 50) / 10;
        for (int j = 0; j < FEATURES; j++)
            r.x[i * FEATURES + j] = c->x[i * FEATURES + j] / (j == 2 ? 20 : 1);
    }
    for (int64_t i = 0; i < n; i++) {
        for (int64_t k = 0; k < n; k++) {
            for (int j = 0; j < FEATURES; j++)
                r.t.gram[i * n + k] += r.x[i * FEATURES + j] * r.x[k * FEATURES + j];
        }
    }
    r.t.problem = (eae_gram_problem){.kernels = &eae_kernels_ref,
                                     .n = n,
                                     .gram = r.t.gram,
                                     .ld = n,
                                     .u = covariate ? r.age : NULL,
                                     .terms = covariate,
                                     .tol = 1e-13};
    return r;
}

static void free_ridge(ridge_problem *r)
{
    free(r->x);
    free(r->age);
    free(r->t.gram);
}

static void check_ridge(const cohort *c, const expected_table *t, int first, int count)
{
    bool covariate = strcmp(expected_text(t, first, 0), "covariate") == 0;
    bool efron = strcmp(expected_text(t, first, 1), "efron") == 0;
    double lambda = expected_number(t, first, 2);
    ridge_problem r = make_ridge(c, covariate);
    eae_gram_fit fit;
    eae_cox cox;
    eae_gram_fit_init(&fit, c->n, covariate);
    assert_int_equal(eae_cox_new(&cox, c->time, c->status, NULL, NULL, c->n,
                                 efron ? EAE_TIES_EFRON : EAE_TIES_BRESLOW),
                     EAE_OK);
    double cost = 1 / ((double)c->n * lambda);
    assert_int_equal(eae_fit_cox(&r.t.problem, &cox, cost, &fit), EAE_OK);
    assert_true(fit.converged && fit.gap <= 1e-13);
    assert_int_equal(count, FEATURES + covariate);
    for (int j = 0; j < count; j++) {
        double w = j < FEATURES ? 0 : fit.gamma[0] / 10;
        for (int64_t i = 0; i < c->n && j < FEATURES; i++)
            w += fit.beta[i] * r.x[i * FEATURES + j];
        assert_true(fabs(w - expected_number(t, first + j, 4)) < 1e-8);
    }
    /* a warm start elsewhere ends in the same place */
    double objective = fit.objective;
    for (int64_t i = 0; i < c->n; i++)
        fit.beta[i] = i % 3 - 1;
    assert_int_equal(eae_fit_cox(&r.t.problem, &cox, cost, &fit), EAE_OK);
    assert_true(fit.converged);
    assert_near(fit.objective, objective, 1e-12, "objective");
    eae_cox_free(&cox);
    eae_gram_fit_free(&fit);
    free_ridge(&r);
}

static void ridge_equals_coxph(void **state)
{
    (void)state;
    cohort c = read_cohort();
    expected_table t;
    expected_read(&t, "cox_ridge.tsv");
    int cases = 0;
    for (int i = 0, end; i < t.rows; i = end, cases++) {
        for (end = i + 1; end < t.rows && expected_number(&t, end, 3) > 1;)
            end++;
        check_ridge(&c, &t, i, end - i);
    }
    assert_int_equal(cases, 8);
    expected_free(&t);
    free_cohort(&c);
}

/* The gap bounds the distance to the optimum from above, wherever the solver stops. */
static void gap_bounds_the_distance(void **state)
{
    (void)state;
    cohort c = read_cohort();
    ridge_problem r = make_ridge(&c, false);
    eae_gram_fit fit, best;
    eae_cox cox;
    eae_gram_fit_init(&best, c.n, 0);
    assert_int_equal(eae_cox_new(&cox, c.time, c.status, c.stratum, c.count, c.n, EAE_TIES_EFRON),
                     EAE_OK);
    assert_int_equal(eae_fit_cox(&r.t.problem, &cox, 2, &best), EAE_OK);
    assert_true(best.converged);
    for (int64_t steps = 1; steps <= 3; steps++) {
        eae_gram_fit_init(&fit, c.n, 0);
        r.t.problem.max_iter = steps;
        assert_int_equal(eae_fit_cox(&r.t.problem, &cox, 2, &fit), EAE_OK);
        assert_true(fit.objective - best.objective <= fit.gap * fit.objective * (1 + 1e-9));
        assert_true(steps > 1 || !fit.converged);
        eae_gram_fit_free(&fit);
    }
    eae_gram_fit_free(&best);
    eae_cox_free(&cox);
    free_ridge(&r);
    free_cohort(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(likelihood_is_its_definition),
        cmocka_unit_test(regression_equals_coxph),
        cmocka_unit_test(monotone_likelihood_is_said),
        cmocka_unit_test(aliased_covariates_are_left_out),
        cmocka_unit_test(no_event_is_no_information),
        cmocka_unit_test(ridge_equals_coxph),
        cmocka_unit_test(gap_bounds_the_distance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
