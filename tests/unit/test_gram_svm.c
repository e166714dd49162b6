/*
 * test_gram_svm.c - the support vector machine against its optimality conditions, against the
 * reference, and against itself (warm and cold, many and one).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "backend.h"
#include "gram_problem.h"

/* The reference, or what EAE_TEST_BACKEND says: a device solves many machines at once. */
static const eae_kernels *tested = &eae_kernels_ref;

static const double costs[] = {1e-6, 1e-3, 0.1, 1, 10, 1e3, 1e5};
static const int64_t features[] = {1, 2, 5, 20, 100};

/* A problem of any shape: sizes, balance, costs, weights, covariates, repeated rows. */
static random_problem any_problem(uint64_t seed, eae_svm_loss *loss)
{
    eae_random r;
    eae_random_start(&r, seed, EAE_RANDOM_SYNTH_VALUE, 0);
    int64_t n = 2 + (int64_t)eae_random_below(&r, 59);
    int64_t positive =
        eae_random_below(&r, 3) ? 1 + (int64_t)eae_random_below(&r, (uint64_t)n - 1) : 1;
    int64_t terms = eae_random_below(&r, 3) ? 0 : 1 + (int64_t)eae_random_below(&r, 2);
    random_problem t = random_problem_make(&r, n, features[eae_random_below(&r, 5)], positive,
                                           costs[eae_random_below(&r, 7)], terms);
    bool weighted = eae_random_below(&r, 3) == 0, repeated = eae_random_below(&r, 4) == 0;
    for (int64_t i = 0; i < n && weighted; i++)
        t.cost[i] *= (double)(1 + eae_random_below(&r, 4)) * (t.y[i] > 0 ? 2.5 : 1);
    for (int64_t i = n / 2; i < n && repeated; i++)
        memcpy(t.gram + i * n, t.gram + (i - n / 2) * n, (size_t)n * sizeof(double));
    for (int64_t i = n / 2; i < n && repeated; i++) {
        for (int64_t j = 0; j < n; j++)
            t.gram[j * n + i] = t.gram[j * n + i - n / 2];
    }
    t.problem.bias_penalised = eae_random_below(&r, 4) == 0;
    *loss = eae_random_below(&r, 2) ? EAE_HINGE : EAE_SQUARED_HINGE;
    return t;
}

static double primal_of(const eae_gram_problem *p, eae_svm_loss loss, const eae_gram_fit *fit)
{
    return eae_gram_objective(p, loss == EAE_HINGE ? EAE_LOSS_HINGE : EAE_LOSS_SQUARED_HINGE, fit);
}

/* The dual value of beta, and how far beta is from the dual's constraints, from the definitions. */
static double dual_of(const eae_gram_problem *p, eae_svm_loss loss, const eae_gram_fit *fit,
                      double *outside)
{
    double value = 0, sum = 0, size = 0;
    *outside = 0;
    for (int64_t i = 0; i < p->n; i++) {
        double a = p->y[i] * fit->beta[i];
        *outside = fmax(*outside, -a);
        if (loss == EAE_HINGE)
            *outside = fmax(*outside, a - p->cost[i]);
        value += a - (loss == EAE_SQUARED_HINGE ? a * a / (4 * p->cost[i]) : 0);
        for (int64_t j = 0; j < p->n; j++)
            value -= fit->beta[i] * fit->beta[j] *
                     (p->gram[i * p->ld + j] + (p->bias_penalised ? 1 : 0)) / 2;
        sum += fit->beta[i];
        size += fabs(fit->beta[i]);
    }
    if (!p->bias_penalised && size > 0)
        *outside = fmax(*outside, fabs(sum) / size);
    for (int64_t t = 0; t < p->terms && size > 0; t++) {
        double moment = 0;
        for (int64_t i = 0; i < p->n; i++)
            moment += fit->beta[i] * p->u[i * p->terms + t];
        *outside = fmax(*outside, fabs(moment) / size);
    }
    return value;
}

static void certificates_are_true(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 400; seed++) {
        eae_svm_loss loss;
        random_problem t = any_problem(seed, &loss);
        eae_gram_fit fit;
        eae_gram_fit_init(&fit, t.problem.n, t.problem.terms);
        assert_int_equal(eae_fit_svm(&t.problem, loss, &fit), EAE_OK);
        assert_true(fit.converged);
        assert_true(fit.gap <= 1e-6);
        double outside, dual = dual_of(&t.problem, loss, &fit, &outside);
        double primal = primal_of(&t.problem, loss, &fit);
        assert_true(fabs(primal - fit.objective) <= 1e-7 * fabs(primal));
        assert_true(outside <= 1e-9);
        /* cost x rounding of f is what 1e5 and a small objective leave */
        assert_true(primal - dual <= 2e-6 * fabs(primal) + 1e-14 * t.cost[0]);
        eae_gram_fit_free(&fit);
        random_problem_free(&t);
    }
}

