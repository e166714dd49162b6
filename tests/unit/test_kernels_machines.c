/*
 * test_kernels_machines.c - many support vector machines by one call: solved as the exact solver
 * and the plain reference solve them, whatever the company; and what is not solved is feasible and
 * no worse than it was. Of backends that have it: that is cuda, emulated in `make unit`; the others
 * are checked to have none.
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
#include "base/threads.h"
#include "model/gram_fit.h"
#include "backend.h"

enum { ROWS = 61, LD = 67, COLS = 40, MACHINES = 9, MOST = 70 };

static const eae_kernels *tested;

typedef struct {
    double gram[ROWS * LD];
    int64_t row[MACHINES][MOST];
    double y[MACHINES][MOST], cost[MACHINES][MOST], offset[MACHINES][MOST], b[MACHINES][MOST];
    eae_svm_task task[MACHINES];
} study;

static double uniform(eae_random *r)
{
    return 2 * eae_random_unit(r) - 1;
}

static void make_gram(study *s, int cols, eae_random *r)
{
    double x[ROWS][COLS];
    for (int i = 0; i < ROWS; i++) {
        for (int j = 0; j < cols; j++)
            x[i][j] = uniform(r) + (j < 3 && i % 2 ? 0.8 : 0);
    }
    for (int i = 0; i < ROWS; i++) {
        for (int l = 0; l < LD; l++)
            s->gram[i * LD + l] = NAN; /* behind the rows: not to be read */
        for (int l = 0; l < ROWS; l++) {
            double sum = 0;
            for (int j = 0; j < cols; j++)
                sum += x[i][j] * x[l][j];
            s->gram[i * LD + l] = sum;
        }
    }
}

/* Machine 0 has one row of each class, machine 1 a row twice, machine 2 no list of rows, machine 3
 * an offset, the last one more rows than there are. Costs are small or large. cols: the rank. */
static study *make_study(uint64_t seed, int cols)
{
    study *s = EAE_NEW(study);
    eae_random r;
    eae_random_start(&r, seed, EAE_RANDOM_SYNTH_OTHER, 0);
    make_gram(s, cols, &r);
    for (int m = 0; m < MACHINES; m++) {
        int64_t n = m == 0 ? 2 : m == MACHINES - 1 ? MOST : 20 + 5 * m;
        for (int64_t i = 0; i < n; i++) {
            s->row[m][i] = m == 2 ? i : (i * (m + 1) + (i >= ROWS)) % ROWS;
            s->y[m][i] = i < 2 ? (double)(1 - 2 * i) : s->row[m][i] % 2 ? 1 : -1;
            s->cost[m][i] = (m % 2 ? 0.02 : 2) * (1 + 0.5 * eae_random_unit(&r));
            s->offset[m][i] = 0.3 * uniform(&r);
        }
        s->row[m][1] = m == 1 ? s->row[m][0] : s->row[m][1];
        s->task[m] = (eae_svm_task){.gram = s->gram,
                                    .rows = ROWS,
                                    .ld = LD,
                                    .n = n,
                                    .row = m == 2 ? NULL : s->row[m],
                                    .ratio = 0.5 + 0.1 * m,
                                    .y = s->y[m],
                                    .cost = s->cost[m],
                                    .offset = m == 3 ? s->offset[m] : NULL,
                                    .b = s->b[m],
                                    .solved = true};
    }
    return s;
}

static double *gram_of(const study *s, const eae_svm_task *task)
{
    double *gram = EAE_NEW_ARRAY(double, task->n * task->n);
    for (int64_t i = 0; i < task->n; i++) {
        for (int64_t k = 0; k < task->n; k++) {
            int64_t a = task->row ? task->row[i] : i, b = task->row ? task->row[k] : k;
            gram[i * task->n + k] = task->ratio * s->gram[a * LD + b];
        }
    }
    return gram;
}

/* p'b - 1/2 b'Hb */
static double dual_value(const eae_svm_task *task, const double *gram, bool squared,
                         const double *b)
{
    double value = 0;
    for (int64_t i = 0; i < task->n; i++) {
        double h = squared ? 0.5 / task->cost[i] * b[i] : 0;
        for (int64_t k = 0; k < task->n; k++)
            h += gram[i * task->n + k] * b[k];
        value += (task->y[i] - (task->offset ? task->offset[i] : 0)) * b[i] - b[i] * h / 2;
    }
    return value;
}

static void assert_feasible(const eae_svm_task *task, bool squared)
{
    double sum = 0, size = 0;
    for (int64_t i = 0; i < task->n; i++) {
        double a = task->y[i] * task->b[i];
        assert_true(a >= 0);
        if (!squared)
            assert_true(a <= task->cost[i]);
        sum += task->b[i];
        size += a;
    }
    assert_true(fabs(sum) <= 1e-12 * (1 + size));
}

