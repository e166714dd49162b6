/*
 * test_tall_fit.c - passes over tall data, by blocks (tall_fit.h) and by second derivatives
 * (few_fit.h): the same models as by their Gram matrix, a gap that is true, and the same bits
 * whatever shares the passes.
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
#include "model/few_fit.h"
#include "../tolerance.h"

enum { ROWS = 210, COLS = 120, TRAINED = 180, COVARIATES = 4 };

static const eae_kernels *cpu;
static bool few; /* which method is tried */

/* With room for everything, or for nothing. */
static int fit_all(const eae_tall_problem *problem, int64_t count, double memory, int threads,
                   const eae_tall_watch *watch, eae_tall_model *fit)
{
    return few ? eae_fit_few(problem, count, cpu, threads, watch, fit)
               : eae_fit_tall(problem, count, cpu, memory, threads, watch, fit);
}

typedef struct {
    float *x;
    double *y, *cost, *number, *shift, *inverse, *fill, *design, *coef;
    int64_t row[TRAINED];
    eae_source source;
    double *u;                 /* ROWS x COVARIATES */
    eae_tall_free free, alone; /* with the intercept, and without */
} study;

/* A few columns carry the classes; every seventh row is not trained on. */
static study make_study(uint64_t seed, bool missing)
{
    eae_random r;
    eae_random_start(&r, seed, EAE_RANDOM_SYNTH_OTHER, 0);
    study s = {.x = eae_malloc(ROWS * COLS, sizeof *s.x)};
    s.y = EAE_NEW_ARRAY(double, ROWS);
    s.cost = EAE_NEW_ARRAY(double, ROWS);
    s.number = EAE_NEW_ARRAY(double, ROWS);
    s.shift = EAE_NEW_ARRAY(double, COLS);
    s.inverse = EAE_NEW_ARRAY(double, COLS);
    s.fill = EAE_NEW_ARRAY(double, COLS);
    int trained = 0;
    for (int i = 0; i < ROWS; i++) {
        s.y[i] = i < ROWS / 3 ? -1 : 1; /* sorted */
        if (i % 7 != 3) {
            s.row[trained++] = i;
            s.cost[i] = 0.02 * (double)(1 + i % 3);
        }
        for (int j = 0; j < COLS; j++) {
            double noise = eae_random_unit(&r) + eae_random_unit(&r) + eae_random_unit(&r) - 1.5;
            s.x[i * COLS + j] = (float)(7 + noise + (j < 10 ? 0.25 * s.y[i] : 0));
            if (missing && eae_random_below(&r, 10) == 0)
                s.x[i * COLS + j] = NAN;
        }
        s.number[i] = s.y[i] + eae_random_unit(&r);
    }
    assert_int_equal(trained, TRAINED);
    for (int j = 0; j < COLS; j++) {
        s.shift[j] = 7.1;
        s.inverse[j] = 1 + 0.01 * j;
        s.fill[j] = 7.2;
    }
    s.source = (eae_source){.x = s.x,
                            .rows = ROWS,
                            .cols = COLS,
                            .feature_count = COLS,
                            .fill = missing ? s.fill : NULL,
                            .shift = s.shift,
                            .inverse = s.inverse};
    return s;
}

static void free_study(study *s)
{
    free(s->x);
    free(s->y);
    free(s->cost);
    free(s->number);
    free(s->shift);
    free(s->inverse);
    free(s->fill);
    free(s->design);
    free(s->coef);
    free(s->u);
    eae_tall_free_close(&s->free);
    eae_tall_free_close(&s->alone);
}

/* A trend, a group, one that goes with the classes, and one that says nothing new. */
static void add_covariates(study *s)
{
    s->u = EAE_NEW_ARRAY(double, ROWS *COVARIATES);
    for (int i = 0; i < ROWS; i++) {
        double *u = s->u + i * COVARIATES;
        u[0] = 0.1 * (i % 17);
        u[1] = i % 3 == 1;
        u[2] = s->y[i] + 2 * (i * 7919 % 101 / 50.0 - 1);
        u[3] = -2 * u[0];
    }
    assert_int_equal(eae_tall_free_open(&s->free, cpu, s->u, COVARIATES, s->cost, ROWS, true),
                     EAE_OK);
    assert_int_equal(eae_tall_free_open(&s->alone, cpu, s->u, COVARIATES, s->cost, ROWS, false),
                     EAE_OK);
    assert_int_equal(s->free.terms, 4);
    assert_int_equal(s->alone.terms, 3);
}

