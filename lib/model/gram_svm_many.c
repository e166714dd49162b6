/*
 * gram_svm_many.c - the support vector machine for many labelings of the same rows.
 *
 * With every vector free the dual is linear in the labels: b = G y, lambda = T y, where G and T are
 * blocks of the inverse of [H E; E' 0]. One product therefore solves all labelings whose b lies
 * inside its box. The others hold a few vectors at their bounds; with x the multipliers of those,
 * b = G (y + x), so that block principal pivoting (see gram_active.c) needs only the small matrix
 * G restricted to the bound entries. Where the backend has a device, it solves those.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/gram_svm.h"

enum { CHUNK = 256, PIVOTS = 20, BLOCK_TRIES = 4 };

typedef struct many {
    eae_svm_dual dual;
    double *memory;
    double *inverse; /* G, n x n */
    double *border;  /* T, terms x n */
    double *b;       /* CHUNK x n */
    double *f;       /* CHUNK x n: H b */
    double *lambda;  /* CHUNK x terms */
    double *x;       /* n: multipliers of the bound entries */
    double *start;   /* n: b with every vector free */
} many;

static int many_init(many *a, const eae_gram_problem *problem, eae_svm_loss loss)
{
    *a = (many){0};
    if (eae_svm_dual_init(&a->dual, problem, loss))
        return EAE_FAIL;
    size_t n = (size_t)problem->n, terms = (size_t)a->dual.qp.terms;
    a->memory = eae_try_alloc(n * n + terms * n + CHUNK * (2 * n + terms) + 2 * n, sizeof(double),
                              "many labelings");
    if (!a->memory) {
        eae_svm_dual_free(&a->dual);
        return EAE_FAIL;
    }
    a->inverse = a->memory;
    a->border = a->inverse + n * n;
    a->b = a->border + terms * n;
    a->f = a->b + CHUNK * n;
    a->lambda = a->f + CHUNK * n;
    a->x = a->lambda + CHUNK * terms;
    a->start = a->x + n;
    return EAE_OK;
}

static void many_free(many *a)
{
    eae_svm_dual_free(&a->dual);
    free(a->memory);
}

/* border = S^-1 E'A^-1 and inverse -= A^-1 E border, given inverse = A^-1 */
static void take_border_out(many *a)
{
    const eae_qp *qp = &a->dual.qp;
    int64_t n = qp->n, terms = qp->terms;
    double *column = EAE_NEW_ARRAY(double, terms *n), *schur = EAE_NEW_ARRAY(double, terms *terms);
    for (int64_t i = 0; i < n; i++) {
        for (int64_t t = 0; t < terms; t++) {
            double sum = 0;
            for (int64_t j = 0; j < n; j++)
                sum += a->inverse[i * n + j] * qp->e[j * terms + t];
            column[t * n + i] = a->border[t * n + i] = sum;
        }
    }
    for (int64_t t = 0; t < terms; t++)
        eae_gram_border_sum(qp->e, n, terms, column + t * n, schur + t * terms);
    eae_gram_eliminate(schur, terms, a->border, n, 1e-14);
    for (int64_t t = 0; t < terms; t++) {
        for (int64_t i = 0; i < n; i++) {
            for (int64_t j = 0; j < n; j++)
                a->inverse[i * n + j] -= column[t * n + i] * a->border[t * n + j];
        }
    }
    free(column);
    free(schur);
}

/* False where the bordered matrix cannot be inverted safely. */
static bool invert(many *a)
{
    const eae_qp *qp = &a->dual.qp;
    int64_t n = qp->n, terms = qp->terms;
    double *matrix = a->dual.work.matrix, pivot;
    for (int64_t i = 0; i < n; i++) {
        memcpy(matrix + i * n, qp->h + i * qp->ld, (size_t)n * sizeof(double));
        memset(a->inverse + i * n, 0, (size_t)n * sizeof(double));
        a->inverse[i * n + i] = 1;
    }
    for (int64_t t = 0; t < terms; t++) { /* as in gram_active.c; E'b = 0 undoes it */
        double trace = 0, square = 0;
        for (int64_t i = 0; i < n; i++) {
            trace += qp->h[i * qp->ld + i];
            square += qp->e[i * terms + t] * qp->e[i * terms + t];
        }
        for (int64_t i = 0; i < n && square > 0; i++) {
            double w = trace / square * qp->e[i * terms + t];
            for (int64_t j = 0; j < n; j++)
                matrix[i * n + j] += w * qp->e[j * terms + t];
        }
    }
    if (eae_gram_cholesky(qp->kernels, matrix, n, &pivot) || pivot < 1e-10 ||
        qp->kernels->cholesky_solve(matrix, n, a->inverse, n))
        return false;
    take_border_out(a);
    return true;
}