static eae_gram_problem problem_of(const eae_svm_task *task, const double *gram)
{
    return (eae_gram_problem){.kernels = tested,
                              .n = task->n,
                              .gram = gram,
                              .ld = task->n,
                              .y = task->y,
                              .cost = task->cost,
                              .offset = task->offset,
                              .tol = 1e-9};
}

/* The value of the exact solver and of the plain reference, and its multipliers where they are
 * determined. */
static void assert_solution(const study *s, const eae_svm_task *task, bool squared, bool unique)
{
    double *gram = gram_of(s, task);
    eae_gram_fit exact, plain;
    eae_gram_fit_init(&exact, task->n, 0);
    eae_gram_fit_init(&plain, task->n, 0);
    eae_gram_problem problem = problem_of(task, gram);
    eae_svm_loss loss = squared ? EAE_SQUARED_HINGE : EAE_HINGE;
    assert_int_equal(eae_fit_svm(&problem, loss, &exact), EAE_OK);
    double best = dual_value(task, gram, squared, exact.beta);
    double got = dual_value(task, gram, squared, task->b);
    assert_true(fabs(got - best) <= 1e-8 * fabs(best));
    if (!task->offset) {
        assert_int_equal(eae_fit_svm_reference(&problem, loss, &plain), EAE_OK);
        assert_true(fabs(got - plain.objective) <= 1e-8 * fabs(best));
    }
    for (int64_t i = 0; i < task->n && unique; i++)
        assert_true(fabs(task->b[i] - exact.beta[i]) <= 1e-6);
    eae_gram_fit_free(&exact);
    eae_gram_fit_free(&plain);
    free(gram);
}

static void solved_to_the_end(void **state)
{
    (void)state;
    for (int squared = 0; squared < 2; squared++) {
        study *s = make_study(7, COLS);
        assert_int_equal(tested->svm_solve(squared, s->task, MACHINES), EAE_OK);
        for (int m = 0; m < MACHINES; m++) {
            assert_true(s->task[m].solved);
            assert_feasible(&s->task[m], squared);
            assert_solution(s, &s->task[m], squared, squared);
        }
        free(s);
    }
}

/* Three features: nearly every vector is at a bound, and H has no inverse. What is solved is a
 * solution; the rest is feasible and no worse than where it began, which is 0. */
static void few_features(void **state)
{
    (void)state;
    study *s = make_study(9, 3);
    int solved = 0;
    assert_int_equal(tested->svm_solve(false, s->task, MACHINES), EAE_OK);
    for (int m = 0; m < MACHINES; m++) {
        double *gram = gram_of(s, &s->task[m]);
        assert_feasible(&s->task[m], false);
        assert_true(dual_value(&s->task[m], gram, false, s->b[m]) >= 0);
        if (s->task[m].solved)
            assert_solution(s, &s->task[m], false, false);
        solved += s->task[m].solved;
        free(gram);
    }
    assert_in_range(solved, MACHINES - 2, MACHINES);
    free(s);
}

/* A second time from the solution: solved at once, and nothing moves but the last digits. */
static void from_a_start(void **state)
{
    (void)state;
    study *s = make_study(8, COLS);
    double before[MACHINES][MOST];
    assert_int_equal(tested->svm_solve(true, s->task, MACHINES), EAE_OK);
    memcpy(before, s->b, sizeof before);
    assert_int_equal(tested->svm_solve(true, s->task, MACHINES), EAE_OK);
    for (int m = 0; m < MACHINES; m++) {
        assert_true(s->task[m].solved);
        for (int64_t i = 0; i < s->task[m].n; i++)
            assert_true(fabs(before[m][i] - s->b[m][i]) <= 1e-9 * (1 + fabs(before[m][i])));
    }
    free(s);
}

/* Alone, in company, in parts, and with the threads of the device in another order: the same bits.
 */
static void company_changes_nothing(void **state)
{
    (void)state;
    study *s = make_study(8, COLS), *alone = make_study(8, COLS);
    assert_int_equal(tested->svm_solve(false, s->task, MACHINES), EAE_OK);
    test_other_order(true);
    for (int m = 0; m < MACHINES; m++) {
        assert_int_equal(tested->svm_solve(false, &alone->task[m], 1), EAE_OK);
        assert_memory_equal(alone->b[m], s->b[m], (size_t)s->task[m].n * sizeof(double));
    }
    test_other_order(false);
    free(s);
    free(alone);
}

static int one_of_many(void *context, int64_t k, int worker)
{
    study **all = context;
    (void)worker;
    return tested->svm_solve(k % 2, all[k]->task, MACHINES);
}

