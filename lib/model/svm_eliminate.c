/* svm_eliminate.c - see svm_eliminate.h. */
#include "model/svm_eliminate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/svm_path.h"
#include "model/svm_pool.h"

/* Features of a downdate; a path is made anew; few features, so every step is checked. */
enum { GROUP = EAE_SVM_GRAM_PENDING, RESTART = 2048, FEW = 4 };

typedef struct elimination {
    const eae_svm_eliminate_problem *problem;
    eae_svm_eliminate_result *result;
    eae_svm_gram gram;
    eae_svm_path *path; /* sides */
    eae_svm_pool *pool;
    double *base;         /* m x m: the Gram matrix when the last group was complete */
    int64_t group[GROUP]; /* gone since then */
    int64_t grouped;
    int64_t left, done;
    int64_t *active; /* scratch */
    double *b;       /* n x sides */
    int64_t next_size;
} elimination;

static bool power_of_two(int64_t k)
{
    return (k & (k - 1)) == 0;
}

bool eae_svm_eliminate_restarts(int64_t left)
{
    return left % RESTART == 0 || power_of_two(left);
}

static size_t gram_bytes(const elimination *e)
{
    return (size_t)(e->problem->m * e->problem->m) * sizeof(double);
}

/* The Gram matrix of the features left, from their values. */
static int make_gram(elimination *e)
{
    const eae_svm_eliminate_problem *p = e->problem;
    int64_t count = eae_svm_pool_left(e->pool, e->active);
    memset(e->base, 0, gram_bytes(e));
    return p->kernels->feature_gram(p->features, e->active, count, p->row, p->m, EAE_PRECISION_F64,
                                    1, e->base, p->threads);
}

/* Groups end at sizes that depend on nothing else, and so does the rounding of the sums. */
static int finish_group(elimination *e)
{
    const eae_svm_eliminate_problem *p = e->problem;
    int status = EAE_OK;
    if (e->left % GROUP != 0 && !power_of_two(e->left))
        return EAE_OK;
    if (power_of_two(e->left))
        status = make_gram(e);
    else
        status = p->kernels->feature_gram(p->features, e->group, e->grouped, p->row, p->m,
                                          EAE_PRECISION_F64, -1, e->base, p->threads);
    e->grouped = 0;
    eae_svm_gram_load(&e->gram, e->base, p->m);
    for (int s = 0; s < p->sides && status == EAE_OK; s++)
        status = eae_svm_path_polish(&e->path[s]);
    return status;
}

static int store(elimination *e)
{
    const eae_svm_eliminate_problem *p = e->problem;
    double residual;
    for (int s = 0; s < p->sides; s++) {
        if (eae_svm_path_store(&e->path[s], &e->result->fit[s], &residual))
            return EAE_FAIL;
        e->result->residual = fmax(e->result->residual, residual);
    }
    memcpy(e->result->gram, e->base, gram_bytes(e));
    return e->grouped ? p->kernels->feature_gram(p->features, e->group, e->grouped, p->row, p->m,
                                                 EAE_PRECISION_F64, -1, e->result->gram, 1)
                      : EAE_OK;
}

static int visit(elimination *e)
{
    const eae_svm_eliminate_problem *p = e->problem;
    if (e->next_size >= p->sizes || p->size[e->next_size] != e->left)
        return EAE_OK;
    e->next_size++;
    if (store(e))
        return EAE_FAIL;
    if (!p->visit)
        return EAE_OK;
    eae_svm_pool_left(e->pool, e->active);
    return p->visit(p->context, e->active, e->left);
}

static int restart(elimination *e)
{
    const eae_svm_eliminate_problem *p = e->problem;
    if (!eae_svm_eliminate_restarts(e->left) || e->left == p->until)
        return EAE_OK;
    for (int s = 0; s < p->sides; s++) {
        if (eae_svm_path_store(&e->path[s], &e->result->fit[s], NULL) ||
            eae_svm_path_start(&e->path[s], e->result->fit[s].beta))
            return EAE_FAIL;
    }
    return EAE_OK;
}

