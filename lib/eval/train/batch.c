/* batch.c - many splits at once; the idea is in batch.h. */
#include "eval/train/batch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/threads.h"

enum { PASSES_MAX = 15, SPLITS_MIN = 8 };

typedef struct {
    eae_fold fold;
    eae_fits fits;
    double *y;      /* n */
    double *cost;   /* n */
    double *gram;   /* n x n: c K of the training rows */
    double ratio;   /* c */
    double *offset; /* n: (K_s - c K) b */
    double *true_f; /* n: K_s b */
    double *kept;   /* n: b as the product saw it */
    double *value;  /* params x tests */
    double gap;     /* after the pass before */
    bool converged; /* at the parameter in hand */
    bool given_up;  /* at any: passes stopped helping */
    bool solved;    /* by a device, in this pass */
} member;

typedef struct {
    const eae_run *run;
    const double *model;
    member *member;
    int64_t count;
    float *d;  /* EAE_BATCH x cols: inverse variances */
    double *b; /* rows x EAE_BATCH */
    double *f; /* rows x EAE_BATCH: K_s b */
    int param;
    int64_t first;
    int64_t slot; /* the column of the first split in d, b and f */
    eae_batch_done done;
    void *context;
} batch;

bool eae_batch_fits(const eae_run *run, int64_t splits)
{
    const eae_train_spec *spec = run->spec;
    const eae_prepare_spec *p = &spec->prepare;
    bool learner = (spec->model == EAE_MODEL_SVM && spec->kernel == EAE_KERNEL_LINEAR) ||
                   spec->model == EAE_MODEL_LOGISTIC;
    bool plain = p->scaling == EAE_SCALE_FOLD && p->filter == EAE_FILTER_NONE && !p->design &&
                 run->dataset.missing == 0 && !spec->bias_penalised && spec->permutations == 0 &&
                 !spec->tune;
    const eae_dataset *d = &run->dataset;
    bool large = eae_kernels_precision(d->rows, d->cols, d->is_f64) == EAE_PRECISION_F32;
    return !run->streams && learner && plain && large && run->target.outcome.classes == 2 &&
           splits >= SPLITS_MIN;
}

/* Every row, centred and scaled by all rows. */
static eae_source all_rows(const eae_dataset *d, const double *inverse)
{
    return (eae_source){.x = d->x,
                        .is_f64 = d->is_f64,
                        .rows = d->rows,
                        .cols = d->cols,
                        .feature_count = d->cols,
                        .shift = d->reference,
                        .inverse = inverse};
}

int eae_batch_model(const eae_run *run, double **gram)
{
    const eae_dataset *d = &run->dataset;
    double *inverse = eae_try_alloc((size_t)d->cols, sizeof(double), "feature scales");
    *gram = eae_try_alloc((size_t)(d->rows * d->rows), sizeof(double), "the Gram matrix");
    int status = inverse && *gram ? EAE_OK : EAE_FAIL;
    for (int64_t j = 0; j < d->cols && status == EAE_OK; j++)
        inverse[j] = 1 / d->scale[j];
    if (status == EAE_OK) {
        eae_source source = all_rows(d, inverse);
        status =
            d->kernels->gram(&source, NULL, d->rows, EAE_PRECISION_F32, *gram, run->spec->threads);
    }
    free(inverse);
    return status;
}

/* ---- setting up ------------------------------------------------------------------------------ */

typedef struct {
    batch *t;
    double *mean;
    double *scale;
} variances;

static int finish_variances(void *context, int64_t s, int worker)
{
    variances *v = context;
    const eae_dataset *d = &v->t->run->dataset;
    const eae_split *split = v->t->member[s].fold.split;
    double *sd = v->scale + s * d->cols;
    float *inverse = v->t->d + (v->t->slot + s) * d->cols;
    (void)worker;
    eae_prepare_finish_scale(d, split->train, split->count, split->train_count,
                             v->mean + s * d->cols, sd);
    for (int64_t j = 0; j < d->cols; j++)
        inverse[j] = (float)(1 / (sd[j] * sd[j]));
    return EAE_OK;
}

