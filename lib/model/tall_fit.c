/* tall_fit.c - passes over the data, many models in each; the method is in tall_fit.h. */
#include "model/tall_fit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/threads.h"
#include "model/tall_parts.h"

/* Rows of a block, the places of the data that they are taken from, and how many blocks are asked
 * for ahead. All but the last are part of the result. */
enum { BLOCK = EAE_TALL_BLOCK, PLACES = 8, AHEAD = 2 };

/* Shares of the sum of beta before a pass that it should not exceed after it, and of the gap that
 * are no matter. */
static const double SLOW = 0.7, MINOR = 0.01;

typedef eae_tall_group group;
typedef eae_tall_passing model;
typedef eae_tall_passes fitting;

double eae_tall_model_bytes(int64_t rows, int64_t cols, int64_t covariates)
{
    double vectors = covariates > 0 ? 7 : 4; /* the repair, and what certificates work with */
    return (3 * (double)cols + vectors * (double)rows) * sizeof(double);
}

double eae_tall_gram_bytes(int64_t rows)
{
    return ceil((double)rows / BLOCK) * BLOCK * BLOCK * sizeof(float);
}

static int64_t block_rows(const fitting *f, int64_t block)
{
    int64_t rest = f->rows - block * BLOCK;
    return rest < BLOCK ? rest : BLOCK;
}

/* ---- setting up ------------------------------------------------------------------------------ */

/* Stripes of rows from PLACES places by turns. */
static void make_order(fitting *f)
{
    int64_t part = (f->rows + PLACES - 1) / PLACES, stripe = BLOCK / PLACES, at = 0;
    for (int64_t from = 0; from < part; from += stripe) {
        for (int64_t place = 0; place < PLACES; place++) {
            int64_t begin = place * part + from, end = begin + stripe;
            int64_t last = (place + 1) * part < f->rows ? (place + 1) * part : f->rows;
            for (int64_t i = begin; i < end && i < last; i++)
                f->order[at++] = i;
        }
    }
}

static bool same_source(const eae_source *a, const eae_source *b)
{
    return a->x == b->x && a->fill == b->fill && a->shift == b->shift && a->inverse == b->inverse &&
           a->feature == b->feature && a->design == b->design && a->coef == b->coef;
}

static int open_group(fitting *f, group *g, const eae_source *source)
{
    *g = (group){.source = source};
    int64_t blocks = f->keeps ? f->blocks : 1;
    g->gram = eae_try_alloc((size_t)(blocks * BLOCK * BLOCK), sizeof(float),
                            "Gram matrices of blocks of rows");
    if (!g->gram)
        return EAE_FAIL;
    if (!source->inverse && !source->feature)
        return EAE_OK;
    g->by = EAE_NEW_ARRAY(double, f->cols);
    for (int64_t k = 0; k < source->feature_count; k++) {
        int64_t j = source->feature ? source->feature[k] : k;
        double inverse = source->inverse ? source->inverse[j] : 1;
        g->by[j] = inverse * inverse;
    }
    return EAE_OK;
}

static int group_of(fitting *f, const eae_source *source, group **found)
{
    for (int64_t g = 0; g < f->groups; g++) {
        *found = &f->group[g];
        if (same_source(f->group[g].source, source))
            return EAE_OK;
    }
    *found = &f->group[f->groups++];
    return open_group(f, *found, source);
}

static void open_free(model *m, const eae_tall_free *free)
{
    m->less = EAE_NEW_ARRAY(double, free->rows);
    m->free_sum = EAE_NEW_ARRAY(double, 4 * free->terms + 1);
    m->free_begin = m->free_sum + free->terms;
    m->free_bias = m->free_begin + free->terms;
    m->g = m->free_bias + free->terms;
    m->gram = EAE_NEW_ARRAY(float, BLOCK *BLOCK);
    m->fit->gamma = EAE_NEW_ARRAY(double, free->covariates + 1);
}

