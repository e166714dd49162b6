/* sparse.c - the path of a lasso or elastic net; see sparse.h. */
#include "model/sparse.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/sparse_parts.h"

enum { MAX_ROUNDS = 1000, MAX_SWEEPS = 100000, MAX_HALVINGS = 30, FIRST_SET = 32 };

typedef struct path {
    const eae_sparse_problem *p;
    int64_t n, sides, m;
    int64_t bent; /* rows of R' */
    eae_sparse_loss loss;
    eae_sparse_pool pool;
    eae_sparse_base unpenalised;
    double l1, l2;        /* of the present penalty */
    double *base;         /* gamma, then the intercept; of each side */
    double *offset;       /* m: Z w */
    double *f;            /* m: offset + U base */
    double *r;            /* m: the dual point */
    double *border;       /* terms x bent: orthonormal basis of R'U, the Hessian being R R' */
    int64_t border_terms; /* its rank */
    double primal, gap;   /* gap: absolute, on all features */
    double largest;       /* |z_j'r - l2 w_j| of a feature */
    bool *working;        /* per weight of the pool */
    eae_lasso model;
    int64_t *set; /* weights of the pool in the working set, by feature and side */
    int64_t set_size;
} path;

static void path_close(path *s)
{
    eae_sparse_pool_close(&s->pool);
    eae_sparse_base_close(&s->unpenalised);
    eae_sparse_loss_close(&s->loss);
    free(s->base);
    free(s->offset);
    free(s->border);
    free(s->working);
    free(s->model.x);
    free(s->model.gram);
    free(s->model.norm);
    free(s->set);
}

/* The weights of another fit, of features that are in use here. */
static int take_start(path *s, const eae_sparse_fit *start)
{
    const eae_source *source = s->p->source;
    int64_t *feature = eae_malloc((size_t)start->count, sizeof *feature), count = 0, at = 0;
    double *weight = eae_malloc((size_t)start->count, sizeof *weight);
    for (int64_t k = 0; k < start->count; k++) {
        int64_t j = start->feature[k];
        while (source->feature && at < source->feature_count && source->feature[at] < j)
            at++;
        if (source->feature && (at == source->feature_count || source->feature[at] != j))
            continue;
        feature[count] = j;
        weight[count++] = start->weight[k];
    }
    int status = eae_sparse_pool_start(&s->pool, feature, weight, count);
    for (int64_t k = 0; k < count && status == EAE_OK; k++)
        eae_sparse_add(weight[k], s->pool.z + k * s->n, s->offset, s->n);
    for (int64_t t = 0; t < s->p->terms; t++)
        s->base[t] = start->gamma[t];
    s->base[s->p->terms] = start->intercept;
    free(feature);
    free(weight);
    return status;
}

/* Everything at w = 0, or as in `start`, and the first pass. */
static int path_open(path *s, const eae_sparse_problem *p, const eae_sparse_fit *start)
{
    int64_t sides = eae_sparse_sides(p), m = sides * p->n, terms = sides * (p->terms + 1);
    *s = (path){.p = p, .n = p->n, .sides = sides, .m = m, .bent = eae_sparse_bent(p)};
    s->base = EAE_NEW_ARRAY(double, terms);
    s->offset = EAE_NEW_ARRAY(double, 4 * m);
    s->f = s->offset + m;
    s->r = s->f + m;
    s->model.res = s->r + m;
    s->border = EAE_NEW_ARRAY(double, terms * s->bent);
    s->model.kernels = p->kernels;
    s->model.n = s->bent;
    int status = eae_sparse_loss_open(&s->loss, p);
    if (status == EAE_OK)
        status = eae_sparse_base_open(&s->unpenalised, &s->loss);
    if (status == EAE_OK)
        status = eae_sparse_pool_open(&s->pool, p);
    if (status == EAE_OK && start)
        status = take_start(s, start);
    if (status == EAE_OK)
        status = eae_sparse_base_fit(&s->unpenalised, s->offset, s->base, s->f);
    if (status != EAE_OK)
        return status;
    eae_sparse_residual(&s->loss, s->f, s->r);
    return eae_sparse_pool_pass(&s->pool, s->r);
}

/* ---- where the model stands ------------------------------------------------------------------ */

static int64_t weights_of(const path *s)
{
    return s->pool.count * s->sides;
}

/* Its feature and side as one number: of weights of one size, the lower one comes first. */
static int64_t order_of(const path *s, int64_t weight)
{
    return s->pool.feature[weight / s->sides] * s->sides + weight % s->sides;
}