/* Inverse variances of the training rows of every split, one pass over the data. */
static int learn_variances(batch *t)
{
    const eae_dataset *d = &t->run->dataset;
    size_t size = (size_t)(t->count * d->cols);
    double *c = EAE_NEW_ARRAY(double, t->count * d->rows);
    double *mean = eae_try_alloc(size, sizeof(double), "feature means of many splits");
    double *scale = eae_try_alloc(size, sizeof(double), "feature scales of many splits");
    int status = mean && scale ? EAE_OK : EAE_FAIL;
    for (int64_t s = 0; s < t->count; s++) {
        const eae_split *split = t->member[s].fold.split;
        double total = 0;
        for (int64_t i = 0; i < split->train_count; i++)
            total += split->count[i];
        for (int64_t i = 0; i < split->train_count; i++)
            c[s * d->rows + split->train[i]] = split->count[i] / total;
    }
    eae_source source = all_rows(d, NULL);
    if (status == EAE_OK)
        status = d->kernels->moments(&source, NULL, d->rows, c, t->count, NULL, mean, scale,
                                     t->run->spec->threads);
    variances v = {t, mean, scale};
    if (status == EAE_OK)
        status = eae_parallel(t->run->spec->threads, t->count, finish_variances, &v);
    free(c);
    free(mean);
    free(scale);
    return status;
}

/* c: what one Gram matrix is of the other on average, from the features' variances. */
static double average_ratio(const batch *t, int64_t s)
{
    const eae_dataset *d = &t->run->dataset;
    double sum = 0;
    for (int64_t j = 0; j < d->cols; j++)
        sum += (double)t->d[(t->slot + s) * d->cols + j] * d->scale[j] * d->scale[j];
    return sum / (double)d->cols;
}

static int open_member(void *context, int64_t s, int worker)
{
    batch *t = context;
    member *m = &t->member[s];
    const eae_run *run = t->run;
    (void)worker;
    int status = eae_fold_open_rows(&m->fold, run, m->fold.split);
    if (status == EAE_OK)
        status = eae_fits_open(&m->fits, &m->fold, &run->target, NULL, 1);
    if (status != EAE_OK)
        return status;
    int64_t n = m->fold.n, tests = m->fold.m - n;
    m->y = EAE_NEW_ARRAY(double, n);
    m->cost = EAE_NEW_ARRAY(double, n);
    m->offset = EAE_NEW_ARRAY(double, n);
    m->true_f = EAE_NEW_ARRAY(double, n);
    m->kept = EAE_NEW_ARRAY(double, n);
    m->value = EAE_NEW_ARRAY(double, tests * run->spec->params);
    m->gram = eae_try_alloc((size_t)(n * n), sizeof(double), "the Gram matrix of a fold");
    if (!m->gram)
        return EAE_FAIL;
    double ratio = m->ratio = average_ratio(t, s);
    for (int64_t i = 0; i < n; i++) {
        const double *from = t->model + m->fold.row[i] * run->dataset.rows;
        m->y[i] = run->target.class[m->fold.row[i]] == 1 ? 1 : -1;
        for (int64_t k = 0; k < n; k++)
            m->gram[i * n + k] = ratio * from[m->fold.row[k]];
    }
    return EAE_OK;
}

static void close_members(batch *t)
{
    for (int64_t s = 0; s < t->count; s++) {
        member *m = &t->member[s];
        eae_fold_close(&m->fold);
        eae_fits_free(&m->fits);
        free(m->y);
        free(m->cost);
        free(m->offset);
        free(m->true_f);
        free(m->kept);
        free(m->value);
        free(m->gram);
    }
    free(t->member);
    free(t->d);
    free(t->b);
    free(t->f);
}

/* ---- passes ---------------------------------------------------------------------------------- */

static eae_gram_problem problem_of(const batch *t, const member *m)
{
    const eae_train_spec *spec = t->run->spec;
    return (eae_gram_problem){.kernels = t->run->dataset.kernels,
                              .n = m->fold.n,
                              .gram = m->gram,
                              .ld = m->fold.n,
                              .y = m->y,
                              .cost = m->cost,
                              .offset = m->offset,
                              .u = m->fold.u,
                              .terms = spec->covariates.terms,
                              .tol = spec->tol,
                              .max_iter = spec->max_iter};
}

