/*
 * test_gram_expected.c - the learners against LIBSVM, LIBLINEAR, scikit-learn and numpy: objectives
 * and decision values of tests/data/expected/gram_fit.txt (made by tests/expected/gram_fit.py).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gram_problem.h"

enum { MAX_ROWS = 64, MAX_COLUMNS = 64, MAX_CLASSES = 8 };

typedef struct data_set {
    char name[32];
    int n, p, terms, classes;
    double y[MAX_ROWS], k[MAX_ROWS], target[MAX_ROWS], weight[MAX_ROWS];
    double u[MAX_ROWS * 2], gram[MAX_ROWS * MAX_ROWS];
} data_set;

static data_set sets[4];
static int set_count;

static void read_data(FILE *in)
{
    static double x[MAX_ROWS][MAX_COLUMNS];
    data_set *d = &sets[set_count++];
    assert_int_equal(fscanf(in, "%31s %d %d %d %d", d->name, &d->n, &d->p, &d->terms, &d->classes),
                     5);
    assert_true(d->n <= MAX_ROWS && d->p <= MAX_COLUMNS && d->terms <= 2);
    for (int i = 0; i < d->n; i++) {
        assert_int_equal(
            fscanf(in, "%lf %lf %lf %lf", &d->y[i], &d->k[i], &d->target[i], &d->weight[i]), 4);
        for (int t = 0; t < d->terms; t++)
            assert_int_equal(fscanf(in, "%lf", &d->u[i * d->terms + t]), 1);
        for (int j = 0; j < d->p; j++)
            assert_int_equal(fscanf(in, "%lf", &x[i][j]), 1);
    }
    for (int i = 0; i < d->n; i++) {
        for (int j = 0; j < d->n; j++) {
            double sum = 0;
            for (int k = 0; k < d->p; k++)
                sum += x[i][k] * x[j][k];
            d->gram[i * d->n + j] = sum;
        }
    }
}

static const data_set *find_data(const char *name)
{
    for (int i = 0; i < set_count; i++) {
        if (strcmp(sets[i].name, name) == 0)
            return &sets[i];
    }
    fail_msg("no data set %s", name);
    return NULL;
}

/* Fit `kind`; returns the number of outputs. */
static int fit_kind(const char *kind, eae_gram_problem *p, const data_set *d, eae_gram_fit *fit)
{
    double one = 1;
    eae_svm_loss loss = strncmp(kind, "squared", 7) == 0 ? EAE_SQUARED_HINGE : EAE_HINGE;
    p->bias_penalised = strstr(kind, "penalised") != NULL;
    if (strstr(kind, "hinge")) {
        assert_int_equal(eae_fit_svm(p, loss, fit), EAE_OK);
    } else if (strcmp(kind, "logistic") == 0) {
        assert_int_equal(eae_fit_logistic(p, fit), EAE_OK);
    } else if (strcmp(kind, "ridge") == 0) {
        assert_int_equal(eae_fit_ridge(p, d->target, 1, &one, 1, fit), EAE_OK);
    } else if (strcmp(kind, "linear") == 0) {
        assert_int_equal(eae_fit_linear(p, d->target, 1, fit), EAE_OK);
    } else {
        assert_string_equal(kind, "softmax");
        p->y = d->k;
        assert_int_equal(eae_fit_softmax(p, d->classes, fit), EAE_OK);
        return d->classes;
    }
    return 1;
}

static void check_fit(FILE *in)
{
    char name[32], kind[32];
    double c, objective, cost[MAX_ROWS], f[MAX_ROWS];
    int weighted, covariates;
    assert_int_equal(
        fscanf(in, "%31s %31s %lf %d %d %lf", name, kind, &c, &weighted, &covariates, &objective),
        6);
    const data_set *d = find_data(name);
    for (int i = 0; i < d->n; i++)
        cost[i] = c * (weighted ? d->weight[i] : 1);
    eae_gram_problem p = {.kernels = &eae_kernels_ref,
                          .n = d->n,
                          .gram = d->gram,
                          .ld = d->n,
                          .y = d->y,
                          .cost = cost,
                          .u = covariates ? d->u : NULL,
                          .terms = covariates ? d->terms : 0,
                          .tol = 1e-13};
    eae_gram_fit fit[MAX_CLASSES];
    for (int k = 0; k < MAX_CLASSES; k++)
        eae_gram_fit_init(&fit[k], d->n, d->terms);
    int outputs = fit_kind(kind, &p, d, fit);
    /* least squares: a gradient's norm is known from K to the root of rounding only */
    assert_true(fit[0].gap <= (strcmp(kind, "linear") == 0 ? 1e-7 : 1e-9));
    if (!(fabs(fit[0].objective - objective) <= 1e-7 * objective))
        fail_msg("%s %s C=%g weighted=%d covariates=%d: objective %.12g, not %.12g", name, kind, c,
                 weighted, covariates, fit[0].objective, objective);
    for (int k = 0; k < outputs; k++) {
        double worst = 0, size = 0;
        fit_values(&p, &fit[k], f);
        for (int i = 0; i < d->n; i++) {
            double want;
            assert_int_equal(fscanf(in, "%lf", &want), 1);
            worst = fmax(worst, fabs(f[i] - want));
            size = fmax(size, fabs(want));
        }
        if (!(worst <= 1e-5 * size))
            fail_msg("%s %s C=%g weighted=%d covariates=%d: decision values differ by %g of %g",
                     name, kind, c, weighted, covariates, worst, size);
    }
    for (int k = 0; k < MAX_CLASSES; k++)
        eae_gram_fit_free(&fit[k]);
}

static void agrees_with_other_programs(void **state)
{
    (void)state;
    FILE *in = fopen("tests/data/expected/gram_fit.txt", "re");
    assert_non_null(in);
    char word[16];
    int fits = 0;
    while (fscanf(in, "%15s", word) == 1) {
        if (strcmp(word, "data") == 0) {
            read_data(in);
        } else {
            assert_string_equal(word, "fit");
            check_fit(in);
            fits++;
        }
    }
    fclose(in);
    assert_true(fits > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_other_programs),
    };
    return cmocka_run_group_tests_name("gram_expected", tests, NULL, NULL);
}