static void agrees_with_the_reference(void **state)
{
    (void)state;
    int compared = 0;
    for (uint64_t seed = 1000; seed < 1120; seed++) {
        eae_svm_loss loss;
        random_problem t = any_problem(seed, &loss);
        eae_gram_fit fit, plain;
        eae_gram_fit_init(&fit, t.problem.n, t.problem.terms);
        eae_gram_fit_init(&plain, t.problem.n, t.problem.terms);
        assert_int_equal(eae_fit_svm(&t.problem, loss, &fit), EAE_OK);
        t.problem.max_iter = 20000;
        assert_int_equal(eae_fit_svm_reference(&t.problem, loss, &plain), EAE_OK);
        double p = primal_of(&t.problem, loss, &fit), q = primal_of(&t.problem, loss, &plain);
        if (plain.converged && plain.gap < 1e-8 && q > 1e-12) {
            assert_true(fabs(p - q) <= 2e-6 * q);
            compared++;
        }
        eae_gram_fit_free(&fit);
        eae_gram_fit_free(&plain);
        random_problem_free(&t);
    }
    assert_true(compared > 60);
}

/* Tight tolerances are reached where the problem's own rounding allows it. */
static void reaches_a_tight_gap(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        eae_random r;
        eae_random_start(&r, seed, EAE_RANDOM_SYNTH_VALUE, 1);
        int64_t n = 6 + (int64_t)eae_random_below(&r, 50);
        random_problem t = random_problem_make(&r, n, features[eae_random_below(&r, 5)], n / 3,
                                               costs[1 + eae_random_below(&r, 4)], 0);
        t.problem.tol = 1e-12;
        for (int k = 0; k < 2; k++) {
            eae_gram_fit fit;
            eae_gram_fit_init(&fit, n, 0);
            assert_int_equal(eae_fit_svm(&t.problem, k ? EAE_SQUARED_HINGE : EAE_HINGE, &fit),
                             EAE_OK);
            assert_true(fit.converged);
            eae_gram_fit_free(&fit);
        }
        random_problem_free(&t);
    }
}

/* From the solution of another cost, and from nonsense: the same answer. */
static void warm_is_cold(void **state)
{
    (void)state;
    for (uint64_t seed = 200; seed < 300; seed++) {
        eae_svm_loss loss;
        random_problem t = any_problem(seed, &loss);
        int64_t n = t.problem.n;
        t.problem.tol = 1e-9;
        eae_gram_fit cold, warm;
        eae_gram_fit_init(&cold, n, t.problem.terms);
        eae_gram_fit_init(&warm, n, t.problem.terms);
        assert_int_equal(eae_fit_svm(&t.problem, loss, &cold), EAE_OK);
        eae_random r;
        eae_random_start(&r, seed, EAE_RANDOM_SYNTH_VALUE, 2);
        for (int64_t i = 0; i < n; i++)
            warm.beta[i] = seed % 2 ? random_normal(&r) * t.cost[i] : cold.beta[i] * 1.5;
        warm.beta[0] = seed % 4 ? warm.beta[0] : NAN;
        assert_int_equal(eae_fit_svm(&t.problem, loss, &warm), EAE_OK);
        assert_true(warm.gap <= 1e-6 && cold.gap <= 1e-6);
        double p = primal_of(&t.problem, loss, &cold), q = primal_of(&t.problem, loss, &warm);
        assert_true(fabs(p - q) <= (1e-9 + cold.gap + warm.gap) * fabs(p) + 1e-14 * t.cost[0]);
        eae_gram_fit_free(&cold);
        eae_gram_fit_free(&warm);
        random_problem_free(&t);
    }
}