/* Threads that come together are served together, both losses. */
static void threads_wait_together(void **state)
{
    enum { STUDIES = 4 };
    study *all[STUDIES];
    (void)state;
    for (int k = 0; k < STUDIES; k++)
        all[k] = make_study(20 + (uint64_t)k, COLS);
    assert_int_equal(eae_parallel(STUDIES, STUDIES, one_of_many, all), EAE_OK);
    for (int k = 0; k < STUDIES; k++) {
        study *s = make_study(20 + (uint64_t)k, COLS);
        assert_int_equal(tested->svm_solve(k % 2, s->task, MACHINES), EAE_OK);
        assert_memory_equal(s->b, all[k]->b, sizeof s->b);
        free(s);
        free(all[k]);
    }
}

/* Around the width of a block and the sizes that kernels are made for. */
static void sizes_of_a_block(void **state)
{
    static const int64_t sizes[] = {127, 128, 129, 256, 257, 300};
    enum { LARGE = 300, PATTERN = 13 };
    (void)state;
    double *gram = EAE_NEW_ARRAY(double, LARGE *LARGE), *value = EAE_NEW_ARRAY(double, 3 * LARGE);
    for (int64_t i = 0; i < LARGE; i++) {
        for (int64_t k = 0; k < LARGE; k++)
            gram[i * LARGE + k] =
                (i == k ? 3 : 0) + cos(0.7 * (double)((i % PATTERN) - k % PATTERN));
        value[i] = i * i % 7 < 3 ? 1 : -1;
        value[LARGE + i] = 0.2;
    }
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        eae_svm_task task = {.gram = gram, .rows = LARGE, .ld = LARGE, .n = sizes[k], .ratio = 1};
        task.y = value;
        task.cost = value + LARGE;
        task.b = value + 2 * LARGE;
        memset(task.b, 0, LARGE * sizeof *task.b);
        assert_int_equal(tested->svm_solve(false, &task, 1), EAE_OK);
        assert_true(task.solved);
        assert_feasible(&task, false);
        for (int64_t i = task.n; i < LARGE; i++)
            assert_true(task.b[i] == 0);
        eae_gram_fit fit;
        eae_gram_fit_init(&fit, task.n, 0);
        eae_gram_problem p = problem_of(&task, gram);
        p.ld = LARGE;
        assert_int_equal(eae_fit_svm(&p, EAE_HINGE, &fit), EAE_OK);
        for (int64_t i = 0; i < task.n; i++)
            assert_true(fabs(task.b[i] - fit.beta[i]) <= 1e-7);
        eae_gram_fit_free(&fit);
    }
    free(gram);
    free(value);
}

/* A small machine beside one that other kernels are made for (solver.cu): the same bits. */
static void company_of_another_size(void **state)
{
    enum { LARGE = 300, SMALL = 200 };
    (void)state;
    double *gram = EAE_NEW_ARRAY(double, LARGE *LARGE), *value = EAE_NEW_ARRAY(double, 4 * LARGE);
    double *alone = EAE_NEW_ARRAY(double, SMALL);
    eae_random r;
    eae_random_start(&r, 11, EAE_RANDOM_SYNTH_OTHER, 0);
    for (int64_t i = 0; i < LARGE; i++) {
        for (int64_t k = 0; k <= i; k++)
            gram[i * LARGE + k] = gram[k * LARGE + i] = (i == k ? 20 : 0) + uniform(&r);
        value[i] = i % 3 ? 1 : -1;
        value[LARGE + i] = 0.04;
    }
    eae_svm_task task[2];
    for (int k = 0; k < 2; k++) {
        task[k] = (eae_svm_task){.gram = gram, .rows = LARGE, .ld = LARGE, .ratio = 0.7};
        task[k].n = k ? LARGE : SMALL;
        task[k].y = value;
        task[k].cost = value + LARGE;
        task[k].b = k ? value + 2 * LARGE : alone;
    }
    assert_int_equal(tested->svm_solve(false, task, 1), EAE_OK);
    task[0].b = value + 3 * LARGE;
    assert_int_equal(tested->svm_solve(false, task, 2), EAE_OK);
    assert_true(task[0].solved && task[1].solved);
    assert_memory_equal(task[0].b, alone, SMALL * sizeof *alone);
    free(gram);
    free(value);
    free(alone);
}

/* A device that holds one of three Gram matrices at a time: a launch for each, and the same bits.
 * (A real one holds all of them.) First of all, while the device has no larger workspace. */