static int open_model(fitting *f, model *m, const eae_tall_problem *problem, eae_tall_model *fit)
{
    *m = (model){.problem = problem, .fit = fit};
    *fit = (eae_tall_model){.gap = INFINITY};
    int status = group_of(f, problem->source, &m->group);
    size_t rows = (size_t)f->rows, cols = (size_t)f->cols;
    m->beta = EAE_NEW_ARRAY(double, rows);
    m->begin_beta = EAE_NEW_ARRAY(double, rows);
    m->change = EAE_NEW_ARRAY(double, BLOCK);
    m->block_value = EAE_NEW_ARRAY(double, BLOCK);
    m->value = fit->value = eae_try_alloc(rows, sizeof(double), "values of all rows");
    m->u = eae_try_alloc(cols, sizeof(double), "weights");
    m->begin_u = eae_try_alloc(cols, sizeof(double), "weights");
    fit->w = eae_try_alloc(cols, sizeof(double), "weights");
    if (!m->value || !m->u || !m->begin_u || !fit->w)
        return EAE_FAIL;
    if (problem->free)
        open_free(m, problem->free);
    if (problem->source->coef) {
        m->along = EAE_NEW_ARRAY(double, problem->source->terms);
        m->begin_along = EAE_NEW_ARRAY(double, problem->source->terms);
    }
    memset(m->u, 0, cols * sizeof(double));
    memset(m->begin_u, 0, cols * sizeof(double));
    return status;
}

void eae_tall_close_model(eae_tall_passing *m)
{
    free(m->beta);
    free(m->begin_beta);
    free(m->less);
    free(m->free_sum);
    free(m->gram);
    free(m->along);
    free(m->begin_along);
    free(m->change);
    free(m->block_value);
    free(m->u);
    free(m->begin_u);
}

/* ---- one block ------------------------------------------------------------------------------- */

/* The Gram matrix of the block in hand, of one group. */
static int make_gram(fitting *f, group *g)
{
    int64_t n = block_rows(f, f->block);
    float *gram = g->gram + (f->keeps ? f->block * BLOCK * BLOCK : 0);
    if (g->known)
        return EAE_OK;
    eae_precision precision =
        eae_kernels_precision(f->rows, g->source->feature_count, f->data->is_f64);
    int status = f->kernels->gram(g->source, f->order + f->block * BLOCK, n, precision, f->scratch,
                                  f->threads);
    double trace = 0;
    for (int64_t i = 0; i < n && status == EAE_OK; i++) {
        for (int64_t k = 0; k < n; k++)
            gram[i * BLOCK + k] = (float)f->scratch[i * n + k];
        trace += f->scratch[i * n + i];
    }
    if (g->trace == 0)
        g->trace = trace > 0 ? trace / (double)n : 1;
    return status;
}

/* What the repair takes off the norm in this block: the root of r'K r. */
static double repair_norm(const fitting *f, const model *m, const float *gram)
{
    int64_t n = block_rows(f, f->block);
    const int64_t *row = f->order + f->block * BLOCK;
    double r[BLOCK], square = 0;
    for (int64_t i = 0; i < n; i++) {
        double share = 0;
        r[i] = m->less ? m->less[row[i]] : 0;
        if (m->less)
            continue;
        if (m->problem->cost[row[i]] > 0)
            share = eae_tall_share(m->problem, row[i], m->begin_beta[row[i]], m->begin_sum);
        r[i] = m->factor * share;
    }
    for (int64_t i = 0; i < n; i++) {
        double sum = 0;
        for (int64_t k = 0; k < n; k++)
            sum += (double)gram[i * BLOCK + k] * r[k];
        square += r[i] * sum;
    }
    return square > 0 ? sqrt(square) : 0;
}

/* With e'(multipliers) in the values of the block, and the penalty on the sums: in its Gram matrix,
 * which is returned. */
static const float *add_free(const fitting *f, model *m, const float *gram)
{
    const eae_tall_free *free = m->problem->free;
    int64_t n = block_rows(f, f->block), k = free->terms;
    const int64_t *row = f->order + f->block * BLOCK;
    for (int64_t i = 0; i < n; i++) {
        const double *e = free->e + row[i] * k;
        for (int64_t t = 0; t < k; t++)
            m->block_value[i] += e[t] * (m->free_bias[t] + m->rho * m->free_sum[t]);
        for (int64_t j = 0; j < n; j++) {
            double product = eae_tall_free_value(free, row[j], e);
            m->gram[i * BLOCK + j] = (float)((double)gram[i * BLOCK + j] + m->rho * product);
        }
    }
    return m->gram;
}