static bool inside(const eae_svm_dual *dual, const double *b)
{
    for (int64_t i = 0; i < dual->qp.n; i++) {
        if (!(b[i] > dual->lo[i] && b[i] < dual->hi[i]))
            return false;
    }
    return true;
}

/* Multipliers of the bound entries that put them on their bounds; b and lambda follow. */
static bool solve_bound(many *a, double *b, double *lambda, const double *lambda_start)
{
    const eae_qp *qp = &a->dual.qp;
    eae_qp_work *work = &a->dual.work;
    int64_t n = qp->n, m = 0;
    for (int64_t i = 0; i < n; i++) {
        if (work->state[i] != EAE_QP_FREE)
            work->list[m++] = i;
    }
    if (m + qp->terms >= n)
        return false;
    for (int64_t r = 0; r < m; r++) {
        int64_t i = work->list[r];
        for (int64_t c = 0; c <= r; c++)
            work->matrix[r * m + c] = a->inverse[i * n + work->list[c]];
        a->x[r] = (work->state[i] == EAE_QP_LOW ? qp->lo[i] : qp->hi[i]) - a->start[i];
    }
    double pivot;
    if (eae_gram_cholesky(qp->kernels, work->matrix, m, &pivot) || pivot < 1e-12)
        return false;
    eae_gram_solve(work->matrix, m, a->x);
    memcpy(b, a->start, (size_t)n * sizeof *b);
    memcpy(lambda, lambda_start, (size_t)qp->terms * sizeof *lambda);
    for (int64_t r = 0; r < m; r++) {
        const double *row = a->inverse + work->list[r] * n;
        for (int64_t i = 0; i < n; i++)
            b[i] += a->x[r] * row[i];
        for (int64_t t = 0; t < qp->terms; t++)
            lambda[t] += a->x[r] * a->border[t * n + work->list[r]];
    }
    return true;
}

/* Move misplaced entries; how many. x follows the order of the bound entries. */
static int64_t pivot_states(const many *a, const double *b, bool one, int8_t *state)
{
    const eae_qp *qp = &a->dual.qp;
    double scale = 0;
    for (int64_t i = 0; i < qp->n; i++)
        scale = fmax(scale, fabs(b[i]));
    int64_t wrong = 0, last = 0, bound = 0;
    int8_t last_state = 0;
    for (int64_t i = 0; i < qp->n; i++) {
        int8_t want = state[i];
        if (state[i] == EAE_QP_FREE)
            want = b[i] < qp->lo[i] - 1e-13 * scale   ? EAE_QP_LOW
                   : b[i] > qp->hi[i] + 1e-13 * scale ? EAE_QP_HIGH
                                                      : EAE_QP_FREE;
        else if (state[i] == EAE_QP_LOW ? a->x[bound] < -1e-12 : a->x[bound] > 1e-12)
            want = EAE_QP_FREE;
        bound += state[i] != EAE_QP_FREE;
        if (want == state[i])
            continue;
        wrong++;
        last = i;
        last_state = want;
        if (!one)
            state[i] = want;
    }
    if (one && wrong > 0)
        state[last] = last_state;
    return wrong;
}

/* Block principal pivoting from "every vector is free". */
static bool pivot_to_bounds(many *a, double *b, double *lambda)
{
    const eae_qp *qp = &a->dual.qp;
    eae_qp_work *work = &a->dual.work;
    double *lambda_start = a->dual.lambda;
    memcpy(a->start, b, (size_t)qp->n * sizeof *b);
    memcpy(lambda_start, lambda, (size_t)qp->terms * sizeof *lambda);
    memset(work->state, EAE_QP_FREE, (size_t)qp->n);
    int64_t best = INT64_MAX;
    int tries = BLOCK_TRIES;
    for (int k = 0; k < PIVOTS; k++) {
        int64_t wrong = pivot_states(a, b, tries <= 0, work->state);
        if (wrong == 0) {
            for (int64_t i = 0; i < qp->n; i++)
                b[i] = fmin(fmax(b[i], qp->lo[i]), qp->hi[i]);
            return true;
        }
        tries = wrong < best ? BLOCK_TRIES : tries - 1;
        best = wrong < best ? wrong : best;
        work->iterations++;
        if (!solve_bound(a, b, lambda, lambda_start))
            return false;
    }
    return false;
}