static const double *column_of(const path *s, int64_t weight)
{
    return s->pool.z + weight / s->sides * s->n;
}

/* What `by` more of a weight adds to f. */
static void add_weight(const path *s, int64_t weight, double by, double *f)
{
    eae_sparse_add(by, column_of(s, weight), f + weight % s->sides * s->n, s->n);
}

/* f, r and v from the weights alone, so that no error of updates stays. */
static int refresh(path *s)
{
    eae_sparse_pool *pool = &s->pool;
    memset(s->offset, 0, (size_t)s->m * sizeof *s->offset);
    for (int64_t k = 0; k < weights_of(s); k++) {
        if (pool->w[k] != 0)
            add_weight(s, k, pool->w[k], s->offset);
    }
    int status = eae_sparse_base_fit(&s->unpenalised, s->offset, s->base, s->f);
    eae_sparse_residual(&s->loss, s->f, s->r);
    eae_sparse_pool_values(pool, s->r);
    return status;
}

static double penalty(const path *s, double *square)
{
    double size = 0;
    *square = 0;
    for (int64_t k = 0; k < weights_of(s); k++) {
        size += fabs(s->pool.w[k]);
        *square += s->l2 * s->pool.w[k] * s->pool.w[k];
    }
    return s->l1 * size + *square / 2;
}

/* Primal value and gap, where features outside the pool reach at most `outside`. */
static void judge(path *s, double outside)
{
    const eae_sparse_pool *pool = &s->pool;
    double square, largest = outside, value = eae_sparse_value(&s->loss, s->f);
    s->primal = value + penalty(s, &square);
    for (int64_t k = 0; k < weights_of(s); k++)
        largest = fmax(largest, fabs(pool->v[k] - s->l2 * pool->w[k]));
    double limit = largest > 0 ? s->l1 / largest : INFINITY;
    s->largest = largest;
    s->gap = fmax(0, s->primal - eae_sparse_dual(&s->loss, s->f, value, s->r, square, limit));
}

static double wanted(const path *s)
{
    return s->p->tol * fmax(fabs(s->primal), DBL_MIN);
}

/* Between penalties: features that are 0 and far from entering leave the working set. */
static void forget_set(path *s)
{
    free(s->working);
    s->working = NULL;
}

/* From the gap on the features of the pool to that on all. */
static int certify(path *s, bool *moved)
{
    double outside;
    int status = eae_sparse_pool_settle(&s->pool, s->r, fmax(s->largest, s->l1), &outside, moved);
    if (status == EAE_OK && *moved) {
        eae_sparse_pool_values(&s->pool, s->r);
        forget_set(s); /* its columns have moved */
    }
    if (status == EAE_OK)
        judge(s, outside);
    return status;
}

/* ---- the working set ------------------------------------------------------------------------- */

typedef struct candidate {
    double value;
    int64_t order, weight;
} candidate;

