/*
 * bench_kernels.c - how long the kernels take on shapes of expression data. Not run by `make
 * check`.
 *
 *     FLAGS="-std=c11 -D_DEFAULT_SOURCE -D_POSIX_C_SOURCE=200809L -O3 -Ilib"
 *     LIBS="build/libeae.a -larchive -lz -lm -ldl -pthread"
 *     mkdir -p build/bench
 *     cc $FLAGS tests/bench/bench_kernels.c $LIBS -o build/bench/bench_kernels
 *     build/bench/bench_kernels [backend [threads...]]
 *
 * Prints one line per kernel, shape and number of threads: best and median milliseconds of some
 * repeats, and GFLOP/s (gram counts m^2 p, as syrk does) at the best.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/diag.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/threads.h"
#include "kernels/kernels.h"
#include "model/gram_fit.h"

enum { REPEATS = 9 };

typedef struct {
    const eae_kernels *kernels;
    eae_source source;
    int64_t m, k;
    eae_precision precision;
    double *b, *c, *out, *wide;
    float *d;
    int threads;
} work;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(const char *name, const work *w, int (*run)(const work *), double flops)
{
    double time[REPEATS];
    for (int i = 0; i < REPEATS; i++) {
        double start = now();
        if (run(w) != EAE_OK)
            eae_die_status(EAE_FAIL);
        time[i] = now() - start;
    }
    qsort(time, REPEATS, sizeof *time, by_value);
    printf("%-22s %5lld x %lld k=%-3lld t=%d  best %8.2f ms  median %8.2f ms  %7.1f GFLOP/s\n",
           name, (long long)w->m, (long long)w->source.cols, (long long)w->k, w->threads, time[0],
           time[REPEATS / 2], flops / time[0] * 1e-6);
    fflush(stdout);
}

static int run_gram(const work *w)
{
    return w->kernels->gram(&w->source, NULL, w->m, w->precision, w->out, w->threads);
}

static int run_apply(const work *w)
{
    return w->kernels->gram_apply(&w->source, NULL, w->m, w->d, w->b, w->k, w->precision, w->out,
                                  w->threads);
}

static int run_weights(const work *w)
{
    return w->kernels->weights(&w->source, NULL, w->m, w->b, w->k, w->wide, w->threads);
}

static int run_decision(const work *w)
{
    return w->kernels->decision(&w->source, NULL, w->m, w->wide, w->k, w->out, w->threads);
}

static int run_moments(const work *w)
{
    int64_t n = w->k * w->source.cols;
    return w->kernels->moments(&w->source, NULL, w->m, w->b, w->k, w->wide, w->wide + n,
                               w->wide + 2 * n, w->threads);
}

static work make_work(const eae_kernels *kernels, int64_t m, int64_t cols, int64_t k)
{
    work w = {.kernels = kernels, .m = m, .k = k};
    eae_random r;
    eae_random_start(&r, 1, EAE_RANDOM_SYNTH_OTHER, 0);
    float *x = eae_malloc((size_t)(m * cols), sizeof *x);
    for (int64_t i = 0; i < m * cols; i++)
        x[i] = (float)eae_random_unit(&r);
    double *shift = eae_malloc((size_t)cols, sizeof *shift);
    double *inverse = eae_malloc((size_t)cols, sizeof *inverse);
    w.d = eae_malloc((size_t)(k * cols), sizeof *w.d);
    w.b = eae_malloc((size_t)(m * k), sizeof *w.b);
    w.wide = eae_calloc((size_t)(3 * k * cols), sizeof *w.wide);
    w.out = eae_malloc((size_t)(m * (m > k ? m : k)), sizeof *w.out);
    for (int64_t j = 0; j < cols; j++) {
        shift[j] = 0.5;
        inverse[j] = 1 + eae_random_unit(&r);
    }
    for (int64_t i = 0; i < k * cols; i++)
        w.d[i] = (float)eae_random_unit(&r);
    for (int64_t i = 0; i < m * k; i++)
        w.b[i] = eae_random_unit(&r);
    w.source = (eae_source){.x = x, .rows = m, .cols = cols, .feature_count = cols};
    w.source.shift = shift;
    w.source.inverse = inverse;
    return w;
}

static void free_work(work *w)
{
    const void *all[] = {w->source.x, w->source.shift, w->source.inverse, w->d, w->b,
                         w->wide,     w->out};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free((void *)(uintptr_t)all[i]);
}

static void bench_gram(const eae_kernels *kernels, int64_t m, int64_t cols, int threads)
{
    work w = make_work(kernels, m, cols, 1);
    double flops = (double)m * (double)m * (double)cols;
    w.threads = threads;
    w.precision = EAE_PRECISION_F32;
    measure("gram f32 scaled", &w, run_gram, flops);
    const double *shift = w.source.shift, *inverse = w.source.inverse;
    w.source.shift = w.source.inverse = NULL;
    measure("gram f32 plain", &w, run_gram, flops);
    w.source.shift = shift;
    w.source.inverse = inverse;
    w.precision = EAE_PRECISION_F64;
    measure("gram f64 scaled", &w, run_gram, flops);
    if (kernels->hold) { /* the data stay on the device */
        eae_kernels_hold(kernels, w.source.x, m * cols * (int64_t)sizeof(float));
        measure("gram f64 held", &w, run_gram, flops);
        w.precision = EAE_PRECISION_F32;
        measure("gram f32 held", &w, run_gram, flops);
        eae_kernels_release(kernels, w.source.x);
    }
    free_work(&w);
}