/* Two rows at +1 and -1 on a line, and one class alone: by hand. */
static void solved_by_hand(void **state)
{
    (void)state;
    double gram[] = {1, -1, -1, 1}, y[] = {1, -1}, cost[] = {10, 10};
    eae_gram_problem p = {.kernels = &eae_kernels_ref,
                          .n = 2,
                          .gram = gram,
                          .ld = 2,
                          .y = y,
                          .cost = cost,
                          .tol = 1e-12};
    eae_gram_fit fit;
    eae_gram_fit_init(&fit, 2, 0);
    assert_int_equal(eae_fit_svm(&p, EAE_HINGE, &fit), EAE_OK);
    assert_true(fit.converged);
    assert_float_equal(fit.beta[0], 0.5, 1e-12); /* w = 1: margins are exactly 1 */
    assert_float_equal(fit.beta[1], -0.5, 1e-12);
    assert_float_equal(fit.intercept, 0, 1e-12);
    assert_float_equal(fit.objective, 0.5, 1e-12);
    /* a cost below 1/2 bounds both: w = 2c, f = +-2c, the intercept in the middle of its interval
     */
    cost[0] = cost[1] = 0.1;
    assert_int_equal(eae_fit_svm(&p, EAE_HINGE, &fit), EAE_OK);
    assert_float_equal(fit.beta[0], 0.1, 1e-12);
    assert_float_equal(fit.intercept, 0, 1e-9);
    assert_float_equal(fit.objective, 0.02 + 0.2 * 0.8, 1e-12);
    y[1] = 1;
    assert_int_equal(eae_fit_svm(&p, EAE_HINGE, &fit), EAE_OK);
    assert_true(fit.converged);
    assert_float_equal(fit.beta[0], 0, 1e-15);
    assert_float_equal(fit.intercept, 1, 1e-12);
    assert_float_equal(fit.objective, 0, 1e-15);
    eae_gram_fit_free(&fit);
}

/* Rows at 2, 1, -1, -2, all multipliers at the cost or off it by rounding: margins of 1 ask for
 * intercepts of y - f, w = 6c, and any between those of the outer rows will do. */
static void intercept_without_free_vectors(void **state)
{
    (void)state;
    enum { N = 4 };
    static const double x[N] = {2, 1, -1, -2}, y[N] = {1, 1, -1, -1};
    static const double off[] = {0, 1e-16, 4e-16, 1e-13};
    double c = 0.05, w = 6 * c, cost[N] = {c, c, c, c}, f[N];
    eae_gram_problem p = {.kernels = &eae_kernels_ref, .n = N, .y = y, .cost = cost, .tol = 1e-10};
    eae_gram_fit fit;
    eae_gram_fit_init(&fit, N, 0);
    for (int bits = 0; bits < 1 << N; bits++) {
        for (int k = 0; k < 4; k++) {
            for (int i = 0; i < N; i++) {
                fit.beta[i] = y[i] * c * (1 - (bits >> i & 1) * off[k]);
                f[i] = w * x[i] + 3; /* as if the rows had been moved: the intercept is -3 */
            }
            assert_int_equal(eae_gram_certify(&p, EAE_LOSS_HINGE, f, &fit), EAE_OK);
            assert_float_equal(fit.intercept, -3, 1e-12);
        }
    }
    eae_gram_fit_free(&fit);
    /* one that is free for good decides */
    eae_gram_fit_init(&fit, N, 0);
    cost[0] = 0.3;
    cost[3] = 0.3;
    for (int i = 0; i < N; i++) {
        fit.beta[i] = y[i] * (i == 0 || i == 3 ? 0.2 : c);
        f[i] = (2 * 0.2 * 2 + 2 * c) * x[i];
    }
    assert_int_equal(eae_gram_certify(&p, EAE_LOSS_HINGE, f, &fit), EAE_OK);
    assert_float_equal(fit.intercept, ((1 - f[0]) + (-1 - f[3])) / 2, 1e-12);
    eae_gram_fit_free(&fit);
}

/* A limit of iterations that is too small is said, not hidden. */
static void short_stop_is_said(void **state)
{
    (void)state;
    eae_random r;
    eae_random_start(&r, 9, EAE_RANDOM_SYNTH_VALUE, 3);
    random_problem t = random_problem_make(&r, 50, 3, 25, 10, 0);
    t.problem.tol = 1e-10;
    t.problem.max_iter = 3;
    eae_gram_fit fit;
    eae_gram_fit_init(&fit, 50, 0);
    assert_int_equal(eae_fit_svm(&t.problem, EAE_HINGE, &fit), EAE_OK);
    assert_false(fit.converged);
    assert_true(fit.gap > 1e-10);
    double outside, dual = dual_of(&t.problem, EAE_HINGE, &fit, &outside);
    double primal = primal_of(&t.problem, EAE_HINGE, &fit);
    assert_true(fabs((primal - dual) / primal - fit.gap) <= 1e-6 * fit.gap);
    eae_gram_fit_free(&fit);
    random_problem_free(&t);
}

