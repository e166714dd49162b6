/* few_fit.c - passes for second-order methods, many models in each; see few_fit.h. */
#include "model/few_fit.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/threads.h"
#include "kernels/source.h"
#include "model/few_parts.h"
#include "model/loss.h"
#include "model/tall_parts.h"

/* Where few ends. Up to FEW a pass takes no longer than twenty of the other method, which needs
 * about 50 (rows / features)^2 at C = 1 where classes overlap (streamed.c); above, its price goes
 * with the features, so that rows / features must be the root of it at least (measured at 1,000 and
 * 4,000 features). At most: the matrix of one model takes 128 MB. */
enum { FEW = 256, ROWS_PER_FEATURE = 2, MANY = 4096 };
static const double FEATURES_PER_RATIO = 400;

/* Rows of a piece: values that a cache of the second level holds, with their scaled copy; where the
 * matrix itself is larger than that, about as many as features, so that it is not added up too
 * often. Part of the result. */
enum { PIECE_VALUES = 32768, PIECE_LEAST = 64 };

/* Columns of the matrix that are computed at a time, where there are more. */
enum { BLOCK = 256 };

/* Up to here plain loops beat a product by BLAS. */
enum { SMALL = 16 };

typedef struct {
    const eae_source *source;  /* whose values are in z; NULL: none yet */
    const eae_tall_free *free; /* and what is beside them */
    int64_t *row;              /* of the piece */
    double *z, *scaled, *block;
    double *sums; /* left x length */
} scratch;

typedef struct {
    eae_tall_progress progress; /* first */
    const eae_kernels *kernels;
    const eae_tall_watch *watch;
    int threads;
    int64_t rows, piece, length; /* rows of a piece; numbers of a model's sums */
    int64_t widest;              /* the largest q */
    eae_few_model *model;        /* those that are left first */
    int64_t left;
    scratch *scratch; /* threads */
    int64_t pass;     /* the last one that is done */
    const eae_tall_problem *problem;
    eae_tall_model *fit; /* of all models */
    int64_t count;
    char *done; /* count */
} fitting;

bool eae_few_suits(int64_t rows, int64_t features)
{
    double ratio = (double)rows / fmax((double)features, 1);
    if (features > MANY || rows < ROWS_PER_FEATURE * features)
        return false;
    return features <= FEW || ratio * ratio * FEATURES_PER_RATIO >= (double)features;
}

double eae_few_model_bytes(int64_t rows, int64_t features, int threads)
{
    double q = (double)features + 1, copies = 2 + threads;
    return (8 * (double)rows + copies * (q * q + 16 * q)) * sizeof(double);
}

static int64_t sums_length(int64_t q)
{
    return q * q + EAE_FEW_VECTORS * q + EAE_FEW_NUMBERS;
}

static int64_t sums_used(const eae_few_model *m)
{
    return m->phase == EAE_FEW_POINT ? sums_length(m->q) : sums_length(m->q) - m->q * m->q;
}

/* ---- pieces of rows -------------------------------------------------------------------------- */

void eae_few_values(const eae_few_piece *piece, int64_t q, const double *v, double *out)
{
    if (q > SMALL) {
        /* cannot fail but for memory, of which a product with a vector needs none */
        (void)piece->kernels->multiply(false, false, piece->n, 1, q, 1, piece->z, v, 0, out);
        return;
    }
    for (int64_t i = 0; i < piece->n; i++) {
        double sum = 0;
        for (int64_t j = 0; j < q; j++)
            sum += piece->z[i * q + j] * v[j];
        out[i] = sum;
    }
}

/* Columns first .. first + width - 1 of z, side by side in `to` (n x width). */
static void take_columns(const eae_few_piece *piece, int64_t q, int64_t first, int64_t width,
                         double *to)
{
    for (int64_t i = 0; i < piece->n; i++)
        memcpy(to + i * width, piece->z + i * q + first, (size_t)width * sizeof *to);
}