static int by_value(const void *a, const void *b)
{
    const candidate *x = a, *y = b;
    if (x->value != y->value)
        return x->value > y->value ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

static int by_order(const void *a, const void *b)
{
    const candidate *x = a, *y = b;
    return x->order < y->order ? -1 : x->order > y->order;
}

/* Weights above `threshold` join, the largest first, at most as many as double the set. */
static void grow_set(path *s, double threshold)
{
    const eae_sparse_pool *pool = &s->pool;
    int64_t weights = weights_of(s), held = 0, more = 0;
    candidate *c = eae_malloc((size_t)weights, sizeof *c);
    if (!s->working)
        s->working = EAE_NEW_ARRAY(bool, weights);
    for (int64_t k = 0; k < weights; k++) {
        s->working[k] |= pool->w[k] != 0;
        held += s->working[k];
        if (!s->working[k] && fabs(pool->v[k]) > threshold)
            c[more++] = (candidate){fabs(pool->v[k]), order_of(s, k), k};
    }
    qsort(c, (size_t)more, sizeof *c, by_value);
    int64_t most = held > FIRST_SET ? held : FIRST_SET;
    for (int64_t k = 0; k < more && k < most; k++)
        s->working[c[k].weight] = true;
    s->set_size = 0;
    for (int64_t k = 0; k < weights; k++) {
        if (s->working[k])
            c[s->set_size++] = (candidate){0, order_of(s, k), k};
    }
    qsort(c, (size_t)s->set_size, sizeof *c, by_order);
    s->set = eae_realloc(s->set, (size_t)s->set_size + 1, sizeof *s->set);
    for (int64_t k = 0; k < s->set_size; k++)
        s->set[k] = c[k].weight;
    free(c);
}

/* ---- a Newton step --------------------------------------------------------------------------- */

static void off_border(const path *s, double *x)
{
    for (int64_t t = 0; t < s->border_terms; t++) {
        const double *e = s->border + t * s->bent;
        eae_sparse_add(-eae_sparse_dot(e, x, s->bent), e, x, s->bent);
    }
}

/* Gram-Schmidt, twice; terms that depend on those before are left out. */
static void make_border(path *s)
{
    int64_t n = s->bent, terms = s->unpenalised.terms;
    s->border_terms = 0;
    for (int64_t t = terms - 1; t >= 0; t--) {
        double *e = s->border + s->border_terms * n;
        eae_sparse_bend_left(&s->loss, s->unpenalised.u + t * s->m, e);
        double before = sqrt(eae_sparse_dot(e, e, n));
        off_border(s, e);
        off_border(s, e);
        double length = sqrt(eae_sparse_dot(e, e, n));
        if (!(length > 1e-12 * before))
            continue;
        for (int64_t i = 0; i < n; i++)
            e[i] /= length;
        s->border_terms++;
    }
}

/* By its Gram matrix; X'res is Z'r, because U'r is 0. */
static int make_gram(path *s)
{
    eae_lasso *m = &s->model;
    m->gram = eae_try_alloc((size_t)m->k, (size_t)m->k * sizeof *m->gram, "a working set");
    if (!m->gram)
        return EAE_FAIL;
    for (int64_t k = 0; k < m->k; k++) {
        m->w[k] = m->start[k] = s->pool.w[s->set[k]];
        m->v[k] = m->start[m->k + k] = s->pool.v[s->set[k]];
    }
    return eae_sparse_softmax_gram(&s->loss, s->pool.z, s->set, m->k, s->border, s->border_terms,
                                   m->gram, m->norm);
}

static int make_columns(path *s)
{
    eae_lasso *m = &s->model;
    int64_t n = s->bent, size = m->k > 0 ? m->k : 1;
    m->x = eae_try_alloc((size_t)size, (size_t)n * sizeof *m->x, "a working set");
    if (!m->x)
        return EAE_FAIL;
    for (int64_t k = 0; k < m->k; k++) {
        double *x = m->x + k * n;
        eae_sparse_bend_side(&s->loss, s->set[k] % s->sides, column_of(s, s->set[k]), x);
        double before = eae_sparse_dot(x, x, n);
        off_border(s, x);
        m->norm[k] = eae_sparse_dot(x, x, n);
        if (m->norm[k] <= 1e-24 * before)
            m->norm[k] = 0; /* explained by the covariates */
        m->w[k] = s->pool.w[s->set[k]];
    }
    return EAE_OK;
}

/* The quadratic model at f, gamma and intercept eliminated: a lasso with columns R'z_j less their
 * part in the span of R'U. Classes make R' long and its columns sparse. */
static int make_model(path *s)
{
    eae_lasso *m = &s->model;
    int64_t size = s->set_size > 0 ? s->set_size : 1;
    free(m->x);
    free(m->gram);
    free(m->norm);
    m->x = m->gram = NULL;
    m->norm = eae_malloc((size_t)size, 5 * sizeof *m->norm);
    m->w = m->norm + size;
    m->v = m->w + size;
    m->start = m->v + size;
    m->k = s->set_size;
    m->l1 = s->l1;
    m->l2 = s->l2;
    eae_sparse_bend(&s->loss, s->f);
    eae_sparse_bend_solve(&s->loss, s->r, m->res);
    make_border(s);
    off_border(s, m->res);
    return s->p->classes > 0 && m->k > 0 && m->k <= s->bent ? make_gram(s) : make_columns(s);
}

/* How f changes with the weights, gamma and intercept following as the model has it. */
static int change_of(path *s, const double *old, double *move)
{
    const eae_lasso *m = &s->model;
    int64_t n = s->m, terms = s->unpenalised.terms;
    double *bent = EAE_NEW_ARRAY(double, s->bent), *step = EAE_NEW_ARRAY(double, terms);
    memset(move, 0, (size_t)n * sizeof *move);
    for (int64_t k = 0; k < m->k; k++) {
        if (m->w[k] != old[k])
            add_weight(s, s->set[k], m->w[k] - old[k], move);
    }
    eae_sparse_bend_left(&s->loss, move, bent);
    int status = terms > 0 ? eae_sparse_base_project(&s->unpenalised, bent, step) : EAE_OK;
    for (int64_t t = 0; t < terms; t++)
        eae_sparse_add(-step[t], s->unpenalised.u + t * n, move, n);
    free(bent);
    free(step);
    return status;
}

/* From the present weights towards those of the model: all the way, or as far as the objective
 * falls. *falls: false where it does not fall at all. */
static int take_step(path *s, bool *falls)
{
    const eae_lasso *m = &s->model;
    double *old = eae_malloc((size_t)(m->k + 2 * s->m), sizeof *old), t = 1, square;
    double *move = old + m->k, *f = move + s->m;
    for (int64_t k = 0; k < m->k; k++) {
        old[k] = s->pool.w[s->set[k]];
        s->pool.w[s->set[k]] = m->w[k];
    }
    *falls = !s->p->cox && s->p->loss == EAE_LOSS_SQUARED; /* the model is the problem itself */
    int status = *falls ? EAE_OK : change_of(s, old, move);
    for (int halving = 0; halving < MAX_HALVINGS && !*falls && status == EAE_OK; halving++) {
        for (int64_t i = 0; i < s->m; i++)
            f[i] = s->f[i] + t * move[i];
        for (int64_t k = 0; k < m->k && t < 1; k++)
            s->pool.w[s->set[k]] = old[k] + t * (m->w[k] - old[k]);
        double value = eae_sparse_value(&s->loss, f) + penalty(s, &square);
        *falls = value <= s->primal * (1 + 1e-15);
        t /= 2;
    }
    for (int64_t k = 0; k < m->k && !*falls; k++)
        s->pool.w[s->set[k]] = old[k];
    free(old);
    return status;
}

static int newton(path *s, double gap, int64_t max_sweeps, int64_t *sweeps, bool *falls)
{
    int status = make_model(s);
    if (status != EAE_OK)
        return status;
    *sweeps += eae_lasso_solve(&s->model, gap, max_sweeps);
    return take_step(s, falls);
}

/* ---- one penalty ----------------------------------------------------------------------------- */

/* `strong`: the threshold of the strong rule; later rounds take what violates. */
static int solve(path *s, double strong, eae_sparse_fit *fit)
{
    int64_t most = s->p->max_iter > 0 ? s->p->max_iter : MAX_SWEEPS;
    int status = refresh(s);
    bool falls = true;
    forget_set(s);
    for (int round = 0; round < MAX_ROUNDS && status == EAE_OK; round++) {
        judge(s, 0);
        bool spent = fit->iterations >= most, moved = false;
        if (s->gap <= wanted(s) || spent || !falls)
            status = certify(s, &moved);
        fit->converged = s->gap <= wanted(s);
        bool stuck = !falls && !moved; /* at the floor of rounding */
        if (status != EAE_OK || fit->converged || spent || stuck)
            break;
        grow_set(s, round == 0 ? fmin(strong, s->l1) : s->l1);
        double enough = fmax(0.01 * s->gap, 0.2 * wanted(s));
        status = newton(s, enough, most - fit->iterations, &fit->iterations, &falls);
        if (status == EAE_OK)
            status = refresh(s);
    }
    return status;
}

/* What is the same for all classes and changes no loss: terms sum to 0, and without a ridge part a
 * feature's weights have the median 0, by which the gap can only become less. What there is of it
 * in f stays there: no residual sees it. */
static void settle_shifts(path *s)
{
    int64_t sides = s->sides, terms = s->p->terms + 1;
    double square, before = penalty(s, &square);
    for (int64_t t = 0; t < terms; t++) {
        double mean = 0;
        for (int64_t side = 0; side < sides; side++)
            mean += s->base[side * terms + t] / (double)sides;
        for (int64_t side = 0; side < sides; side++)
            s->base[side * terms + t] -= mean;
    }
    for (int64_t k = 0; k < s->pool.count && s->l2 == 0; k++) {
        double *w = s->pool.w + k * sides, shift = eae_sparse_softmax_median(w, sides);
        for (int64_t side = 0; side < sides; side++)
            w[side] -= shift;
    }
    double less = fmax(0, before - penalty(s, &square));
    s->primal -= less;
    s->gap = fmax(0, s->gap - less);
}

/* What the fit is, from the weights in the pool. */
static void report(path *s, int64_t side, eae_sparse_fit *fit)
{
    const eae_sparse_pool *pool = &s->pool;
    int64_t terms = s->p->terms, k = 0;
    const double *base = s->base + side * (terms + 1);
    candidate *c = eae_malloc((size_t)pool->count, sizeof *c);
    for (int64_t a = 0; a < pool->count; a++) {
        double w = pool->w[a * s->sides + side];
        if (w != 0)
            c[fit->count++] = (candidate){w, pool->feature[a], a};
    }
    qsort(c, (size_t)fit->count, sizeof *c, by_order);
    fit->feature = eae_malloc((size_t)fit->count, sizeof *fit->feature);
    fit->weight = eae_malloc((size_t)fit->count, sizeof *fit->weight);
    for (; k < fit->count; k++) {
        fit->feature[k] = c[k].order;
        fit->weight[k] = c[k].value;
    }
    free(c);
    fit->gamma = eae_malloc((size_t)terms, sizeof *fit->gamma);
    memcpy(fit->gamma, base, (size_t)terms * sizeof *fit->gamma);
    fit->intercept = base[terms]; /* 0 where there is none */
    fit->objective = s->primal;
    fit->gap = s->gap / fmax(fabs(s->primal), DBL_MIN);
}

static void report_sides(path *s, eae_sparse_fit *fit)
{
    if (s->p->classes > 0)
        settle_shifts(s);
    for (int64_t side = 0; side < s->sides; side++) {
        report(s, side, &fit[side]);
        fit[side].iterations = fit->iterations;
        fit[side].converged = fit->converged;
    }
}

void eae_sparse_fit_free(eae_sparse_fit *fit)
{
    free(fit->feature);
    free(fit->weight);
    free(fit->gamma);
    *fit = (eae_sparse_fit){0};
}

int eae_sparse_lambda_max(const eae_sparse_problem *p, double *lambda_max)
{
    const eae_source *source = p->source;
    eae_sparse_loss loss = {0};
    eae_sparse_base base = {0};
    int64_t sides = eae_sparse_sides(p), m = sides * p->n;
    double *f = EAE_NEW_ARRAY(double, 3 * m), *zero = f + m, *r = zero + m, largest = 0;
    double *start = EAE_NEW_ARRAY(double, sides *(p->terms + 1));
    double *v = eae_try_alloc((size_t)(sides * source->cols), sizeof *v, "lambda_max");
    int status = v ? eae_sparse_loss_open(&loss, p) : EAE_FAIL;
    if (status == EAE_OK)
        status = eae_sparse_base_open(&base, &loss);
    if (status == EAE_OK)
        status = eae_sparse_base_fit(&base, zero, start, f);
    if (status == EAE_OK) {
        eae_sparse_residual(&loss, f, r);
        status = eae_sparse_products(p, r, v);
    }
    if (status == EAE_OK)
        status = eae_sparse_largest(p, v, &largest);
    *lambda_max = largest / p->alpha;
    eae_sparse_base_close(&base);
    eae_sparse_loss_close(&loss);
    free(f);
    free(start);
    free(v);
    return status;
}

static int *descending(const double *lambda, int count)
{
    int *order = eae_malloc((size_t)count, sizeof *order);
    for (int k = 0; k < count; k++) {
        int at = k;
        for (; at > 0 && lambda[order[at - 1]] < lambda[k]; at--)
            order[at] = order[at - 1];
        order[at] = k;
    }
    return order;
}

int eae_sparse_path(const eae_sparse_problem *problem, const double *lambda, int count,
                    const eae_sparse_fit *start, eae_sparse_fit *fit, int64_t *passes)
{
    path s;
    double before = INFINITY;
    int *order = descending(lambda, count);
    int64_t sides = eae_sparse_sides(problem);
    for (int64_t k = 0; k < count * sides; k++)
        fit[k] = (eae_sparse_fit){0};
    int status = path_open(&s, problem, start);
    for (int k = 0; k < count && status == EAE_OK; k++) {
        double now = lambda[order[k]];
        s.l1 = problem->alpha * now;
        s.l2 = (1 - problem->alpha) * now;
        double strong = isinf(before) ? s.l1 : problem->alpha * (2 * now - before);
        eae_sparse_fit *first = &fit[order[k] * sides];
        status = solve(&s, strong, first);
        if (status == EAE_OK)
            report_sides(&s, first);
        before = now;
    }
    if (passes)
        *passes = s.pool.passes;
    for (int64_t k = 0; k < count * sides && status != EAE_OK; k++)
        eae_sparse_fit_free(&fit[k]);
    path_close(&s);
    free(order);
    return status;
}
