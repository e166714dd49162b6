/*
 * bench_eliminate.c - exact elimination one feature at a time on made-up expression data. Not run
 * by `make check`.
 *
 *     make build/bench/bench_eliminate
 *     build/bench/bench_eliminate [rows [cols [C [hinge|squared-hinge [backend]]]]]
 *
 * The data are those of `eae-synth --rows ROWS --cols COLS --informative 50 --effect 0.3`, each
 * feature standardised. Prints the processor time of this thread for each part, and what was done.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/diag.h"
#include "base/memory.h"
#include "eval/synth/synth.h"
#include "model/svm_eliminate.h"

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static void must(int status)
{
    if (status != EAE_OK)
        eae_die_status(status);
}

static double part(const char *name, double since)
{
    double t = now();
    printf("%-28s %9.1f ms\n", name, t - since);
    return t;
}

/* z = (x - mean) / sd over all rows */
static eae_features standardise(const eae_kernels *kernels, const eae_source *source)
{
    int64_t n = source->rows, cols = source->cols;
    eae_features f = {.rows = n, .ld = eae_features_stride(n), .cols = cols};
    double *mean = eae_malloc((size_t)cols, sizeof *mean), *inverse = eae_malloc((size_t)cols, 8);
    double *one = eae_malloc((size_t)n, sizeof *one);
    float *x = eae_try_alloc((size_t)(cols * f.ld), sizeof *x, "features");
    for (int64_t i = 0; i < n; i++)
        one[i] = 1;
    must(x ? EAE_OK : EAE_FAIL);
    must(kernels->moments(source, NULL, n, one, 1, NULL, mean, inverse, 1));
    for (int64_t j = 0; j < cols; j++) {
        mean[j] /= (double)n;
        inverse[j] = 1 / sqrt(inverse[j] / (double)n - mean[j] * mean[j]);
    }
    must(kernels->turn(source, NULL, n, false, x, 1));
    f.x = x;
    f.shift = mean;
    f.inverse = inverse;
    free(one);
    return f;
}

static void report(const eae_svm_eliminate_result *r, int64_t steps)
{
    double smallest = 1;
    for (int64_t k = 0; k < steps; k++)
        smallest = fmin(smallest, r->gap[k]);
    printf("residual %.2g, pivots %lld, M made anew %lld, recoveries %lld, smallest gap %.2g\n",
           r->residual, (long long)r->pivots, (long long)r->refactored, (long long)r->recoveries,
           smallest);
    static const char *const name[] = {"near", "in f64", "for sets", "made whole numbers"};
    printf("features per step:");
    for (int k = 0; k < 4; k++)
        printf("%s %s %.1f", k ? "," : "", name[k], (double)r->scored[k] / (double)steps);
    printf("\n");
    uint64_t hash = 14695981039346656037u;
    for (int64_t k = 0; k < steps; k++)
        hash = (hash ^ (uint64_t)r->order[k]) * 1099511628211u;
    printf("order %016llx, last objective %.17g, gap %.2g\n", (unsigned long long)hash,
           r->fit->objective, r->fit->gap);
}

static void eliminate(const eae_kernels *kernels, const eae_features *f, const double *y, double c,
                      eae_svm_loss loss)
{
    int64_t n = f->rows;
    int64_t *row = eae_malloc((size_t)n, sizeof *row);
    int64_t *active = eae_malloc((size_t)f->cols, sizeof *active);
    double *cost = eae_malloc((size_t)n, sizeof *cost);
    for (int64_t i = 0; i < n; i++) {
        row[i] = i;
        cost[i] = c;
    }
    for (int64_t j = 0; j < f->cols; j++)
        active[j] = j;
    eae_gram_problem side = {.kernels = kernels, .n = n, .y = y, .cost = cost, .tol = 1e-9};
    eae_gram_fit fit;
    eae_gram_fit_init(&fit, n, 0);
    eae_svm_eliminate_problem problem = {.kernels = kernels,
                                         .features = f,
                                         .row = row,
                                         .n = n,
                                         .m = n,
                                         .active = active,
                                         .count = f->cols,
                                         .until = 1,
                                         .loss = loss,
                                         .sides = 1,
                                         .side = &side,
                                         .threads = 1};
    eae_svm_eliminate_result result = {.fit = &fit};
    result.gram = eae_malloc((size_t)(n * n), sizeof(double));
    result.order = eae_malloc((size_t)f->cols, sizeof(int64_t));
    result.gap = eae_malloc((size_t)f->cols, sizeof(double));
    double start = now();
    must(eae_svm_eliminate(&problem, &result));
    part("elimination", start);
    report(&result, f->cols - 1);
    eae_gram_fit_free(&fit);
    free(result.gram);
    free(result.order);
    free(result.gap);
    free(row);
    free(active);
    free(cost);
}

int main(int argc, char **argv)
{
    const eae_kernels *kernels;
    eae_synth *synth;
    eae_synth_options options = {.rows = argc > 1 ? strtol(argv[1], NULL, 10) : 200,
                                 .cols = argc > 2 ? strtol(argv[2], NULL, 10) : 54675,
                                 .noise = 1,
                                 .planted = 50,
                                 .effect = 0.3,
                                 .seed = 1};
    double c = argc > 3 ? strtod(argv[3], NULL) : 1;
    bool squared = argc > 4 && strcmp(argv[4], "squared-hinge") == 0;
    bool ref = argc > 5 && strcmp(argv[5], "ref") == 0;
    options.to = options.rows;
    if (options.planted > options.cols)
        options.planted = options.cols;
    must(eae_kernels_choose(ref ? EAE_BACKEND_REF : EAE_BACKEND_CPU, &kernels));
    must(eae_synth_new(&synth, &options));
    eae_frame *head = eae_synth_head(synth, 1);
    const eae_annot *label = eae_axis_find(&head->rows, "label");
    float *x = eae_malloc((size_t)(options.rows * options.cols), sizeof *x);
    double *y = eae_malloc((size_t)options.rows, sizeof *y);
    eae_synth_cells(synth, 0, options.rows * options.cols, x);
    for (int64_t i = 0; i < options.rows; i++)
        y[i] = label->code[i] ? 1 : -1;
    eae_source source = {
        .x = x, .rows = options.rows, .cols = options.cols, .feature_count = options.cols};
    printf("%s\n%lld x %lld, C %g\n", eae_kernels_identity(kernels), (long long)options.rows,
           (long long)options.cols, c);
    double start = now();
    eae_features f = standardise(kernels, &source);
    part("moments and turning over", start);
    eliminate(kernels, &f, y, c, squared ? EAE_SQUARED_HINGE : EAE_HINGE);
    return 0;
}