/* On and below the diagonal, in squares. */
static void matrix_by_blocks(const eae_few_piece *piece, int64_t q, const double *weight)
{
    int64_t n = piece->n;
    double *weighted = piece->block, *square = piece->block + n * BLOCK;
    for (int64_t j = 0; j < q; j += BLOCK) {
        int64_t width = q - j < BLOCK ? q - j : BLOCK;
        double *columns = piece->scaled + n * j;
        take_columns(piece, q, j, width, columns);
        for (int64_t i = 0; i < n; i++) {
            for (int64_t k = 0; k < width; k++)
                weighted[i * width + k] = weight[i] * columns[i * width + k];
        }
        for (int64_t r = 0; r <= j; r += BLOCK) { /* the rows are j's, the columns r's */
            int64_t across = q - r < BLOCK ? q - r : BLOCK;
            (void)piece->kernels->multiply(true, false, width, across, n, 1, weighted,
                                           piece->scaled + n * r, 0, square);
            for (int64_t k = 0; k < width; k++)
                memcpy(piece->matrix + (j + k) * q + r, square + k * across,
                       (size_t)across * sizeof *square);
        }
    }
}

void eae_few_matrix(const eae_few_piece *piece, int64_t q, const double *weight)
{
    double *matrix = piece->matrix;
    if (q <= SMALL) {
        memset(matrix, 0, (size_t)(q * q) * sizeof *matrix);
        for (int64_t i = 0; i < piece->n; i++) {
            const double *z = piece->z + i * q;
            for (int64_t j = 0; j < q && weight[i] != 0; j++) {
                double scaled = weight[i] * z[j];
                for (int64_t k = 0; k <= j; k++)
                    matrix[j * q + k] += scaled * z[k];
            }
        }
        return;
    }
    if (q > BLOCK) {
        matrix_by_blocks(piece, q, weight);
        return;
    }
    for (int64_t i = 0; i < piece->n; i++) {
        for (int64_t j = 0; j < q; j++)
            piece->scaled[i * q + j] = weight[i] * piece->z[i * q + j];
    }
    (void)piece->kernels->multiply(true, false, q, q, piece->n, 1, piece->z, piece->scaled, 0,
                                   matrix);
}

/* z of the piece for a model, with what is beside its features. */
static void load(scratch *s, const eae_few_model *m, int64_t first, int64_t n)
{
    const eae_source *source = m->problem->source;
    const eae_tall_free *f = m->problem->free;
    int64_t p = m->p, q = m->q, terms = f ? f->terms : 0;
    if (s->source == source && s->free == f)
        return;
    s->source = source;
    s->free = f;
    for (int64_t i = 0; i < n; i++)
        s->row[i] = first + i;
    double *plain = s->scaled;
    eae_source_block(source, s->row, n, 0, p, plain);
    for (int64_t i = 0; i < n; i++) {
        for (int64_t k = 0; k < p; k++) {
            double by = source->inverse ? source->inverse[eae_source_column(source, k)] : 1;
            s->z[i * q + k] = plain[i * p + k] * by;
        }
        for (int64_t t = 0; t < terms; t++)
            s->z[i * q + p + t] = f->e[(first + i) * terms + t];
        if (q > p + terms)
            s->z[i * q + q - 1] = 1;
    }
}

static int sum_piece(void *context, int64_t task, int worker)
{
    fitting *f = context;
    scratch *s = &f->scratch[worker];
    int64_t first = task * f->piece, rest = f->rows - first;
    int64_t n = rest < f->piece ? rest : f->piece;
    s->source = NULL;
    if (f->watch && f->watch->ahead && first + n < f->rows)
        f->watch->ahead(f->watch->context, first + n, f->piece < rest - n ? f->piece : rest - n);
    for (int64_t k = 0; k < f->left; k++) {
        eae_few_model *m = &f->model[k];
        double *sums = s->sums + k * f->length;
        memset(sums, 0, (size_t)sums_used(m) * sizeof *sums);
        load(s, m, first, n);
        eae_few_piece piece = {.kernels = f->kernels,
                               .z = s->z,
                               .scaled = s->scaled,
                               .block = s->block,
                               .first = first,
                               .n = n,
                               .number = sums,
                               .vector = sums + EAE_FEW_NUMBERS,
                               .matrix = sums + EAE_FEW_NUMBERS + EAE_FEW_VECTORS * m->q};
        (m->problem->loss == EAE_LOSS_HINGE ? eae_few_hinge_rows : eae_few_smooth_rows)(m, &piece);
    }
    return EAE_OK;
}

static int add_piece(void *context, int64_t task, int worker)
{
    fitting *f = context;
    (void)task;
    for (int64_t k = 0; k < f->left; k++) {
        eae_few_model *m = &f->model[k];
        const double *sums = f->scratch[worker].sums + k * f->length;
        double block = fmax(m->number[EAE_FEW_BLOCK], sums[EAE_FEW_BLOCK]);
        for (int64_t i = 0; i < sums_used(m); i++)
            m->number[i] += sums[i];
        m->number[EAE_FEW_BLOCK] = block;
    }
    return EAE_OK;
}

