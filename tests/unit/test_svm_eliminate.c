/*
 * test_svm_eliminate.c - exact elimination against a plain one: at every size the machines are
 * solved anew from a Gram matrix made anew, and all weights are looked at.
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
#include "base/random.h"
#include "model/svm_eliminate.h"
#include "../tolerance.h"

static const eae_kernels *cpu;

/* ---- made-up studies ------------------------------------------------------------------------- */

typedef struct study {
    eae_features features;
    void *x;
    double *shift, *inverse;
    int64_t *row, *active;
    double *y, *cost, *u; /* of the training rows */
    eae_gram_problem side[3];
    eae_gram_fit fit[3];
    eae_svm_eliminate_problem problem;
    eae_svm_eliminate_result result;
    int64_t *size;
} study;

typedef struct design {
    int64_t rows, n, p; /* rows of the data, training rows, features */
    int sides;
    int64_t terms;
    double c;
    eae_svm_loss loss;
    bool penalised, is_f64, scaled, weighted;
    int64_t copies;    /* features that are copies of the one before */
    int64_t constants; /* features that are the same for all */
    int64_t twins;     /* samples that are copies of the one before, with the other label */
} design;

static double normal(eae_random *r)
{
    double sum = -6;
    for (int k = 0; k < 12; k++)
        sum += eae_random_unit(r);
    return sum;
}

static void set_value(study *s, int64_t i, int64_t j, double value)
{
    int64_t at = j * s->features.ld + i;
    if (s->features.is_f64)
        ((double *)s->x)[at] = value;
    else
        ((float *)s->x)[at] = (float)value;
}

static double value_of(const study *s, int64_t i, int64_t j)
{
    int64_t at = j * s->features.ld + i;
    double x = s->features.is_f64 ? ((double *)s->x)[at] : (double)((float *)s->x)[at];
    return (x - (s->shift ? s->shift[j] : 0)) * (s->inverse ? s->inverse[j] : 1);
}

static double raw_of(const study *s, int64_t i, int64_t j)
{
    int64_t at = j * s->features.ld + i;
    return s->features.is_f64 ? ((double *)s->x)[at] : (double)((float *)s->x)[at];
}

static void standardise(study *s, const design *d)
{
    s->shift = EAE_NEW_ARRAY(double, d->p);
    s->inverse = EAE_NEW_ARRAY(double, d->p);
    for (int64_t j = 0; j < d->p; j++) {
        double sum = 0, square = 0;
        for (int64_t i = 0; i < d->n; i++)
            sum += raw_of(s, s->row[i], j);
        s->shift[j] = sum / (double)d->n;
        for (int64_t i = 0; i < d->n; i++) {
            double v = raw_of(s, s->row[i], j) - s->shift[j];
            square += v * v;
        }
        bool same = square <= 1e-20 * (double)d->n * s->shift[j] * s->shift[j];
        s->shift[j] = same ? raw_of(s, s->row[0], j) : s->shift[j];
        s->inverse[j] = same ? 1 : 1 / sqrt(square / (double)d->n);
    }
    s->features.shift = s->shift;
    s->features.inverse = s->inverse;
}

static void make_values(study *s, const design *d, eae_random *r)
{
    for (int64_t j = 0; j < d->p; j++) {
        double spread = d->scaled ? 1 : 0.2 + 3 * eae_random_unit(r);
        for (int64_t i = 0; i < d->rows; i++)
            set_value(s, i, j, (d->scaled ? 5 : 0) + spread * normal(r));
    }
    for (int64_t k = 0; k < d->constants; k++) {
        int64_t j = (int64_t)eae_random_below(r, (uint64_t)d->p);
        for (int64_t i = 0; i < d->rows; i++)
            set_value(s, i, j, d->scaled ? 0.1 + (double)k : 0);
    }
    for (int64_t k = 0; k < d->copies; k++) {
        int64_t j = 1 + (int64_t)eae_random_below(r, (uint64_t)d->p - 1);
        int64_t from = (int64_t)eae_random_below(r, (uint64_t)j);
        for (int64_t i = 0; i < d->rows; i++)
            set_value(s, i, j, raw_of(s, i, from));
    }
}