static void as_many_as_fit(void **state)
{
    enum { LARGE = 300, N = 40, COUNT = 3 };
    (void)state;
    double *gram = EAE_NEW_ARRAY(double, COUNT *LARGE *LARGE), b[2][COUNT][N] = {{{0}}};
    double y[N], cost[N];
    for (int64_t i = 0; i < COUNT * LARGE * LARGE; i++)
        gram[i] = i / LARGE % LARGE == i % LARGE ? 2 + (double)(i % 5) : 0.5;
    for (int i = 0; i < N; i++) {
        y[i] = i % 3 ? 1 : -1;
        cost[i] = 0.25;
    }
    for (int small = 1; small >= 0; small--) {
        eae_svm_task task[COUNT];
        setenv("EAE_EMULATED_MEMORY", small ? "1600000" : "256000000", 1);
        for (int k = 0; k < COUNT; k++) {
            task[k] = (eae_svm_task){.gram = gram + k * LARGE * LARGE, .n = N, .ratio = 1, .y = y};
            task[k].rows = task[k].ld = LARGE;
            task[k].cost = cost;
            task[k].b = b[small][k];
        }
        assert_int_equal(tested->svm_solve(false, task, COUNT), EAE_OK);
        for (int k = 0; k < COUNT; k++)
            assert_true(task[k].solved);
    }
    unsetenv("EAE_EMULATED_MEMORY");
    assert_memory_equal(b[0], b[1], sizeof b[0]);
    free(gram);
}

/* A device that fails is an error with a reason, once; nothing is solved or written, and the next
 * call is answered. A real one is not made to fail. */
static void a_fault_is_an_error(void **state)
{
    enum { AT = 100 };
    (void)state;
    study *s = make_study(8, COLS);
    int failed = 0;
    setenv("EAE_EMULATED_FAULT", "100", 1);
    for (int k = 0; k < AT; k++) {
        s->b[0][0] = s->b[0][1] = 0;
        if (tested->svm_solve(false, s->task, 1) == EAE_OK) {
            assert_true(s->task[0].solved);
            continue;
        }
        failed++;
        assert_non_null(strstr(eae_message(), "the CUDA device failed at support vector machines"));
        assert_true(!s->task[0].solved && s->b[0][0] == 0);
    }
    unsetenv("EAE_EMULATED_FAULT");
    assert_int_equal(failed, strstr(tested->identity(), "emulated") ? 1 : 0);
    free(s);
}

/* More rows than a block holds: not solved, nothing written; its neighbour is. */
static void too_large(void **state)
{
    (void)state;
    static double y[5000], b[5000];
    static int64_t row[5000];
    study *s = make_study(8, COLS);
    b[0] = 3;
    s->task[1] = (eae_svm_task){.gram = s->gram, .rows = ROWS, .ld = LD, .n = 5000, .row = row};
    s->task[1].y = s->task[1].cost = y;
    s->task[1].b = b;
    assert_int_equal(tested->svm_solve(false, s->task, 3), EAE_OK);
    assert_true(s->task[0].solved && !s->task[1].solved && s->task[2].solved);
    assert_int_equal(tested->svm_solve(false, s->task, 0), EAE_OK);
    assert_true(b[0] == 3);
    free(s);
}

/* Numbers that cannot be solved with end, and are not called solved. */
static void not_a_number(void **state)
{
    (void)state;
    study *s = make_study(8, COLS);
    s->gram[3 * LD + 3] = NAN;
    assert_int_equal(tested->svm_solve(false, s->task + 2, 1), EAE_OK);
    assert_false(s->task[2].solved);
    free(s);
    s = make_study(8, COLS); /* all gradients: a whole row and its column */
    for (int i = 0; i < ROWS; i++)
        s->gram[3 * LD + i] = s->gram[i * LD + 3] = NAN;
    assert_int_equal(tested->svm_solve(false, s->task + 2, 1), EAE_OK);
    assert_false(s->task[2].solved);
    free(s);
}

static void only_a_device_has_it(void **state)
{
    (void)state;
    assert_true(!tested->svm_solve && !eae_kernels_ref.svm_solve);
}

static int setup(void **state)
{
    (void)state;
    return test_backend(&tested);
}

int main(void)
{
    const struct CMUnitTest device[] = {cmocka_unit_test(as_many_as_fit),
                                        cmocka_unit_test(a_fault_is_an_error),
                                        cmocka_unit_test(solved_to_the_end),
                                        cmocka_unit_test(few_features),
                                        cmocka_unit_test(from_a_start),
                                        cmocka_unit_test(company_changes_nothing),
                                        cmocka_unit_test(company_of_another_size),
                                        cmocka_unit_test(threads_wait_together),
                                        cmocka_unit_test(sizes_of_a_block),
                                        cmocka_unit_test(too_large),
                                        cmocka_unit_test(not_a_number)};
    const struct CMUnitTest none[] = {cmocka_unit_test(only_a_device_has_it)};
    return test_cuda() ? cmocka_run_group_tests_name("machines", device, setup, NULL)
                       : cmocka_run_group_tests_name("machines", none, setup, NULL);
}