static void gather_b(elimination *e)
{
    int sides = e->problem->sides;
    for (int s = 0; s < sides; s++) {
        for (int64_t i = 0; i < e->problem->n; i++)
            e->b[i * sides + s] = e->path[s].x[i];
    }
}

static double relative_gap(const eae_svm_pick *pick)
{
    if (isinf(pick->next))
        return 1;
    return pick->next > 0 ? (pick->next - pick->square) / pick->next : 0;
}

static int step(elimination *e)
{
    const eae_svm_eliminate_problem *p = e->problem;
    eae_svm_pick pick;
    gather_b(e);
    if (eae_svm_pool_pick(e->pool, e->b, &pick))
        return EAE_FAIL;
    e->result->order[e->done] = pick.feature;
    if (e->result->gap)
        e->result->gap[e->done] = relative_gap(&pick);
    e->done++;
    e->left--;
    e->group[e->grouped++] = pick.feature;
    bool check = e->left <= FEW * p->n;
    if (pick.z) {
        eae_svm_gram_remove(&e->gram, pick.z);
        for (int s = 0; s < p->sides; s++) {
            if (eae_svm_path_remove(&e->path[s], pick.z, pick.w[s], check))
                return EAE_FAIL;
        }
    }
    eae_svm_pool_remove(e->pool);
    return finish_group(e);
}

static int open_paths(elimination *e)
{
    const eae_svm_eliminate_problem *p = e->problem;
    if (eae_svm_gram_init(&e->gram, p->kernels, p->n))
        return EAE_FAIL;
    eae_svm_gram_load(&e->gram, e->base, p->m);
    for (int s = 0; s < p->sides; s++) {
        if (eae_svm_path_init(&e->path[s], &e->gram, &p->side[s], p->loss) ||
            eae_svm_path_start(&e->path[s], e->result->fit[s].beta))
            return EAE_FAIL;
    }
    return EAE_OK;
}

static int open_all(elimination *e)
{
    const eae_svm_eliminate_problem *p = e->problem;
    eae_svm_pool_spec spec = {.kernels = p->kernels,
                              .features = p->features,
                              .row = p->row,
                              .n = p->n,
                              .active = p->active,
                              .count = p->count,
                              .sides = p->sides,
                              .free_bias = !p->side[0].bias_penalised,
                              .threads = p->threads};
    e->left = p->count;
    e->path = EAE_NEW_ARRAY(eae_svm_path, p->sides);
    e->b = EAE_NEW_ARRAY(double, p->n * p->sides);
    e->active = eae_try_alloc((size_t)p->count, sizeof *e->active, "the features left");
    e->base = eae_try_alloc((size_t)(p->m * p->m), sizeof(double), "a Gram matrix");
    if (!e->active || !e->base || eae_svm_pool_new(&e->pool, &spec))
        return EAE_FAIL;
    if (p->have_gram)
        memcpy(e->base, e->result->gram, gram_bytes(e));
    else if (make_gram(e))
        return EAE_FAIL;
    return open_paths(e);
}

static void close_all(elimination *e)
{
    for (int s = 0; s < e->problem->sides; s++) {
        eae_svm_path *path = &e->path[s];
        e->result->residual = fmax(e->result->residual, path->residual);
        e->result->pivots += path->pivots;
        e->result->refactored += path->refactored;
        e->result->recoveries += path->recoveries;
        eae_svm_path_free(path);
    }
    if (e->pool)
        eae_svm_pool_work(e->pool, e->result->scored);
    eae_svm_pool_free(e->pool);
    eae_svm_gram_free(&e->gram);
    free(e->path);
    free(e->b);
    free(e->active);
    free(e->base);
}

int eae_svm_eliminate(const eae_svm_eliminate_problem *problem, eae_svm_eliminate_result *result)
{
    elimination e = {.problem = problem, .result = result};
    result->residual = 0;
    result->pivots = result->refactored = result->recoveries = 0;
    int status = open_all(&e);
    if (status == EAE_OK)
        status = visit(&e);
    while (status == EAE_OK && e.left > problem->until) {
        status = step(&e);
        if (status == EAE_OK)
            status = visit(&e);
        if (status == EAE_OK)
            status = restart(&e);
    }
    if (status == EAE_OK)
        status = store(&e);
    close_all(&e);
    return status;
}