static void make_twins(study *s, const design *d, eae_random *r)
{
    for (int64_t k = 0; k < d->twins; k++) {
        int64_t i = 1 + (int64_t)eae_random_below(r, (uint64_t)d->n - 1);
        for (int64_t j = 0; j < d->p; j++)
            set_value(s, s->row[i], j, raw_of(s, s->row[i - 1], j));
        for (int q = 0; q < d->sides; q++)
            s->y[q * d->n + i] = -s->y[q * d->n + i - 1];
    }
}

/* Every class among the first rows; the first features differ between classes. */
static void make_labels(study *s, const design *d, eae_random *r)
{
    int classes = d->sides == 1 ? 2 : d->sides;
    for (int64_t i = 0; i < d->n; i++) {
        int class =
            i < 2 * classes ? (int)(i % classes) : (int)eae_random_below(r, (uint64_t)classes);
        for (int q = 0; q < d->sides; q++)
            s->y[q * d->n + i] = class == q ? 1 : -1;
        for (int64_t j = class; j < d->p && j < 6; j += classes)
            set_value(s, s->row[i], j, raw_of(s, s->row[i], j) + 1);
        s->cost[i] = d->c * (d->weighted ? 1 + (double)eae_random_below(r, 3) : 1);
        for (int64_t t = 0; t < d->terms; t++)
            s->u[i * d->terms + t] = t == 2 ? s->u[i * d->terms] : normal(r); /* one depends */
    }
}

static void make_study(study *s, const design *d, uint64_t seed)
{
    eae_random r;
    eae_random_start(&r, seed, EAE_RANDOM_SYNTH_VALUE, 0);
    *s = (study){0};
    s->features = (eae_features){
        .is_f64 = d->is_f64, .rows = d->rows, .ld = eae_features_stride(d->rows), .cols = d->p};
    size_t bytes = (size_t)(d->p * s->features.ld) * (d->is_f64 ? 8 : 4);
    s->x = eae_try_alloc(bytes, 1, "features");
    memset(s->x, 0, bytes);
    s->features.x = s->x;
    s->row = EAE_NEW_ARRAY(int64_t, d->rows);
    s->active = EAE_NEW_ARRAY(int64_t, d->p);
    s->size = EAE_NEW_ARRAY(int64_t, d->p);
    s->y = EAE_NEW_ARRAY(double, d->sides * d->n);
    s->cost = EAE_NEW_ARRAY(double, d->n);
    s->u = EAE_NEW_ARRAY(double, d->n * d->terms);
    for (int64_t i = 0; i < d->rows; i++)
        s->row[i] = i;
    if (d->rows > d->n)
        eae_random_shuffle(&r, s->row, (size_t)d->rows);
    for (int64_t j = 0; j < d->p; j++) {
        s->active[j] = j;
        s->size[j] = d->p - j;
    }
    make_values(s, d, &r);
    make_labels(s, d, &r);
    make_twins(s, d, &r);
    if (d->scaled)
        standardise(s, d);
    for (int q = 0; q < d->sides; q++) {
        s->side[q] = (eae_gram_problem){.kernels = cpu,
                                        .n = d->n,
                                        .y = s->y + q * d->n,
                                        .cost = s->cost,
                                        .u = d->terms ? s->u : NULL,
                                        .terms = d->terms,
                                        .bias_penalised = d->penalised,
                                        .tol = 1e-6};
        eae_gram_fit_init(&s->fit[q], d->n, d->terms);
    }
    s->problem = (eae_svm_eliminate_problem){.kernels = cpu,
                                             .features = &s->features,
                                             .row = s->row,
                                             .n = d->n,
                                             .m = d->rows,
                                             .active = s->active,
                                             .count = d->p,
                                             .until = 1,
                                             .loss = d->loss,
                                             .sides = d->sides,
                                             .side = s->side,
                                             .size = s->size,
                                             .sizes = d->p,
                                             .threads = 1};
    s->result = (eae_svm_eliminate_result){.fit = s->fit};
    s->result.gram = EAE_NEW_ARRAY(double, d->rows * d->rows);
    s->result.order = EAE_NEW_ARRAY(int64_t, d->p);
    s->result.gap = EAE_NEW_ARRAY(double, d->p);
}