static int solve_model(void *context, int64_t task, int worker)
{
    fitting *f = context;
    model *m = &f->model[task];
    int64_t n = block_rows(f, f->block);
    const int64_t *row = f->order + f->block * BLOCK;
    const float *gram = m->group->gram + (f->keeps ? f->block * BLOCK * BLOCK : 0);
    bool penalised = m->problem->bias_penalised;
    double *values = f->vector_value + 2 * task;
    (void)worker;
    if (m->along) {
        eae_tall_take_off(m->group->source, row, n, m->along, values, 2 * f->left);
        eae_tall_take_off(m->group->source, row, n, m->begin_along, values + 1, 2 * f->left);
    }
    for (int64_t i = 0; i < n; i++) {
        m->block_value[i] = values[i * 2 * f->left];
        m->value[row[i]] = values[i * 2 * f->left + 1];
    }
    if (m->rho == 0)
        m->rho = m->group->trace / (double)f->rows;
    if (m->factor != 0 || m->less)
        m->bound += repair_norm(f, m, gram);
    if (m->less)
        gram = add_free(f, m, gram);
    eae_tall_block block = {.problem = m->problem,
                            .row = row,
                            .n = n,
                            .gram = gram,
                            .ld = BLOCK,
                            .bias = penalised ? 0 : m->bias,
                            .rho = penalised ? 1
                                   : m->less ? 0
                                             : m->rho,
                            .sum = &m->sum,
                            .beta = m->beta,
                            .value = m->block_value,
                            .change = m->change};
    eae_tall_block_solve(&block);
    for (int64_t i = 0; i < n && m->less; i++)
        eae_tall_free_add(m->problem->free, row[i], m->change[i], m->free_sum);
    for (int64_t i = 0; i < n; i++)
        f->vector_by[i * f->left + task] = m->change[i];
    return EAE_OK;
}

/* What an adjusted source has less than what was added. */
static int adjust_model(void *context, int64_t task, int worker)
{
    fitting *f = context;
    model *m = &f->model[task];
    (void)worker;
    if (m->along)
        eae_tall_take_back(m->group->source, m->group->by, f->order + f->block * BLOCK,
                           block_rows(f, f->block), m->change, m->u, m->along);
    return EAE_OK;
}

/* Each model's w, then w as it was when the pass began. */
static void set_vectors(fitting *f)
{
    for (int64_t k = 0; k < f->left; k++) {
        const model *m = &f->model[k];
        eae_row_vector v = {.v = m->u, .fill = m->group->source->fill, .by = m->group->by};
        v.shift = m->group->source->shift;
        f->vector[2 * k] = v;
        v.v = m->begin_u;
        f->vector[2 * k + 1] = v;
        v.v = m->u;
        f->vector[2 * f->left + k] = v; /* for the update */
    }
}

static void look_ahead(const fitting *f, int64_t block)
{
    int64_t stripe = BLOCK / PLACES, n = block_rows(f, block);
    for (int64_t i = 0; i < n && f->watch && f->watch->ahead; i += stripe) {
        int64_t count = n - i < stripe ? n - i : stripe;
        f->watch->ahead(f->watch->context, f->order[block * BLOCK + i], count);
    }
}

static int do_block(fitting *f)
{
    const int64_t *row = f->order + f->block * BLOCK;
    int64_t n = block_rows(f, f->block);
    int status = EAE_OK;
    for (int64_t g = 0; g < f->groups && status == EAE_OK; g++)
        status = make_gram(f, &f->group[g]);
    if (status == EAE_OK)
        status = f->kernels->row_values(f->data, row, n, f->vector, 2 * f->left, f->vector_value,
                                        f->threads);
    if (status == EAE_OK)
        status = eae_parallel(f->threads, f->left, solve_model, f);
    if (status == EAE_OK)
        status = f->kernels->row_update(f->data, row, n, f->vector_by, f->vector + 2 * f->left,
                                        f->left, f->threads);
    if (status == EAE_OK && f->adjusts)
        status = eae_parallel(f->threads, f->left, adjust_model, f);
    return status;
}

/* ---- one pass -------------------------------------------------------------------------------- */

static int begin_model(void *context, int64_t task, int worker)
{
    fitting *f = context;
    model *m = &f->model[task];
    (void)worker;
    memcpy(m->begin_u, m->u, (size_t)f->cols * sizeof(double));
    memcpy(m->begin_beta, m->beta, (size_t)f->rows * sizeof(double));
    if (m->along) {
        eae_tall_along(m->group->source, m->u, m->along);
        memcpy(m->begin_along, m->along, (size_t)m->group->source->terms * sizeof(double));
    }
    m->begin_sum = m->sum;
    m->bound = 0;
    if (m->less) {
        memcpy(m->free_begin, m->free_sum, (size_t)m->problem->free->terms * sizeof(double));
        eae_tall_repair_free(m->problem, f->rows, m->beta, m->less);
    } else {
        m->factor = eae_tall_repair(m->problem, f->rows, m->beta, m->sum);
    }
    return EAE_OK;
}