/* ---- what both methods share ----------------------------------------------------------------- */

/* The class that weighs more gives what is too much of the sum of beta; for numbers every row does,
 * by its cost. */
double eae_few_share(const eae_few_model *m, int64_t i, double beta, double sum)
{
    const eae_tall_problem *p = m->problem;
    if (p->loss == EAE_LOSS_SQUARED)
        return p->cost[i];
    return (p->y[i] > 0) == (sum > 0) ? beta : 0;
}

/* The dual bound of beta where nothing is free but the intercept. */
static double dual_of(const eae_few_model *m, eae_few_beta beta)
{
    const eae_tall_problem *problem = m->problem;
    const double *positive = m->vector + EAE_FEW_POSITIVE * m->q;
    const double *negative = m->vector + EAE_FEW_NEGATIVE * m->q;
    double sum = positive[m->p] + negative[m->p], factor = 0, dual = 0, norm = 0;
    const double *share = problem->loss == EAE_LOSS_SQUARED ? m->vector + EAE_FEW_COSTS * m->q
                          : sum > 0                         ? positive
                                                            : negative;
    if (!problem->bias_penalised && share[m->p] != 0)
        factor = sum / share[m->p];
    for (int64_t i = 0; i < m->rows; i++) {
        double c = problem->cost[i];
        if (c == 0)
            continue;
        double at = beta(m, i);
        at -= factor != 0 ? factor * eae_few_share(m, i, at, sum) : 0;
        dual += eae_loss_dual(problem->loss, problem->y[i], c, at);
    }
    for (int64_t j = 0; j < m->p; j++) {
        double v = positive[j] + negative[j] - factor * share[j];
        norm += v * v;
    }
    if (problem->bias_penalised)
        norm += sum * sum;
    return dual - norm / 2;
}

void eae_few_judge(eae_few_model *m, const eae_kernels *kernels, eae_few_beta beta,
                   eae_few_beta weight)
{
    double primal = 0, dual;
    for (int64_t j = 0; j < m->q; j++)
        primal += eae_few_penalised(m, j) ? m->point[j] * m->point[j] : 0;
    m->fit->objective = primal / 2 + m->number[EAE_FEW_LOSS];
    dual = m->problem->free ? eae_few_dual_free(m, kernels, beta, weight) : dual_of(m, beta);
    double missing = m->fit->objective - dual;
    double size = fmax(fabs(m->fit->objective), eae_tall_least(m->problem, m->rows));
    m->fit->gap = isfinite(missing) ? fmax(0, missing) / size : INFINITY;
}