static void free_study(study *s)
{
    for (int q = 0; q < s->problem.sides; q++)
        eae_gram_fit_free(&s->fit[q]);
    void *all[] = {s->x,    s->shift, s->inverse, s->row,         s->active,       s->size,
                   s->cost, s->y,     s->u,       s->result.gram, s->result.order, s->result.gap};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        free(all[k]);
}

/* ---- the plain elimination ------------------------------------------------------------------- */

typedef struct lockstep {
    study *s;
    double *square; /* sizes x p: sum over sides of w^2 by the plain solution; -1: not in */
    double *noise;  /* sizes: what rounding may make of a weight of 0, squared */
    double residual;
    double worst_gap;
} lockstep;

static void plain_gram(const study *s, const int64_t *feature, int64_t left, double *k)
{
    int64_t m = s->problem.m;
    double *z = EAE_NEW_ARRAY(double, m);
    memset(k, 0, (size_t)(m * m) * sizeof *k);
    for (int64_t f = 0; f < left; f++) {
        for (int64_t i = 0; i < m; i++)
            z[i] = value_of(s, s->row[i], feature[f]);
        for (int64_t i = 0; i < m; i++) {
            for (int64_t j = 0; j < m; j++)
                k[i * m + j] += z[i] * z[j];
        }
    }
    free(z);
}

static double weight(const study *s, const double *beta, int64_t j)
{
    double w = 0;
    for (int64_t i = 0; i < s->problem.n; i++)
        w += value_of(s, s->row[i], j) * beta[i];
    return w;
}

/* How far a fit is from the optimality conditions, from their definition: the largest violation of
 * a multiplier, and of the constraints relative to the size of beta. */
static double condition(const study *s, int q, const double *k, double *outside)
{
    const eae_gram_problem *p = &s->side[q];
    const eae_gram_fit *fit = &s->fit[q];
    int64_t n = p->n, m = s->problem.m;
    double worst = 0, sum = 0, size = 0;
    *outside = 0;
    for (int64_t i = 0; i < n; i++) {
        double f = fit->intercept, b = fit->beta[i], y = p->y[i], a = y * b, terms = 0;
        for (int64_t j = 0; j < n; j++) {
            f += k[i * m + j] * fit->beta[j];
            terms += fabs(k[i * m + j] * fit->beta[j]);
        }
        for (int64_t t = 0; t < p->terms; t++)
            f += p->u[i * p->terms + t] * fit->gamma[t];
        double slope = y * f - 1; /* derivative of the dual's negative by a */
        bool hinge = s->problem.loss == EAE_HINGE;
        if (!hinge)
            slope += a / (2 * p->cost[i]);
        double noise = terms * EAE_TOLERANCE_SUM_F64; /* of f as computed here */
        if (a > 0)
            worst = fmax(worst, slope - noise);
        if (!hinge || a < p->cost[i])
            worst = fmax(worst, -slope - noise);
        *outside = fmax(*outside, fmax(-a, hinge ? a - p->cost[i] : 0));
        sum += b;
        size += fabs(b);
    }
    if (!p->bias_penalised && size > 0)
        *outside = fmax(*outside, fabs(sum) / size);
    for (int64_t t = 0; t < p->terms && size > 0; t++) {
        double moment = 0;
        for (int64_t i = 0; i < n; i++)
            moment += p->u[i * p->terms + t] * fit->beta[i];
        *outside = fmax(*outside, fabs(moment) / size);
    }
    return worst;
}

static void solve_plainly(const study *s, int q, const double *k, eae_gram_fit *fit)
{
    eae_gram_problem p = s->side[q];
    p.gram = k;
    p.ld = s->problem.m;
    p.tol = 1e-13;
    assert_int_equal(eae_fit_svm(&p, s->problem.loss, fit), EAE_OK);
}