static void bench_others(const eae_kernels *kernels, int64_t m, int64_t cols, int threads)
{
    work w = make_work(kernels, m, cols, 100);
    double values = (double)m * (double)cols;
    w.threads = threads;
    w.precision = EAE_PRECISION_F32;
    measure("gram_apply f32 scaled", &w, run_apply, 4 * values * 100);
    measure("moments", &w, run_moments, 4 * values * 100);
    w.k = 20;
    measure("weights", &w, run_weights, 2 * values * 20);
    measure("decision", &w, run_decision, 2 * values * 20);
    w.k = 1;
    measure("moments", &w, run_moments, 4 * values);
    measure("weights", &w, run_weights, 2 * values);
    measure("decision", &w, run_decision, 2 * values);
    free_work(&w);
}

/* ---- support vector machines ------------------------------------------------------------------
 */

enum { MACHINES = 2000, TRAINING = 160 };

static int fit_machine(void *context, int64_t k, int worker)
{
    eae_svm_machine *m = (eae_svm_machine *)context + k;
    (void)worker;
    return m->done ? EAE_OK : eae_fit_svm(&m->problem, EAE_HINGE, m->fit);
}

/* Permuted labels of 160 of 200 rows, from nothing to certified solutions, several costs. */
static void bench_machines(const eae_kernels *kernels, int threads)
{
    work w = make_work(kernels, 200, 20000, 1);
    static const double costs[] = {1e-6, 1e-5, 1e-3};
    eae_svm_machine *machine = EAE_NEW_ARRAY(eae_svm_machine, MACHINES);
    eae_gram_fit *fit = EAE_NEW_ARRAY(eae_gram_fit, MACHINES);
    double *y = EAE_NEW_ARRAY(double, MACHINES *TRAINING), *cost = EAE_NEW_ARRAY(double, TRAINING);
    eae_random r;
    eae_random_start(&r, 2, EAE_RANDOM_SYNTH_OTHER, 0);
    w.precision = EAE_PRECISION_F64;
    if (run_gram(&w) != EAE_OK)
        eae_die_status(EAE_FAIL);
    for (int64_t i = 0; i < MACHINES * TRAINING; i++)
        y[i] = eae_random_unit(&r) < 0.5 ? -1 : 1;
    for (int c = 0; c < 3; c++) {
        for (int64_t i = 0; i < TRAINING; i++)
            cost[i] = costs[c];
        int64_t together = 0;
        for (int k = 0; k < MACHINES; k++) {
            eae_gram_fit_init(&fit[k], TRAINING, 0);
            machine[k] = (eae_svm_machine){.all = w.out, .rows = 200, .ld = 200, .ratio = 1};
            machine[k].fit = &fit[k];
            machine[k].problem = (eae_gram_problem){.kernels = kernels,
                                                    .n = TRAINING,
                                                    .gram = w.out,
                                                    .ld = 200,
                                                    .y = y + k * TRAINING,
                                                    .cost = cost,
                                                    .tol = 1e-6};
        }
        double start = now();
        int status = eae_fit_svm_together(machine, MACHINES, EAE_HINGE, threads);
        for (int k = 0; k < MACHINES; k++)
            together += machine[k].done;
        if (status == EAE_OK)
            status = eae_parallel(threads, MACHINES, fit_machine, machine);
        if (status != EAE_OK)
            eae_die_status(status);
        double time = now() - start;
        printf(
            "%-22s %5d x %d rows, cost %-6g t=%d  %8.2f ms  %8.0f a second, %lld in one launch\n",
            "svm", MACHINES, TRAINING, costs[c], threads, time, MACHINES / time * 1e3,
            (long long)together);
        for (int k = 0; k < MACHINES; k++)
            eae_gram_fit_free(&fit[k]);
    }
    free(machine);
    free(fit);
    free(y);
    free(cost);
    free_work(&w);
}

int main(int argc, char **argv)
{
    const char *const names[] = {"auto", "ref", "cpu", "cuda"};
    int backend = EAE_BACKEND_CPU;
    const eae_kernels *kernels;
    for (int i = 0; argc > 1 && i < 4; i++) {
        if (strcmp(argv[1], names[i]) == 0)
            backend = i;
    }
    int status = eae_kernels_choose((eae_backend)backend, &kernels);
    if (status != EAE_OK)
        eae_die_status(status);
    printf("%s\n", eae_kernels_identity(kernels));
    for (int i = 2; i < (argc > 2 ? argc : 4); i++) {
        int threads = argc > 2 ? atoi(argv[i]) : i - 1;
        bench_gram(kernels, 200, 54675, threads);
        bench_others(kernels, 200, 54675, threads);
        bench_gram(kernels, 1229, 54675, threads);
        bench_machines(kernels, threads);
    }
    return 0;
}