/* What a design of two terms explains is taken off: a column of sevens, and a trend. */
static void adjust_study(study *s)
{
    s->design = EAE_NEW_ARRAY(double, 2 * ROWS);
    s->coef = EAE_NEW_ARRAY(double, 2 * COLS);
    for (int i = 0; i < ROWS; i++) {
        s->design[2 * i] = 1;
        s->design[2 * i + 1] = i % 11;
    }
    for (int j = 0; j < COLS; j++) {
        s->coef[j] = 7;
        s->coef[COLS + j] = 0.03 * (j % 5);
        s->shift[j] = 0.1;
    }
    s->source.design = s->design;
    s->source.coef = s->coef;
    s->source.terms = 2;
}

static eae_tall_problem problem_of(const study *s, eae_loss loss, bool penalised)
{
    return (eae_tall_problem){.source = &s->source,
                              .y = loss == EAE_LOSS_SQUARED ? s->number : s->y,
                              .cost = s->cost,
                              .loss = loss,
                              .bias_penalised = penalised,
                              .free = s->u ? penalised ? &s->alone : &s->free : NULL,
                              .tol = 1e-9};
}

static eae_tall_model fit(const study *s, const eae_tall_problem *problem)
{
    eae_tall_model model;
    (void)s;
    assert_int_equal(fit_all(problem, 1, 1e9, 2, NULL, &model), EAE_OK);
    return model;
}

/* The primal from its definition. */
static double primal(const study *s, const eae_tall_problem *p, const eae_tall_model *m)
{
    double value[ROWS], sum = 0;
    assert_int_equal(cpu->decision(&s->source, NULL, ROWS, m->w, 1, value, 1), EAE_OK);
    for (int j = 0; j < COLS; j++)
        sum += isnan(m->w[j]) ? 0 : m->w[j] * m->w[j] / 2;
    sum += p->bias_penalised ? m->intercept * m->intercept / 2 : 0;
    for (int i = 0; i < ROWS; i++) {
        for (int t = 0; t < COVARIATES && s->u; t++)
            value[i] += m->gamma[t] * s->u[i * COVARIATES + t];
        double f = value[i] + m->intercept, margin = 1 - p->y[i] * f, d = p->y[i] - f;
        assert_true(fabs(f - m->value[i]) <= EAE_TOLERANCE_SOLUTION);
        double loss = d * d / 2;
        if (p->loss == EAE_LOSS_HINGE)
            loss = fmax(0, margin);
        else if (p->loss == EAE_LOSS_SQUARED_HINGE)
            loss = margin > 0 ? margin * margin : 0;
        else if (p->loss == EAE_LOSS_LOGISTIC)
            loss = log1p(exp(-p->y[i] * f));
        sum += p->cost[i] * loss;
    }
    return sum;
}

/* The same problem by its Gram matrix. */
static void fit_by_gram(const study *s, const eae_tall_problem *p, eae_gram_fit *fit)
{
    double *gram = eae_malloc(TRAINED * TRAINED, sizeof *gram), y[TRAINED], cost[TRAINED];
    double u[TRAINED * COVARIATES];
    double one = 1;
    assert_int_equal(cpu->gram(&s->source, s->row, TRAINED, EAE_PRECISION_F64, gram, 1), EAE_OK);
    for (int i = 0; i < TRAINED; i++) {
        y[i] = p->y[s->row[i]];
        cost[i] = p->cost[s->row[i]];
        for (int t = 0; t < 3 && s->u; t++) /* the last one repeats the first */
            u[i * 3 + t] = s->u[s->row[i] * COVARIATES + t];
    }
    eae_gram_problem problem = {.kernels = cpu,
                                .n = TRAINED,
                                .gram = gram,
                                .ld = TRAINED,
                                .y = y,
                                .cost = cost,
                                .u = s->u ? u : NULL,
                                .terms = s->u ? 3 : 0,
                                .bias_penalised = p->bias_penalised,
                                .tol = 1e-11};
    eae_gram_fit_init(fit, TRAINED, problem.terms);
    int status = EAE_FAIL;
    if (p->loss == EAE_LOSS_LOGISTIC)
        status = eae_fit_logistic(&problem, fit);
    else if (p->loss == EAE_LOSS_SQUARED)
        status = eae_fit_ridge(&problem, y, 1, &one, 1, fit);
    else
        status =
            eae_fit_svm(&problem, p->loss == EAE_LOSS_HINGE ? EAE_HINGE : EAE_SQUARED_HINGE, fit);
    assert_int_equal(status, EAE_OK);
    free(gram);
}