static int look(void *context, const int64_t *feature, int64_t left)
{
    lockstep *l = context;
    study *s = l->s;
    int64_t m = s->problem.m, n = s->problem.n, p = s->problem.count;
    double *square = l->square + (p - left) * p, trace = 0;
    for (int64_t j = 0; j < p; j++)
        square[j] = -1;
    if (left > 100 && left % 7 > 0)
        return EAE_OK;
    double *k = EAE_NEW_ARRAY(double, m *m);
    plain_gram(s, feature, left, k);
    for (int64_t i = 0; i < m; i++)
        trace = fmax(trace, k[i * m + i]);
    for (int64_t i = 0; i < m * m; i++)
        assert_true(fabs(k[i] - s->result.gram[i]) <= EAE_TOLERANCE_GRAM * trace);
    for (int64_t f = 0; f < left; f++)
        square[feature[f]] = 0;
    for (int q = 0; q < s->problem.sides; q++) {
        double outside, residual = condition(s, q, k, &outside);
        l->residual = fmax(l->residual, residual);
        l->worst_gap = fmax(l->worst_gap, s->fit[q].gap);
        if (residual > EAE_TOLERANCE_KKT || outside > EAE_TOLERANCE_KKT || !s->fit[q].converged)
            fail_msg("%d features, side %d: residual %g, outside %g, gap %g", (int)left, q,
                     residual, outside, s->fit[q].gap);
        eae_gram_fit plain;
        eae_gram_fit_init(&plain, n, s->side[q].terms);
        solve_plainly(s, q, k, &plain);
        double length = 0;
        for (int64_t i = 0; i < n; i++)
            length += fabs(plain.beta[i]);
        for (int64_t f = 0; f < left; f++) {
            double w = weight(s, plain.beta, feature[f]);
            square[feature[f]] += w * w;
        }
        l->noise[p - left] += 1e-25 * trace * length * length;
        eae_gram_fit_free(&plain);
    }
    free(k);
    return EAE_OK;
}

/* Each feature that went had the smallest sum of squares, or one that cannot be told from it. */
static void check_order(const lockstep *l, const char *what, uint64_t seed)
{
    const study *s = l->s;
    int64_t p = s->problem.count;
    for (int64_t k = 0; k + 1 < p; k++) {
        const double *square = l->square + k * p;
        int64_t gone = s->result.order[k];
        double smallest = INFINITY;
        if (p - k > 100 && (p - k) % 7 > 0) /* not looked at */
            continue;
        assert_true(square[gone] >= 0);
        for (int64_t j = 0; j < p; j++) {
            if (square[j] >= 0 && j != gone)
                smallest = fmin(smallest, square[j]);
        }
        if (square[gone] > smallest * (1 + EAE_TOLERANCE_RANK) + l->noise[k])
            fail_msg("%s %d, %d features: %d went with %.17g, smallest %.17g, noise %g", what,
                     (int)seed, (int)(p - k), (int)gone, square[gone], smallest, l->noise[k]);
    }
}

static void run_lockstep(study *s, const char *what, uint64_t seed)
{
    int64_t p = s->problem.count;
    lockstep l = {.s = s, .square = EAE_NEW_ARRAY(double, p *p), .noise = EAE_NEW_ARRAY(double, p)};
    s->problem.visit = look;
    s->problem.context = &l;
    if (eae_svm_eliminate(&s->problem, &s->result) != EAE_OK)
        fail_msg("%s %d: %s", what, (int)seed, eae_message());
    check_order(&l, what, seed);
    /* the terms of f, and their rounding, grow with the cost */
    assert_true(s->result.residual <= EAE_TOLERANCE_KKT * fmax(1, s->cost[0] / 100));
    if (getenv("EAE_TEST_VERBOSE"))
        printf("# %s %d: n %d p %d residual %.2g (%.2g) pivots %d refactored %d recoveries %d\n",
               what, (int)seed, (int)s->problem.n, (int)p, l.residual, s->result.residual,
               (int)s->result.pivots, (int)s->result.refactored, (int)s->result.recoveries);
    free(l.square);
    free(l.noise);
}