/* Solve with the model in place of the true matrix, and put b where the product expects it. */
static int solve_member(void *context, int64_t s, int worker)
{
    batch *t = context;
    member *m = &t->member[s];
    const eae_train_spec *spec = t->run->spec;
    eae_gram_fit *fit = eae_fits_at(&m->fits, t->param, 0, 0);
    (void)worker;
    if (m->converged || m->given_up)
        return EAE_OK;
    eae_gram_problem problem = problem_of(t, m);
    int64_t iterations = fit->iterations;
    int status = EAE_OK;
    if (!m->solved) {
        status = spec->model == EAE_MODEL_SVM ? eae_fit_svm(&problem, spec->loss, fit)
                                              : eae_fit_logistic(&problem, fit);
        fit->iterations += iterations;
    }
    for (int64_t i = 0; i < m->fold.n && status == EAE_OK; i++)
        t->b[m->fold.row[i] * EAE_BATCH + t->slot + s] = fit->beta[i];
    return status;
}

/* Certify on the true problem; where that is not good enough, the correction for the next pass. */
static int judge_member(void *context, int64_t s, int worker)
{
    batch *t = context;
    member *m = &t->member[s];
    const eae_train_spec *spec = t->run->spec;
    int64_t n = m->fold.n, tests = m->fold.m - n, terms = spec->covariates.terms;
    eae_gram_fit *fit = eae_fits_at(&m->fits, t->param, 0, 0);
    (void)worker;
    if (m->converged || m->given_up)
        return EAE_OK;
    for (int64_t i = 0; i < n; i++)
        m->true_f[i] = t->f[m->fold.row[i] * EAE_BATCH + t->slot + s];
    for (int64_t i = 0; i < n; i++) {
        double sum = 0;
        for (int64_t k = 0; k < n; k++)
            sum += m->gram[i * n + k] * fit->beta[k];
        m->offset[i] = m->true_f[i] - sum;
    }
    /* the certificate may take a longer model; the next pass goes on from this one */
    memcpy(m->kept, fit->beta, (size_t)n * sizeof *m->kept);
    eae_gram_problem problem = problem_of(t, m);
    problem.offset = NULL;
    static const eae_loss losses[] = {EAE_LOSS_HINGE, EAE_LOSS_SQUARED_HINGE};
    eae_loss loss = spec->model == EAE_MODEL_SVM ? losses[spec->loss] : EAE_LOSS_LOGISTIC;
    int status = eae_gram_certify(&problem, loss, m->true_f, fit);
    m->converged = fit->converged;
    double longer = 1;
    for (int64_t i = 0; i < n && longer == 1; i++)
        longer = m->kept[i] != 0 ? fit->beta[i] / m->kept[i] : 1;
    double *value = m->value + t->param * tests;
    for (int64_t i = 0; i < tests; i++) {
        value[i] = longer * t->f[m->fold.row[n + i] * EAE_BATCH + t->slot + s] + fit->intercept;
        for (int64_t c = 0; c < terms; c++)
            value[i] += fit->gamma[c] * m->fold.u[(n + i) * terms + c];
    }
    if (!m->converged)
        memcpy(fit->beta, m->kept, (size_t)n * sizeof *m->kept);
    /* single precision has a floor: a gap that no longer falls is at it */
    m->given_up |= !m->converged && !(fit->gap < m->gap / 2);
    m->gap = fit->gap;
    return status;
}

/* Where there is a device: all splits by one launch, with the model in place of the true matrices.
 * solve_member() does the others. */
static int solve_members(batch *t)
{
    const eae_run *run = t->run;
    int64_t count = 0;
    eae_svm_machine *machine = EAE_NEW_ARRAY(eae_svm_machine, t->count);
    int64_t *of = EAE_NEW_ARRAY(int64_t, t->count);
    for (int64_t s = 0; s < t->count; s++) {
        member *m = &t->member[s];
        m->solved = false;
        if (m->converged || m->given_up || run->spec->model != EAE_MODEL_SVM)
            continue;
        of[count] = s;
        machine[count++] = (eae_svm_machine){.problem = problem_of(t, m),
                                             .all = t->model,
                                             .rows = run->dataset.rows,
                                             .ld = run->dataset.rows,
                                             .row = m->fold.row,
                                             .ratio = m->ratio,
                                             .fit = eae_fits_at(&m->fits, t->param, 0, 0)};
    }
    int status = eae_fit_svm_together(machine, count, run->spec->loss, run->spec->threads);
    for (int64_t k = 0; k < count; k++)
        t->member[of[k]].solved = machine[k].done;
    free(machine);
    free(of);
    return status;
}