static void agreement_case(const study *s, eae_loss loss, bool penalised)
{
    eae_tall_problem p = problem_of(s, loss, penalised);
    eae_tall_model m = fit(s, &p);
    eae_gram_fit g;
    fit_by_gram(s, &p, &g);
    assert_true(m.converged);
    assert_true(m.gap <= p.tol);
    assert_true(fabs(m.objective - primal(s, &p, &m)) <= 1e-12 * m.objective);
    /* a primal value is never below the best, and the gap says how far above it may be */
    double above = (m.objective - g.objective) / g.objective;
    assert_true(above >= -1e-10);
    assert_true(above <= p.tol);
    eae_gram_fit_free(&g);
    eae_tall_model_free(&m);
}

static void test_agreement(void **state)
{
    (void)state;
    for (int missing = 0; missing < 2; missing++) {
        study s = make_study(1, missing);
        agreement_case(&s, EAE_LOSS_HINGE, false);
        agreement_case(&s, EAE_LOSS_HINGE, true);
        agreement_case(&s, EAE_LOSS_SQUARED_HINGE, false);
        agreement_case(&s, EAE_LOSS_SQUARED_HINGE, true);
        agreement_case(&s, EAE_LOSS_LOGISTIC, false);
        agreement_case(&s, EAE_LOSS_SQUARED, false);
        free_study(&s);
    }
}

static void test_covariates(void **state)
{
    (void)state;
    for (int missing = 0; missing < 2; missing++) {
        study s = make_study(9, missing);
        add_covariates(&s);
        for (int loss = EAE_LOSS_HINGE; loss <= EAE_LOSS_SQUARED; loss++)
            agreement_case(&s, (eae_loss)loss, false);
        agreement_case(&s, EAE_LOSS_HINGE, true);
        agreement_case(&s, EAE_LOSS_SQUARED_HINGE, true);
        if (missing)
            adjust_study(&s);
        agreement_case(&s, EAE_LOSS_HINGE, false);
        free_study(&s);
    }
}

static void test_adjusted(void **state)
{
    (void)state;
    for (int missing = 0; missing < 2; missing++) {
        study s = make_study(8, missing);
        adjust_study(&s);
        for (int loss = EAE_LOSS_HINGE; loss <= EAE_LOSS_SQUARED; loss++)
            agreement_case(&s, (eae_loss)loss, false);
        int64_t feature[COLS / 3];
        for (int k = 0; k < COLS / 3; k++)
            feature[k] = 3 * k;
        s.source.feature = feature;
        s.source.feature_count = COLS / 3;
        agreement_case(&s, EAE_LOSS_HINGE, true);
        free_study(&s);
    }
}

/* Stopped early, what it says about itself is still true: the gap bounds the distance to the best.
 */
static void gap_case(bool covariates)
{
    study s = make_study(2, false);
    if (covariates)
        add_covariates(&s);
    for (int loss = EAE_LOSS_HINGE; loss <= EAE_LOSS_SQUARED; loss++) {
        eae_tall_problem p = problem_of(&s, (eae_loss)loss, false);
        eae_gram_fit best;
        fit_by_gram(&s, &p, &best);
        for (p.max_iter = 1; p.max_iter < 6; p.max_iter++) {
            eae_tall_model m = fit(&s, &p);
            assert_true(fabs(m.objective - primal(&s, &p, &m)) <= 1e-12 * m.objective);
            assert_true(m.objective - best.objective <= m.gap * m.objective * (1 + 1e-9));
            assert_int_equal(m.converged, m.gap <= p.tol);
            /* an interior point is only worth something every third pass */
            assert_true(m.iterations <= p.max_iter + (few && loss == EAE_LOSS_HINGE ? 2 : 0));
            eae_tall_model_free(&m);
        }
        eae_gram_fit_free(&best);
    }
    free_study(&s);
}

static void test_gap_is_true(void **state)
{
    (void)state;
    gap_case(false);
    gap_case(true);
}

/* Features that are not in use get no weight, and what is left is their model. */
static void test_features(void **state)
{
    (void)state;
    study s = make_study(3, false);
    int64_t feature[COLS / 2];
    for (int k = 0; k < COLS / 2; k++)
        feature[k] = 2 * k;
    s.source.feature = feature;
    s.source.feature_count = COLS / 2;
    agreement_case(&s, EAE_LOSS_HINGE, false);
    eae_tall_problem p = problem_of(&s, EAE_LOSS_HINGE, false);
    eae_tall_model m = fit(&s, &p);
    for (int j = 0; j < COLS; j++)
        assert_int_equal(isnan(m.w[j]) != 0, j % 2);
    eae_tall_model_free(&m);
    free_study(&s);
}

/* Together or alone, with few threads or many, with room for all block Gram matrices or for none.
 */