static design any_design(uint64_t seed)
{
    static const double costs[] = {1e-3, 1e-2, 0.1, 1, 10, 1e3};
    eae_random r;
    eae_random_start(&r, seed, EAE_RANDOM_SYNTH_OTHER, 0);
    design d = {.n = 8 + (int64_t)eae_random_below(&r, 33),
                .p = 2 + (int64_t)eae_random_below(&r, 79),
                .sides = eae_random_below(&r, 4) ? 1 : 3,
                .c = costs[eae_random_below(&r, 6)]};
    d.rows = d.n + (int64_t)eae_random_below(&r, 3) * 5;
    d.loss = eae_random_below(&r, 3) ? EAE_HINGE : EAE_SQUARED_HINGE;
    d.penalised = eae_random_below(&r, 3) == 0;
    d.terms = eae_random_below(&r, 3) ? 0 : 1 + (int64_t)eae_random_below(&r, 3);
    d.is_f64 = eae_random_below(&r, 4) == 0;
    d.scaled = eae_random_below(&r, 3) > 0;
    d.weighted = eae_random_below(&r, 3) == 0;
    d.copies = eae_random_below(&r, 3) ? 0 : 1 + (int64_t)eae_random_below(&r, 5);
    d.constants = eae_random_below(&r, 3) ? 0 : 1 + (int64_t)eae_random_below(&r, 5);
    d.twins = eae_random_below(&r, 3) ? 0 : 1 + (int64_t)eae_random_below(&r, 4);
    return d;
}

static void test_any(void **state)
{
    (void)state;
    const char *text = getenv("EAE_TEST_SEEDS");
    uint64_t seeds = text ? strtoull(text, NULL, 10) : 200;
    for (uint64_t seed = getenv("SEED0") ? strtoull(getenv("SEED0"), NULL, 10) : 0; seed < seeds;
         seed++) {
        study s;
        design d = any_design(seed);
        if (getenv("EAE_TEST_VERBOSE"))
            printf("# seed %d: rows %d n %d p %d sides %d terms %d C %g loss %d penalised %d f64 "
                   "%d scaled %d weighted %d copies %d constants %d twins %d\n",
                   (int)seed, (int)d.rows, (int)d.n, (int)d.p, d.sides, (int)d.terms, d.c, d.loss,
                   d.penalised, d.is_f64, d.scaled, d.weighted, (int)d.copies, (int)d.constants,
                   (int)d.twins);
        make_study(&s, &d, seed);
        run_lockstep(&s, "any", seed);
        free_study(&s);
    }
}

/* More features than are near, so that sets are chosen; more samples than features at the end. */
static void test_wide(void **state)
{
    (void)state;
    const design all[] = {
        {.rows = 40, .n = 34, .p = 700, .sides = 1, .c = 1, .scaled = true, .copies = 20},
        {.rows = 30,
         .n = 30,
         .p = 650,
         .sides = 3,
         .c = 0.1,
         .scaled = true,
         .constants = 30,
         .loss = EAE_SQUARED_HINGE,
         .terms = 1},
    };
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        study s;
        make_study(&s, &all[k], 100 + k);
        run_lockstep(&s, "wide", k);
        free_study(&s);
    }
}

/* ---- the same bits --------------------------------------------------------------------------- */

static const design large = {
    .rows = 30, .n = 24, .p = 4500, .sides = 1, .c = 1, .scaled = true, .copies = 50};

static void run(study *s)
{
    if (eae_svm_eliminate(&s->problem, &s->result) != EAE_OK)
        fail_msg("%s", eae_message());
}