static int begin_pass(fitting *f)
{
    int status = eae_parallel(f->threads, f->left, begin_model, f);
    set_vectors(f);
    return status;
}

static double norm_of(const model *m, int64_t cols)
{
    double sum = 0;
    const double *by = m->group->by;
    for (int64_t j = 0; j < cols; j++) {
        double u = m->begin_u[j];
        if (!by)
            sum += u * u;
        else if (by[j] > 0)
            sum += u * u / by[j];
    }
    return sum;
}

/* What the model was when the pass began, times `scale`. */
static void take_solution(const fitting *f, model *m, double scale)
{
    const eae_source *s = m->group->source;
    eae_tall_model *fit = m->fit;
    for (int64_t j = 0; j < f->cols; j++)
        fit->w[j] = s->feature ? NAN : scale * m->begin_u[j] / (s->inverse ? s->inverse[j] : 1);
    for (int64_t k = 0; k < s->feature_count && s->feature; k++) {
        int64_t j = s->feature[k];
        fit->w[j] = scale * m->begin_u[j] / (s->inverse ? s->inverse[j] : 1);
    }
    double intercept = m->problem->free && m->problem->free->intercept ? 0 : fit->intercept;
    for (int64_t i = 0; i < f->rows; i++) {
        double free = m->less ? eae_tall_free_value(m->problem->free, i, m->g) : 0;
        m->value[i] = scale * m->value[i] + intercept + free;
    }
}

static bool is_last(const model *m, int64_t pass)
{
    int64_t most = m->problem->max_iter > 0 ? m->problem->max_iter : EAE_TALL_PASSES;
    return m->fit->gap <= m->problem->tol || pass >= most;
}

static double total_cost(const eae_tall_problem *p, int64_t rows)
{
    double sum = 0;
    for (int64_t i = 0; i < rows; i++)
        sum += p->cost[i];
    return sum;
}

/* The penalty begins as z'z / rows, which in the direction of all beta weighs as much as z'z: a
 * pass can then keep up with the multiplier. Where the sum hardly shrinks, the steps are too small
 * (a small C, nearly all beta at their bounds): it may then grow to where a sum of a quarter of all
 * costs moves the multiplier by 1. Where the sum changes its sign it is too large; where it is not
 * what the gap comes from, a large penalty only holds the others up. */
static void move_multiplier(const fitting *f, model *m)
{
    bool many = m->less != NULL;
    int64_t terms = many ? m->problem->free->terms : 1;
    const double *at = many ? m->free_sum : &m->sum, *from = many ? m->free_begin : &m->begin_sum;
    double *bias = many ? m->free_bias : &m->bias, sum = 0, before = 0, along = 0, size = 0;
    for (int64_t t = 0; t < terms; t++) {
        bias[t] += m->rho * at[t];
        sum += at[t] * at[t];
        before += from[t] * from[t];
        along += at[t] * from[t];
        size += bias[t] * bias[t];
    }
    sum = sqrt(sum);
    before = sqrt(before);
    double missing = m->fit->gap * m->fit->objective;
    double least = m->group->trace / (double)f->rows;
    double most = fmax(least, 4 / total_cost(m->problem, f->rows));
    if (sum * fmax(1, sqrt(size)) < MINOR * missing)
        m->rho = fmax(m->rho / 2, fmin(least, m->rho));
    else if (before > 0 && sum > SLOW * before)
        m->rho = fmin(m->rho * (along < 0 ? 0.5 : 4), most);
}

static int judge_model(void *context, int64_t task, int worker)
{
    fitting *f = context;
    model *m = &f->model[task];
    double scale;
    eae_tall_state state = {.problem = m->problem,
                            .rows = f->rows,
                            .beta = m->begin_beta,
                            .value = m->value,
                            .norm = norm_of(m, f->cols),
                            .sum = m->begin_sum,
                            .factor = m->factor,
                            .bound = m->bound,
                            .less = m->less,
                            .g = m->g};
    (void)worker;
    eae_tall_certify(&state, m->fit, &scale);
    m->fit->iterations++;
    if (is_last(m, m->fit->iterations)) {
        m->fit->converged = m->fit->gap <= m->problem->tol;
        take_solution(f, m, scale);
    } else if (m->less || !m->problem->bias_penalised) {
        move_multiplier(f, m);
    }
    return EAE_OK;
}