static bool judge(many *a, const double *b, const double *lambda, double *f, eae_gram_fit *fit)
{
    const eae_svm_dual *dual = &a->dual;
    for (int64_t i = 0; i < dual->qp.n && dual->loss == EAE_SQUARED_HINGE; i++)
        f[i] -= b[i] * (0.5 / dual->problem->cost[i]);
    return eae_svm_dual_judge(dual, b, lambda, f, fit);
}

static void solve_one(many *a, const double *y, double *b, double *lambda, double *f,
                      eae_gram_fit *fit)
{
    eae_svm_dual *dual = &a->dual;
    eae_svm_dual_labels(dual, y);
    fit->gap = INFINITY;
    fit->converged = false;
    dual->work.iterations = 1;
    if (inside(dual, b)) {
        judge(a, b, lambda, f, fit);
    } else if (pivot_to_bounds(a, b, lambda)) {
        eae_gram_product(dual->qp.h, dual->qp.ld, dual->qp.n, b, f);
        judge(a, b, lambda, f, fit);
    }
    fit->iterations = dual->work.iterations;
    if (fit->converged)
        return;
    memset(dual->b, 0, (size_t)dual->qp.n * sizeof *dual->b);
    eae_svm_dual_solve(dual, fit);
}

/* Where there is a device: all labelings that the product has not solved, in one launch, from what
 * it gave. */
static int solve_together(many *a, const double *y, int64_t m, eae_gram_fit *fit, bool *done)
{
    const eae_gram_problem *problem = a->dual.problem;
    int64_t n = problem->n, count = 0, used = 0;
    if (!eae_svm_goes_together(problem))
        return EAE_OK;
    eae_svm_machine *machine = EAE_NEW_ARRAY(eae_svm_machine, m);
    for (int64_t k = 0; k < m; k++) {
        eae_svm_dual_labels(&a->dual, y + k * n);
        if (inside(&a->dual, a->b + k * n))
            continue;
        memcpy(fit[k].beta, a->b + k * n, (size_t)n * sizeof(double));
        eae_svm_machine *next = &machine[count++];
        *next = (eae_svm_machine){.problem = *problem, .all = problem->gram, .rows = n};
        next->problem.y = y + k * n;
        next->ld = problem->ld;
        next->ratio = 1;
        next->fit = &fit[k];
    }
    int status = eae_fit_svm_together(machine, count, a->dual.loss, 1);
    for (int64_t k = 0; k < m && used < count; k++) {
        if (machine[used].fit == &fit[k])
            done[k] = machine[used++].done;
    }
    free(machine);
    return status;
}

static int solve_chunk(many *a, const double *y, int64_t m, eae_gram_fit *fit)
{
    const eae_qp *qp = &a->dual.qp;
    int64_t n = qp->n, terms = qp->terms;
    if (qp->kernels->multiply(false, false, m, n, n, 1, y, a->inverse, 0, a->b))
        return EAE_FAIL;
    for (int64_t k = 0; k < m; k++) {
        for (int64_t t = 0; t < terms; t++)
            a->lambda[k * terms + t] = eae_gram_dot(y + k * n, a->border + t * n, n);
    }
    for (int64_t k = 0; k < m; k++)
        eae_gram_product(qp->h, qp->ld, n, a->b + k * n, a->f + k * n);
    bool done[CHUNK] = {false};
    if (solve_together(a, y, m, fit, done))
        return EAE_FAIL;
    for (int64_t k = 0; k < m; k++) {
        if (!done[k])
            solve_one(a, y + k * n, a->b + k * n, a->lambda + k * terms, a->f + k * n, fit + k);
    }
    return EAE_OK;
}

static void solve_singly(many *a, const double *y, int64_t m, eae_gram_fit *fit)
{
    eae_svm_dual *dual = &a->dual;
    for (int64_t k = 0; k < m; k++) {
        eae_svm_dual_labels(dual, y + k * dual->qp.n);
        memset(dual->b, 0, (size_t)dual->qp.n * sizeof *dual->b);
        memset(dual->work.state, EAE_QP_FREE, (size_t)dual->qp.n);
        eae_svm_dual_solve(dual, fit + k);
    }
}

int eae_fit_svm_many(const eae_gram_problem *problem, eae_svm_loss loss, const double *y, int64_t m,
                     eae_gram_fit *fit)
{
    many a;
    if (many_init(&a, problem, loss))
        return EAE_FAIL;
    int status = EAE_OK;
    if (!invert(&a)) {
        solve_singly(&a, y, m, fit);
    } else {
        for (int64_t k = 0; k < m && !status; k += CHUNK)
            status = solve_chunk(&a, y + k * problem->n, m - k < CHUNK ? m - k : CHUNK, fit + k);
    }
    many_free(&a);
    return status;
}