/* `b` ended as `a` did, from step `from` of a on. */
static void assert_same_end(const study *a, const study *b, int64_t from)
{
    size_t count = (size_t)(a->problem.count - a->problem.until - from);
    assert_int_equal(count, b->problem.count - b->problem.until);
    assert_memory_equal(a->result.order + from, b->result.order, count * sizeof(int64_t));
    assert_memory_equal(a->result.gap + from, b->result.gap, count * sizeof(double));
    size_t m = (size_t)a->problem.m, n = (size_t)a->problem.n;
    assert_memory_equal(a->result.gram, b->result.gram, m * m * sizeof(double));
    for (int q = 0; q < a->problem.sides; q++) {
        assert_memory_equal(a->fit[q].beta, b->fit[q].beta, n * sizeof(double));
        assert_true(a->fit[q].intercept == b->fit[q].intercept);
        assert_true(a->fit[q].objective == b->fit[q].objective);
    }
}

/* However many threads there are, and however often somebody looks. */
static void test_same_bits(void **state)
{
    (void)state;
    study a, b;
    make_study(&a, &large, 7);
    make_study(&b, &large, 7);
    a.problem.sizes = 0;
    b.problem.threads = 4;
    run(&a);
    run(&b);
    assert_same_end(&a, &b, 0);
    free_study(&a);
    free_study(&b);
}

typedef struct snapshot {
    const study *of;
    int64_t left, *active;
    double *gram, *beta;
} snapshot;

static int keep_copy(void *context, const int64_t *feature, int64_t left)
{
    snapshot *c = context;
    size_t m = (size_t)c->of->problem.m, n = (size_t)c->of->problem.n;
    if (left != c->left)
        return EAE_OK;
    memcpy(c->active, feature, (size_t)left * sizeof *feature);
    memcpy(c->gram, c->of->result.gram, m * m * sizeof(double));
    for (int q = 0; q < c->of->problem.sides; q++)
        memcpy(c->beta + (size_t)q * n, c->of->fit[q].beta, n * sizeof(double));
    return EAE_OK;
}

/* From what a visit saw at a size of restarts it goes on with the same bits. */
static void check_restart(const design *d, int64_t left)
{
    study a, b;
    make_study(&a, d, 8);
    make_study(&b, d, 8);
    assert_true(eae_svm_eliminate_restarts(left));
    snapshot c = {.of = &a,
                  .left = left,
                  .active = b.active,
                  .gram = b.result.gram,
                  .beta = EAE_NEW_ARRAY(double, d->n * d->sides)};
    a.problem.visit = keep_copy;
    a.problem.context = &c;
    run(&a);
    for (int q = 0; q < d->sides; q++)
        memcpy(b.fit[q].beta, c.beta + q * d->n, (size_t)d->n * sizeof(double));
    b.problem.count = left;
    b.problem.have_gram = true;
    b.problem.sizes = 0;
    run(&b);
    assert_same_end(&a, &b, d->p - left);
    free(c.beta);
    free_study(&a);
    free_study(&b);
}

static void test_restart(void **state)
{
    (void)state;
    design three = large;
    three.sides = 3;
    three.terms = 1;
    three.p = 700;
    check_restart(&large, 4096);
    check_restart(&large, 2048);
    check_restart(&large, 16);
    check_restart(&three, 512);
    check_restart(&three, 64);
}

static int refuse(void *context, const int64_t *feature, int64_t left)
{
    (void)context;
    (void)feature;
    return left <= 20 ? eae_fail("enough") : EAE_OK;
}

/* A visit may end it; fewer features may be asked for. */
static void test_ends(void **state)
{
    (void)state;
    study s;
    design d = large;
    d.p = 100;
    make_study(&s, &d, 9);
    s.problem.visit = refuse;
    assert_int_equal(eae_svm_eliminate(&s.problem, &s.result), EAE_FAIL);
    assert_string_equal(eae_message(), "enough");
    study t;
    make_study(&t, &d, 9);
    t.problem.until = 20;
    t.problem.sizes = 81;
    run(&t);
    assert_memory_equal(s.result.order, t.result.order, 79 * sizeof(int64_t));
    free_study(&s);
    free_study(&t);
}

static int setup(void **state)
{
    (void)state;
    return eae_kernels_choose(EAE_BACKEND_CPU, &cpu);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any),       cmocka_unit_test(test_wide),
        cmocka_unit_test(test_same_bits), cmocka_unit_test(test_restart),
        cmocka_unit_test(test_ends),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