int eae_few_factor(eae_few_model *m, const eae_kernels *kernels)
{
    int64_t q = m->q;
    memcpy(m->factor, m->matrix, (size_t)(q * q) * sizeof(double));
    for (int64_t j = 0; j < q; j++) {
        double *corner = &m->factor[j * q + j];
        if (eae_few_penalised(m, j) || !(*corner > 0))
            *corner += 1;
        /* what rounding may take from the last pivots, where classes lie far apart */
        if (j >= m->p)
            *corner *= 1 + 1e-13;
    }
    return kernels->cholesky(m->factor, q);
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* Vectors over the rows that a method keeps, beside the values. */
static size_t vectors_of(const eae_tall_problem *problem)
{
    return problem->loss == EAE_LOSS_HINGE ? 5 : 1;
}

static int open_model(eae_few_model *m, const eae_tall_problem *problem, eae_tall_model *fit)
{
    const eae_tall_free *f = problem->free;
    int64_t rows = problem->source->rows, p = problem->source->feature_count;
    int64_t q = p + (f ? f->terms : 0) + (!f || problem->bias_penalised ? 1 : 0);
    size_t vectors = vectors_of(problem);
    *fit = (eae_tall_model){.gap = INFINITY};
    if (f)
        fit->gamma = EAE_NEW_ARRAY(double, f->covariates + 1);
    *m = (eae_few_model){.problem = problem, .fit = fit, .rows = rows, .p = p, .q = q};
    m->point = EAE_NEW_ARRAY(double, 4 * q);
    m->direction = m->point + q;
    m->before = m->point + 2 * q;
    m->right = m->point + 3 * q;
    m->number = EAE_NEW_ARRAY(double, sums_length(q) + q * q);
    m->vector = m->number + EAE_FEW_NUMBERS;
    m->matrix = m->vector + EAE_FEW_VECTORS * q;
    m->factor = m->number + sums_length(q);
    m->value = fit->value = eae_try_alloc((size_t)rows, sizeof(double), "values of all rows");
    m->old = eae_try_alloc(vectors * (size_t)rows, sizeof(double), "states of all rows");
    fit->w = eae_try_alloc((size_t)problem->source->cols, sizeof(double), "weights");
    if (!m->value || !m->old || !fit->w)
        return EAE_FAIL;
    memset(m->value, 0, (size_t)rows * sizeof(double));
    memset(m->old, 0, vectors * (size_t)rows * sizeof(double));
    for (int64_t i = 0; i < rows; i++)
        m->trained += problem->cost[i] > 0;
    m->phase = EAE_FEW_POINT;
    if (problem->loss != EAE_LOSS_HINGE)
        return EAE_OK;
    m->phase = EAE_FEW_START;
    m->best = INFINITY;
    m->a = m->old;
    m->low = m->a + rows;
    m->high = m->low + rows;
    m->first = m->high + rows;
    m->second = m->first + rows;
    for (int64_t i = 0; i < rows; i++)
        m->a[i] = problem->cost[i] / 2;
    return EAE_OK;
}

static void close_model(eae_few_model *m)
{
    free(m->point);
    free(m->number);
    free(m->old);
}

static int open_scratch(fitting *f)
{
    f->piece = PIECE_VALUES / f->widest;
    if (f->widest > BLOCK)
        f->piece = f->widest;
    if (f->piece < PIECE_LEAST)
        f->piece = PIECE_LEAST;
    if (f->piece > EAE_FEW_PIECE)
        f->piece = EAE_FEW_PIECE;
    f->length = sums_length(f->widest);
    f->scratch = EAE_NEW_ARRAY(scratch, f->threads);
    for (int t = 0; t < f->threads; t++) {
        scratch *s = &f->scratch[t];
        s->row = EAE_NEW_ARRAY(int64_t, f->piece);
        s->z = EAE_NEW_ARRAY(double, f->piece * f->widest);
        s->scaled = EAE_NEW_ARRAY(double, f->piece * f->widest);
        if (f->widest > BLOCK)
            s->block = EAE_NEW_ARRAY(double, (f->piece + BLOCK) * BLOCK);
        s->sums = eae_try_alloc((size_t)(f->left * f->length), sizeof(double), "sums of a pass");
        if (!s->sums)
            return EAE_FAIL;
    }
    return EAE_OK;
}

static void close_fitting(fitting *f)
{
    for (int64_t k = 0; k < f->left; k++)
        close_model(&f->model[k]);
    for (int t = 0; t < f->threads && f->scratch; t++) {
        free(f->scratch[t].row);
        free(f->scratch[t].z);
        free(f->scratch[t].scaled);
        free(f->scratch[t].block);
        free(f->scratch[t].sums);
    }
    free(f->scratch);
    free(f->model);
    free(f->done);
}

static void take_solution(eae_few_model *m)
{
    const eae_source *s = m->problem->source;
    for (int64_t j = 0; j < s->cols; j++)
        m->fit->w[j] = NAN;
    for (int64_t k = 0; k < m->p; k++)
        m->fit->w[eae_source_column(s, k)] = m->point[k];
    bool beside = !m->problem->free || m->problem->bias_penalised;
    m->fit->intercept = beside ? m->point[m->q - 1] : 0;
    if (m->problem->free)
        m->fit->intercept +=
            eae_tall_free_turn_back(m->problem->free, m->point + m->p, m->fit->gamma);
    m->fit->converged = m->fit->gap <= m->problem->tol;
}

/* ---- milestones ------------------------------------------------------------------------------ */

/* What a pass sums up is not part of it, but for the factor that two directions share. */
static void visit_model(eae_few_model *m, eae_tall_part visit, void *to)
{
    visit(to, &m->phase, sizeof m->phase);
    visit(to, m->point, 4 * (size_t)m->q * sizeof(double));
    visit(to, m->factor, (size_t)(m->q * m->q) * sizeof(double));
    visit(to, m->value, (size_t)m->rows * sizeof(double));
    visit(to, m->old, vectors_of(m->problem) * (size_t)m->rows * sizeof(double));
    visit(to, &m->best, sizeof m->best);
    visit(to, &m->stalled, sizeof m->stalled);
    visit(to, &m->mu, sizeof m->mu);
    visit(to, &m->target, sizeof m->target);
    visit(to, &m->moved, sizeof m->moved);
    visit(to, &m->fit->objective, sizeof m->fit->objective);
    visit(to, &m->fit->gap, sizeof m->fit->gap);
    visit(to, &m->fit->iterations, sizeof m->fit->iterations);
}

/* Models that were done before leave without their solution, which comes from outside. */
static void drop_known(fitting *f)
{
    int64_t left = 0;
    for (int64_t k = 0; k < f->left; k++) {
        eae_few_model m = f->model[k];
        if (f->done[m.fit - f->fit])
            close_model(&m);
        else
            f->model[left++] = m;
    }
    f->left = left;
}

static void visit_passes(eae_tall_progress *progress, eae_tall_part visit, void *to)
{
    fitting *f = (fitting *)progress;
    visit(to, f->done, (size_t)f->count);
    drop_known(f);
    visit(to, &f->pass, sizeof f->pass);
    for (int64_t k = 0; k < f->count; k++) {
        if (f->done[k])
            eae_tall_visit_solution(&f->problem[k], &f->fit[k], visit, to);
    }
    for (int64_t k = 0; k < f->left; k++)
        visit_model(&f->model[k], visit, to);
}

/* ---- passes ---------------------------------------------------------------------------------- */

static int step_model(void *context, int64_t task, int worker)
{
    fitting *f = context;
    eae_few_model *m = &f->model[task];
    (void)worker;
    m->fit->iterations++;
    int64_t most = m->problem->max_iter > 0 ? m->problem->max_iter : EAE_TALL_PASSES;
    bool last = m->fit->iterations >= most;
    return (m->problem->loss == EAE_LOSS_HINGE ? eae_few_hinge_step
                                               : eae_few_smooth_step)(m, f->kernels, last);
}

static int do_pass(fitting *f, double *gap)
{
    int64_t left = 0, pieces = (f->rows + f->piece - 1) / f->piece;
    for (int64_t k = 0; k < f->left; k++) {
        eae_few_model *m = &f->model[k];
        memset(m->number, 0, (size_t)sums_length(m->q) * sizeof(double));
    }
    int status = eae_parallel_in_order(f->threads, pieces, sum_piece, add_piece, f);
    if (status == EAE_OK)
        status = eae_parallel(f->threads, f->left, step_model, f);
    *gap = 0;
    for (int64_t k = 0; k < f->left && status == EAE_OK; k++) {
        eae_few_model m = f->model[k];
        if (m.done) {
            take_solution(&m);
            f->done[m.fit - f->fit] = 1;
            close_model(&m);
            continue;
        }
        *gap = fmax(*gap, m.fit->gap);
        f->model[left++] = m;
    }
    if (status == EAE_OK)
        f->left = left;
    return status;
}

int eae_fit_few(const eae_tall_problem *problem, int64_t count, const eae_kernels *kernels,
                int threads, const eae_tall_watch *watch, eae_tall_model *fit)
{
    fitting f = {.progress.visit = visit_passes,
                 .kernels = kernels,
                 .watch = watch,
                 .threads = threads > 1 ? threads : 1,
                 .rows = problem[0].source->rows,
                 .problem = problem,
                 .fit = fit,
                 .count = count};
    int status = EAE_OK;
    f.model = EAE_NEW_ARRAY(eae_few_model, count);
    f.done = EAE_NEW_ARRAY(char, count);
    memset(fit, 0, (size_t)count * sizeof *fit);
    for (; f.left < count && status == EAE_OK; f.left++) {
        status = open_model(&f.model[f.left], &problem[f.left], &fit[f.left]);
        if (f.model[f.left].q > f.widest)
            f.widest = f.model[f.left].q;
    }
    if (status == EAE_OK)
        status = open_scratch(&f);
    if (status == EAE_OK && watch && watch->begin)
        status = watch->begin(watch->context, &f.progress);
    while (f.left > 0 && status == EAE_OK) {
        double gap;
        status = do_pass(&f, &gap);
        f.pass++;
        if (status == EAE_OK && watch && watch->pass)
            status = watch->pass(watch->context, &f.progress, f.pass, f.left, gap);
    }
    close_fitting(&f);
    for (int64_t k = 0; k < count && status != EAE_OK; k++)
        eae_tall_model_free(&fit[k]);
    return status;
}
