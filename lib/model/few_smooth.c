/* few_smooth.c - Newton's method for the smooth losses of few_fit.h. */
#include <math.h>
#include <string.h>

#include "model/few_parts.h"
#include "model/loss.h"

enum { HALVINGS = 50 };

/* A shorter step than this is none. */
static const double SHORT = 1e-9;

static double beta_of(const eae_few_model *m, int64_t i)
{
    const eae_tall_problem *p = m->problem;
    return -p->cost[i] * eae_loss_slope(p->loss, p->y[i], m->value[i]);
}

static double weight_of(const eae_few_model *m, int64_t i)
{
    const eae_tall_problem *p = m->problem;
    return p->cost[i] * eae_loss_curvature(p->loss, p->y[i], m->value[i]);
}

void eae_few_smooth_rows(const eae_few_model *m, const eae_few_piece *piece)
{
    const eae_tall_problem *p = m->problem;
    double weight[EAE_FEW_PIECE], *value = m->value + piece->first;
    memcpy(m->old + piece->first, value, (size_t)piece->n * sizeof *value);
    eae_few_values(piece, m->q, m->point, value);
    for (int64_t k = 0; k < piece->n; k++) {
        int64_t i = piece->first + k;
        const double *z = piece->z + k * m->q;
        double c = p->cost[i], y = p->y[i], f = value[k];
        weight[k] = 0;
        if (c == 0)
            continue;
        piece->number[EAE_FEW_LOSS] += c * eae_loss_value(p->loss, y, f);
        weight[k] = weight_of(m, i);
        int sign = y > 0 ? EAE_FEW_POSITIVE : EAE_FEW_NEGATIVE;
        eae_few_add(piece, m->q, sign, beta_of(m, i), z);
        if (p->loss == EAE_LOSS_SQUARED)
            eae_few_add(piece, m->q, EAE_FEW_COSTS, c, z);
    }
    eae_few_matrix(piece, m->q, weight);
}

/* The derivative of the objective on the way from `before` to `point`, at t of it. */
static double derivative(const eae_few_model *m, double t)
{
    const eae_tall_problem *p = m->problem;
    double sum = 0;
    for (int64_t j = 0; j < m->q; j++) {
        if (!eae_few_penalised(m, j))
            continue;
        double way = m->point[j] - m->before[j];
        sum += (m->before[j] + t * way) * way;
    }
    for (int64_t i = 0; i < m->rows; i++) {
        double way = m->value[i] - m->old[i];
        if (p->cost[i] > 0)
            sum += p->cost[i] * eae_loss_slope(p->loss, p->y[i], m->old[i] + t * way) * way;
    }
    return sum;
}

/* The point was no better than the one before: to the best one between them, or back, and that is
 * the end. */
static void cut_step(eae_few_model *m, double objective, double gap, bool last)
{
    double low = 0, high = 1;
    for (int k = 0; k < HALVINGS && !last; k++) {
        double middle = (low + high) / 2;
        if (derivative(m, middle) < 0)
            low = middle;
        else
            high = middle;
    }
    m->done = low < SHORT;
    for (int64_t j = 0; j < m->q; j++)
        m->point[j] = m->before[j] + (m->done ? 0 : low) * (m->point[j] - m->before[j]);
    memcpy(m->value, m->old, (size_t)m->rows * sizeof(double));
    m->fit->objective = objective;
    m->fit->gap = gap;
}

static int newton_step(eae_few_model *m, const eae_kernels *kernels)
{
    const double *positive = m->vector + EAE_FEW_POSITIVE * m->q;
    const double *negative = m->vector + EAE_FEW_NEGATIVE * m->q;
    for (int64_t j = 0; j < m->q; j++) {
        bool penalised = eae_few_penalised(m, j);
        m->direction[j] = positive[j] + negative[j] - (penalised ? m->point[j] : 0);
    }
    int status = eae_few_factor(m, kernels);
    if (status == EAE_OK)
        status = kernels->cholesky_solve(m->factor, m->q, m->direction, 1);
    memcpy(m->before, m->point, (size_t)m->q * sizeof(double));
    for (int64_t j = 0; j < m->q && status == EAE_OK; j++)
        m->point[j] += m->direction[j];
    m->moved = true;
    return status;
}

int eae_few_smooth_step(eae_few_model *m, const eae_kernels *kernels, bool last)
{
    double objective = m->fit->objective, gap = m->fit->gap;
    eae_few_judge(m, kernels, beta_of, weight_of);
    m->done = m->fit->gap <= m->problem->tol;
    if (m->done)
        return EAE_OK;
    if (m->moved && !(m->fit->objective < objective)) {
        cut_step(m, objective, gap, last);
        return EAE_OK;
    }
    /* where rounding leaves no system to solve, nothing more can be had */
    m->done = last || newton_step(m, kernels) != EAE_OK;
    return EAE_OK;
}