static bool all_settled(const batch *t)
{
    for (int64_t s = 0; s < t->count; s++) {
        if (!t->member[s].converged && !t->member[s].given_up)
            return false;
    }
    return true;
}

/* Costs of the parameter in hand; each fit starts from that of the parameter before. */
static void next_parameter(batch *t)
{
    const eae_run *run = t->run;
    for (int64_t s = 0; s < t->count; s++) {
        member *m = &t->member[s];
        eae_train_cost(run->spec, run->spec->param[t->param], m->fold.row, m->fold.split->count,
                       m->fold.n, run->target.class, run->target.outcome.classes, m->cost);
        m->converged = false;
        m->gap = INFINITY;
        if (t->param > 0)
            eae_fits_warm(&m->fits, t->param, m->fold.n, run->spec->covariates.terms);
    }
}

static int run_parameter(batch *t, int64_t *passes)
{
    const eae_dataset *d = &t->run->dataset;
    int threads = t->run->spec->threads, status = EAE_OK;
    next_parameter(t);
    for (int pass = 0; pass < PASSES_MAX && status == EAE_OK && !all_settled(t); pass++) {
        eae_source source = all_rows(d, NULL);
        status = solve_members(t);
        if (status == EAE_OK)
            status = eae_parallel(threads, t->count, solve_member, t);
        if (status == EAE_OK)
            status = d->kernels->gram_apply(&source, NULL, d->rows, t->d, t->b, EAE_BATCH,
                                            EAE_PRECISION_F32, t->f, threads);
        if (status == EAE_OK)
            status = eae_parallel(threads, t->count, judge_member, t);
        ++*passes;
    }
    for (int64_t s = 0; s < t->count; s++)
        t->member[s].given_up |= !t->member[s].converged;
    return status;
}

static int finish_member(void *context, int64_t s, int worker)
{
    batch *t = context;
    member *m = &t->member[s];
    (void)worker;
    if (!m->given_up) {
        eae_fits_rescale(&m->fits, t->run->spec);
        return t->done(t->context, t->first + s, &m->fold, &m->fits, m->value);
    }
    return t->done(t->context, t->first + s, &m->fold, NULL, NULL);
}

int eae_batch_run(const eae_run *run, const double *model, const eae_split *split, int64_t count,
                  int64_t first, int64_t ordinal, eae_batch_done done, void *context,
                  int64_t *passes)
{
    const eae_dataset *d = &run->dataset;
    batch t = {.run = run,
               .model = model,
               .count = count,
               .first = first,
               .slot = ordinal % EAE_BATCH,
               .done = done,
               .context = context};
    t.member = EAE_NEW_ARRAY(member, count);
    t.d = eae_try_alloc((size_t)(EAE_BATCH * d->cols), sizeof(float), "scales of many splits");
    t.b = EAE_NEW_ARRAY(double, EAE_BATCH * d->rows);
    t.f = EAE_NEW_ARRAY(double, EAE_BATCH * d->rows);
    for (int64_t s = 0; s < count; s++)
        t.member[s].fold.split = &split[s];
    int status = t.d ? EAE_OK : EAE_FAIL;
    if (status == EAE_OK) {
        memset(t.d, 0, (size_t)(EAE_BATCH * d->cols) * sizeof *t.d);
        status = learn_variances(&t);
    }
    if (status == EAE_OK)
        status = eae_parallel(run->spec->threads, count, open_member, &t);
    for (t.param = 0; t.param < run->spec->params && status == EAE_OK; t.param++)
        status = run_parameter(&t, passes);
    if (status == EAE_OK)
        status = eae_parallel(run->spec->threads, count, finish_member, &t);
    close_members(&t);
    return status;
}