static void test_same_bits(void **state)
{
    (void)state;
    study s = make_study(4, true), t = make_study(4, false);
    add_covariates(&t);
    eae_tall_problem p[4] = {
        problem_of(&s, EAE_LOSS_HINGE, false), problem_of(&s, EAE_LOSS_LOGISTIC, false),
        problem_of(&s, EAE_LOSS_SQUARED, false), problem_of(&s, EAE_LOSS_SQUARED_HINGE, true)};
    s.source.fill = s.fill;
    t.source.x = s.x; /* another way to see the same data */
    t.source.fill = s.fill;
    p[1].source = &t.source;
    p[1].free = p[2].free = &t.free;
    eae_tall_model together[4], alone;
    assert_int_equal(fit_all(p, 4, 1e9, 4, NULL, together), EAE_OK);
    for (int k = 0; k < 4; k++) {
        assert_int_equal(fit_all(&p[k], 1, 0, 1, NULL, &alone), EAE_OK);
        assert_memory_equal(alone.w, together[k].w, COLS * sizeof(double));
        assert_memory_equal(alone.value, together[k].value, ROWS * sizeof(double));
        assert_true(alone.intercept == together[k].intercept);
        if (p[k].free)
            assert_memory_equal(alone.gamma, together[k].gamma, COVARIATES * sizeof(double));
        assert_true(alone.objective == together[k].objective);
        assert_int_equal(alone.iterations, together[k].iterations);
        eae_tall_model_free(&alone);
        eae_tall_model_free(&together[k]);
    }
    free_study(&s);
    free_study(&t);
}

static int stop_at_two(void *context, eae_tall_progress *progress, int64_t pass, int64_t left,
                       double gap)
{
    (void)context;
    assert_true(left == 1 && gap > 0 && progress);
    return pass == 2 ? eae_fail("enough") : EAE_OK;
}

static void test_stopped(void **state)
{
    (void)state;
    study s = make_study(5, false);
    eae_tall_problem p = problem_of(&s, EAE_LOSS_HINGE, false);
    eae_tall_watch watch = {.pass = stop_at_two};
    eae_tall_model m;
    assert_int_equal(fit_all(&p, 1, 1e9, 1, &watch, &m), EAE_FAIL);
    assert_string_equal(eae_message(), "enough");
    assert_null(m.w);
    free_study(&s);
}

/* A computation that stops after a pass, and one that goes on from what it left behind. */
typedef struct {
    eae_buffer kept;
    size_t at;
    int64_t stop; /* after that pass; 0: never */
    bool load;
} milestone;

static void keep_part(void *to, void *bytes, size_t n)
{
    eae_buffer_add(to, bytes, n);
}

static void load_part(void *to, void *bytes, size_t n)
{
    milestone *m = to;
    assert_true(m->at + n <= m->kept.length);
    memcpy(bytes, m->kept.data + m->at, n);
    m->at += n;
}

static int begin_from(void *context, eae_tall_progress *progress)
{
    milestone *m = context;
    if (!m->load)
        return EAE_OK;
    eae_tall_visit(progress, load_part, m);
    assert_int_equal(m->at, m->kept.length);
    return EAE_OK;
}

static int stop_after(void *context, eae_tall_progress *progress, int64_t pass, int64_t left,
                      double gap)
{
    milestone *m = context;
    (void)left;
    (void)gap;
    if (pass != m->stop)
        return EAE_OK;
    eae_tall_visit(progress, keep_part, &m->kept);
    return eae_fail("stopped");
}

static void test_resumed(void **state)
{
    (void)state;
    study s = make_study(6, false);
    eae_tall_problem p[4];
    eae_tall_model whole[4], rest[4];
    p[0] = problem_of(&s, EAE_LOSS_LOGISTIC, false);
    add_covariates(&s);
    for (int loss = EAE_LOSS_HINGE; loss <= EAE_LOSS_LOGISTIC; loss++)
        p[1 + loss] = problem_of(&s, (eae_loss)loss, loss == EAE_LOSS_SQUARED_HINGE);
    assert_int_equal(fit_all(p, 4, 1e9, 1, NULL, whole), EAE_OK);
    for (int64_t stop = 1; stop < 50; stop += 6) {
        milestone m = {.stop = stop};
        eae_tall_watch watch = {.begin = begin_from, .pass = stop_after, .context = &m};
        if (fit_all(p, 4, 1e9, 2, &watch, rest) == EAE_OK)
            for (int k = 0; k < 4; k++)
                eae_tall_model_free(&rest[k]);
        if (m.kept.length == 0)
            break; /* done before that */
        m.stop = 0;
        m.load = true;
        assert_int_equal(fit_all(p, 4, 0, 3, &watch, rest), EAE_OK);
        for (int k = 0; k < 4; k++) {
            assert_memory_equal(whole[k].w, rest[k].w, COLS * sizeof(double));
            assert_memory_equal(whole[k].value, rest[k].value, ROWS * sizeof(double));
            assert_true(whole[k].objective == rest[k].objective);
            assert_true(whole[k].gap == rest[k].gap);
            assert_int_equal(whole[k].iterations, rest[k].iterations);
            if (p[k].free)
                assert_memory_equal(whole[k].gamma, rest[k].gamma, COVARIATES * sizeof(double));
            eae_tall_model_free(&rest[k]);
        }
        eae_buffer_free(&m.kept);
    }
    for (int k = 0; k < 4; k++)
        eae_tall_model_free(&whole[k]);
    free_study(&s);
}