/* Many labelings: each as good as its own fit, whatever the cost (all free, some bound, many). */
static void check_many(uint64_t seed, int64_t n, int64_t p, double c, int64_t terms, bool penalised)
{
    enum { M = 40 };
    eae_random r;
    eae_random_start(&r, seed, EAE_RANDOM_SYNTH_VALUE, 4);
    random_problem t = random_problem_make(&r, n, p, n / 2, c, terms);
    t.problem.bias_penalised = penalised;
    t.problem.kernels = tested;
    double *y = EAE_NEW_ARRAY(double, M *n);
    int64_t *order = EAE_NEW_ARRAY(int64_t, n);
    eae_gram_fit fit[M], one;
    for (int64_t k = 0; k < M; k++) {
        for (int64_t i = 0; i < n; i++)
            order[i] = i;
        eae_random_shuffle(&r, order, (size_t)n);
        for (int64_t i = 0; i < n; i++)
            y[k * n + i] = t.y[order[i]];
        eae_gram_fit_init(&fit[k], n, terms);
    }
    for (int loss = 0; loss < 2; loss++) {
        assert_int_equal(eae_fit_svm_many(&t.problem, (eae_svm_loss)loss, y, M, fit), EAE_OK);
        for (int64_t k = 0; k < M; k++) {
            eae_gram_problem single = t.problem;
            single.y = y + k * n;
            eae_gram_fit_init(&one, n, terms);
            assert_int_equal(eae_fit_svm(&single, (eae_svm_loss)loss, &one), EAE_OK);
            assert_true(fit[k].converged && one.converged);
            double a = primal_of(&single, (eae_svm_loss)loss, &fit[k]);
            assert_true(fabs(a - one.objective) <= 2e-6 * a + 1e-14 * c);
            eae_gram_fit_free(&one);
        }
    }
    for (int64_t k = 0; k < M; k++)
        eae_gram_fit_free(&fit[k]);
    free(y);
    free(order);
    random_problem_free(&t);
}

static void many_is_one_by_one(void **state)
{
    (void)state;
    const double grid[] = {1e-4, 3e-3, 1e-2, 3e-2, 1, 100};
    for (int c = 0; c < 6; c++) {
        check_many(1, 32, 200, grid[c], 0, false);
        check_many(2, 20, 60, grid[c], 1, false);
        check_many(3, 24, 100, grid[c], 0, true);
        check_many(4, 30, 4, grid[c], 0, false);
    }
}

/* Machines that differ in everything, by one call where the backend has it: each as good as its
 * own fit; and where it has not, none is said to be done. */
static void together_is_one_by_one(void **state)
{
    enum { M = 40 };
    (void)state;
    for (int loss = 0; loss < 2; loss++) {
        random_problem t[M];
        eae_gram_fit fit[M], one;
        eae_svm_machine machine[M];
        int64_t count = 0, done = 0;
        for (uint64_t k = 0; k < M; k++) {
            eae_svm_loss any;
            t[k] = any_problem(300 + k, &any);
            t[k].problem.kernels = tested;
            eae_gram_fit_init(&fit[k], t[k].problem.n, t[k].problem.terms);
            if (t[k].problem.terms > 0 || t[k].problem.bias_penalised)
                continue;
            machine[count] = (eae_svm_machine){.problem = t[k].problem, .all = t[k].gram};
            machine[count].rows = machine[count].ld = t[k].problem.n;
            machine[count].ratio = 1;
            machine[count++].fit = &fit[k];
        }
        assert_in_range(count, M / 4, M - 1);
        assert_int_equal(eae_fit_svm_together(machine, count, (eae_svm_loss)loss, 2), EAE_OK);
        for (int64_t k = 0; k < count; k++) {
            const eae_gram_problem *p = &machine[k].problem;
            done += machine[k].done;
            if (!machine[k].done)
                continue;
            assert_true(machine[k].fit->converged && machine[k].fit->gap <= p->tol);
            eae_gram_fit_init(&one, p->n, 0);
            assert_int_equal(eae_fit_svm(p, (eae_svm_loss)loss, &one), EAE_OK);
            double a = primal_of(p, (eae_svm_loss)loss, machine[k].fit);
            assert_true(fabs(a - one.objective) <= 2e-6 * a + 1e-14);
            eae_gram_fit_free(&one);
        }
        if (test_cuda()) /* the others have costs of 1e3 and more */
            assert_in_range(done, count * 2 / 3, count);
        else
            assert_int_equal(done, 0);
        for (int k = 0; k < M; k++) {
            eae_gram_fit_free(&fit[k]);
            random_problem_free(&t[k]);
        }
    }
}

static int setup(void **state)
{
    (void)state;
    return test_cuda() ? test_backend(&tested) : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certificates_are_true),
        cmocka_unit_test(agrees_with_the_reference),
        cmocka_unit_test(reaches_a_tight_gap),
        cmocka_unit_test(warm_is_cold),
        cmocka_unit_test(solved_by_hand),
        cmocka_unit_test(short_stop_is_said),
        cmocka_unit_test(many_is_one_by_one),
        cmocka_unit_test(together_is_one_by_one),
        cmocka_unit_test(intercept_without_free_vectors),
    };
    return cmocka_run_group_tests_name("gram_svm", tests, setup, NULL);
}