/* Models that are done leave. */
static double drop_done(fitting *f)
{
    int64_t left = 0;
    double gap = 0;
    for (int64_t k = 0; k < f->left; k++) {
        model m = f->model[k];
        if (is_last(&m, m.fit->iterations)) {
            f->done[m.fit - f->fit] = 1;
            eae_tall_close_model(&m);
            continue;
        }
        gap = fmax(gap, m.fit->gap);
        f->model[left++] = m;
    }
    f->left = left;
    return gap;
}

static int do_pass(fitting *f)
{
    int status = begin_pass(f);
    for (int64_t k = 0; k < f->blocks && status == EAE_OK; k++) {
        f->block = k;
        look_ahead(f, (k + AHEAD) % f->blocks);
        status = do_block(f);
    }
    for (int64_t g = 0; g < f->groups; g++)
        f->group[g].known = f->keeps;
    if (status == EAE_OK)
        status = eae_parallel(f->threads, f->left, judge_model, f);
    return status;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static int open_fitting(fitting *f, const eae_tall_problem *problem, int64_t count,
                        eae_tall_model *fit)
{
    f->order = eae_malloc((size_t)f->rows, sizeof *f->order);
    f->group = EAE_NEW_ARRAY(group, count);
    f->model = EAE_NEW_ARRAY(model, count);
    f->vector = EAE_NEW_ARRAY(eae_row_vector, 3 * count);
    f->vector_value = EAE_NEW_ARRAY(double, BLOCK * 2 * count);
    f->vector_by = EAE_NEW_ARRAY(double, BLOCK *count);
    f->scratch = EAE_NEW_ARRAY(double, BLOCK *BLOCK);
    f->done = EAE_NEW_ARRAY(char, count);
    f->problem = problem;
    f->fit = fit;
    f->count = count;
    make_order(f);
    int status = EAE_OK;
    for (; f->left < count && status == EAE_OK; f->left++) {
        status = open_model(f, &f->model[f->left], &problem[f->left], &fit[f->left]);
        f->adjusts |= problem[f->left].source->coef != NULL;
    }
    return status;
}

static void close_fitting(fitting *f)
{
    for (int64_t k = 0; k < f->left; k++)
        eae_tall_close_model(&f->model[k]);
    for (int64_t g = 0; g < f->groups; g++) {
        free(f->group[g].by);
        free(f->group[g].gram);
    }
    free(f->order);
    free(f->group);
    free(f->model);
    free(f->vector);
    free(f->vector_value);
    free(f->vector_by);
    free(f->scratch);
    free(f->done);
}

static int64_t count_sources(const eae_tall_problem *problem, int64_t count)
{
    int64_t different = 0;
    for (int64_t k = 0; k < count; k++) {
        bool seen = false;
        for (int64_t i = 0; i < k && !seen; i++)
            seen = same_source(problem[i].source, problem[k].source);
        different += !seen;
    }
    return different;
}

int eae_fit_tall(const eae_tall_problem *problem, int64_t count, const eae_kernels *kernels,
                 double memory, int threads, const eae_tall_watch *watch, eae_tall_model *fit)
{
    const eae_source *data = problem[0].source;
    fitting f = {.progress.visit = eae_tall_visit_passes,
                 .kernels = kernels,
                 .data = data,
                 .watch = watch,
                 .threads = threads,
                 .rows = data->rows,
                 .cols = data->cols,
                 .blocks = (data->rows + BLOCK - 1) / BLOCK};
    double all = (double)count_sources(problem, count) * eae_tall_gram_bytes(f.rows);
    f.keeps = all <= memory;
    memset(fit, 0, (size_t)count * sizeof *fit);
    int status = open_fitting(&f, problem, count, fit);
    if (status == EAE_OK && watch && watch->begin)
        status = watch->begin(watch->context, &f.progress);
    while (f.left > 0 && status == EAE_OK) {
        status = do_pass(&f);
        f.pass++;
        double gap = status == EAE_OK ? drop_done(&f) : 0;
        if (status == EAE_OK && watch && watch->pass)
            status = watch->pass(watch->context, &f.progress, f.pass, f.left, gap);
    }
    close_fitting(&f);
    for (int64_t k = 0; k < count && status != EAE_OK; k++)
        eae_tall_model_free(&fit[k]);
    return status;
}

void eae_tall_model_free(eae_tall_model *fit)
{
    free(fit->w);
    free(fit->value);
    free(fit->gamma);
    *fit = (eae_tall_model){0};
}