/* Penalties from hardly any to crushing, classes of which one is rare, or apart. Solved to a gap
 * that test_gap_is_true() shows to be one, in few passes, to the same bits. */
static void try_second_order(int rows, int cols, int costs, double tol)
{
    float *x = eae_malloc((size_t)(rows * cols), sizeof *x);
    double *y = EAE_NEW_ARRAY(double, rows), *cost = EAE_NEW_ARRAY(double, rows);
    eae_source source = {.x = x, .rows = rows, .cols = cols, .feature_count = cols};
    for (int apart = 0; apart < 2; apart++) {
        eae_random r;
        eae_random_start(&r, 7, EAE_RANDOM_SYNTH_OTHER, 0);
        for (int i = 0; i < rows; i++) {
            y[i] = i % 20 == 0 ? 1 : -1;
            for (int j = 0; j < cols; j++)
                x[i * cols + j] =
                    (float)(eae_random_unit(&r) - 0.5 + (j < 2 ? (0.1 + apart) * y[i] : 0));
        }
        for (int k = 0; k < 4 * costs * 2; k++) {
            eae_loss loss = (eae_loss)(k % 4);
            double c = (const double[]){1e-5, 1, 1e4}[k / 4 % costs];
            bool penalised = k / (4 * costs) && loss <= EAE_LOSS_SQUARED_HINGE;
            for (int i = 0; i < rows; i++)
                cost[i] = i % 9 == 4 ? 0 : c;
            eae_tall_problem p = {.source = &source,
                                  .y = y,
                                  .cost = cost,
                                  .loss = loss,
                                  .bias_penalised = penalised,
                                  .tol = tol};
            eae_tall_model m[2];
            for (int t = 0; t < 2; t++)
                assert_int_equal(eae_fit_few(&p, 1, cpu, 1 + 3 * t, NULL, &m[t]), EAE_OK);
            assert_true(m[0].converged && m[0].iterations < 150);
            assert_memory_equal(m[0].w, m[1].w, (size_t)cols * sizeof(double));
            assert_memory_equal(m[0].value, m[1].value, (size_t)rows * sizeof(double));
            eae_tall_model_free(&m[0]);
            eae_tall_model_free(&m[1]);
        }
    }
    free(x);
    free(y);
    free(cost);
}

/* Many pieces of rows; and a matrix that is made in blocks. */
static void test_many_rows(void **state)
{
    (void)state;
    try_second_order(4000, 6, 3, 1e-8);
    try_second_order(600, 260, 1, 1e-7);
}

static void test_what_suits(void **state)
{
    (void)state;
    assert_true(eae_few_suits(512, 256) && !eae_few_suits(511, 256));
    assert_true(eae_few_suits(2000, 1000) && !eae_few_suits(1999, 1000));
    assert_true(eae_few_suits(13000, 4000) && !eae_few_suits(12000, 4000));
    assert_false(eae_few_suits(1000000, 5000));
}

static int by_blocks(void **state)
{
    (void)state;
    few = false;
    return eae_kernels_choose(EAE_BACKEND_CPU, &cpu);
}

static int by_second_order(void **state)
{
    (void)state;
    few = true;
    return eae_kernels_choose(EAE_BACKEND_CPU, &cpu);
}

#define BOTH(test) \
    cmocka_unit_test_setup(test, by_blocks), cmocka_unit_test_setup(test, by_second_order)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_agreement),  BOTH(test_adjusted),
        BOTH(test_covariates), BOTH(test_gap_is_true),
        BOTH(test_features),   BOTH(test_same_bits),
        BOTH(test_stopped),    cmocka_unit_test(test_what_suits),
        BOTH(test_resumed),    cmocka_unit_test_setup(test_many_rows, by_second_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
