/*
 * few_hinge.c - the hinge loss of few_fit.h by a primal-dual interior point.
 *
 * With a_i = y_i beta_i in [0, c_i], t_i = c_i - a_i, multipliers l_i of a_i >= 0 and h_i of a_i <=
 * c_i, w = sum_i y_i a_i z_i and b the multiplier of sum_i y_i a_i = 0:
 *
 *     y_i f_i - 1 - l_i + h_i = 0,    a_i l_i = mu,    t_i h_i = mu
 *
 * A Newton step with targets p_i = mu - a_i l_i, q_i = mu - t_i h_i (each with the product of the
 * predictor's steps) gives, with theta_i = l_i / a_i + h_i / t_i and e_i = z_i'dw + db,
 *
 *     da_i = (g_i - y_i e_i) / theta_i,    g_i = 1 - y_i f_i + l_i - h_i + p_i / a_i - q_i / t_i
 *     (1 + sum_i z_i z_i' / theta_i) (dw, db) = sum_i y_i g_i / theta_i (z_i, 1) + what is missing,
 *
 * 1 for w (and a penalised b) only. The predictor has mu = 0 and no products, so g_i = 1 - y_i f_i.
 */
#include <math.h>
#include <string.h>

#include "model/few_parts.h"
#include "model/loss.h"
#include "model/tall_parts.h"

/* How much of the longest step is taken, and how near to its cost rounding may take an a. */
static const double INSIDE = 0.995, NEAREST = 1 - 0x1p-52;

/* Points without a smaller gap or mu, after which rounding is taken to be all that is left. */
enum { STALLED = 10 };

static double beta_of(const eae_few_model *m, int64_t i)
{
    return m->problem->y[i] * m->a[i];
}

/* Changes of one row's slacks and multipliers. */
typedef struct {
    double a, low, high;
} change;

static double theta_of(const eae_few_model *m, int64_t i)
{
    double a = m->a[i], t = m->problem->cost[i] - a;
    return m->low[i] / a + m->high[i] / t;
}

/* For p_i = p, q_i = q: all of g, and the rest from y e. */
static change change_of(const eae_few_model *m, int64_t i, double p, double q, double e)
{
    double a = m->a[i], t = m->problem->cost[i] - a, l = m->low[i], h = m->high[i];
    double y = m->problem->y[i], f = m->value[i];
    change d;
    d.a = (1 - y * f + l - h + p / a - q / t - y * e) / theta_of(m, i);
    d.low = (p - l * d.a) / a;
    d.high = (q + h * d.a) / t;
    return d;
}

static change predicted(const eae_few_model *m, int64_t i)
{
    double a = m->a[i], t = m->problem->cost[i] - a;
    return change_of(m, i, -a * m->low[i], -t * m->high[i], m->first[i]);
}

static change corrected(const eae_few_model *m, int64_t i)
{
    double a = m->a[i], t = m->problem->cost[i] - a;
    change d = predicted(m, i);
    double p = m->target - a * m->low[i] - d.a * d.low;
    double q = m->target - t * m->high[i] + d.a * d.high;
    return change_of(m, i, p, q, m->second[i]);
}

/* 1 / the longest step that keeps row i inside. */
static double blocked(const eae_few_model *m, int64_t i, const change *d)
{
    double t = m->problem->cost[i] - m->a[i];
    return fmax(fmax(-d->a / m->a[i], d->a / t), fmax(-d->low / m->low[i], -d->high / m->high[i]));
}

/* ---- rows of a pass -------------------------------------------------------------------------- */

static void start_row(const eae_few_model *m, const eae_few_piece *piece, int64_t i,
                      const double *z)
{
    int sign = m->problem->y[i] > 0 ? EAE_FEW_POSITIVE : EAE_FEW_NEGATIVE;
    eae_few_add(piece, m->q, sign, beta_of(m, i), z);
}

static double point_row(const eae_few_model *m, const eae_few_piece *piece, int64_t i,
                        const double *z)
{
    double y = m->problem->y[i], c = m->problem->cost[i], f = m->value[i];
    double inverse = 1 / theta_of(m, i);
    piece->number[EAE_FEW_LOSS] += c * eae_loss_value(EAE_LOSS_HINGE, y, f);
    piece->number[EAE_FEW_MU] += m->a[i] * m->low[i] + (c - m->a[i]) * m->high[i];
    eae_few_add(piece, m->q, EAE_FEW_RIGHT, y * (1 - y * f) * inverse, z);
    start_row(m, piece, i, z);
    return inverse;
}

static void predicted_row(const eae_few_model *m, const eae_few_piece *piece, int64_t i,
                          const double *z)
{
    double a = m->a[i], t = m->problem->cost[i] - a;
    double by = m->problem->y[i] / theta_of(m, i);
    change d = predicted(m, i);
    double *number = piece->number;
    number[EAE_FEW_LINEAR] += d.a * m->low[i] + a * d.low - d.a * m->high[i] + t * d.high;
    number[EAE_FEW_SQUARE] += d.a * d.low - d.a * d.high;
    number[EAE_FEW_BLOCK] = fmax(number[EAE_FEW_BLOCK], blocked(m, i, &d));
    eae_few_add(piece, m->q, EAE_FEW_CROSS, by * (-d.a * d.low / a - d.a * d.high / t), z);
    eae_few_add(piece, m->q, EAE_FEW_CENTRE, by * (1 / a - 1 / t), z);
}

static void corrected_row(const eae_few_model *m, const eae_few_piece *piece, int64_t i)
{
    change d = corrected(m, i);
    piece->number[EAE_FEW_BLOCK] = fmax(piece->number[EAE_FEW_BLOCK], blocked(m, i, &d));
}

void eae_few_hinge_rows(const eae_few_model *m, const eae_few_piece *piece)
{
    double weight[EAE_FEW_PIECE];
    if (m->phase == EAE_FEW_GRADIENT || m->phase == EAE_FEW_POINT) {
        eae_few_values(piece, m->q, m->point, m->value + piece->first);
    } else if (m->phase != EAE_FEW_START) {
        double *e = m->phase == EAE_FEW_PREDICTED ? m->first : m->second;
        eae_few_values(piece, m->q, m->direction, e + piece->first);
    }
    for (int64_t k = 0; k < piece->n; k++) {
        int64_t i = piece->first + k;
        const double *z = piece->z + k * m->q;
        weight[k] = 0;
        if (m->problem->cost[i] == 0)
            continue;
        if (m->phase == EAE_FEW_START)
            start_row(m, piece, i, z);
        else if (m->phase == EAE_FEW_GRADIENT)
            piece->number[EAE_FEW_SIZE] += fabs(m->problem->y[i] * m->value[i] - 1);
        else if (m->phase == EAE_FEW_POINT)
            weight[k] = point_row(m, piece, i, z);
        else if (m->phase == EAE_FEW_PREDICTED)
            predicted_row(m, piece, i, z);
        else
            corrected_row(m, piece, i);
    }
    if (m->phase == EAE_FEW_POINT)
        eae_few_matrix(piece, m->q, weight);
}

/* ---- after a pass ---------------------------------------------------------------------------- */

static double weight_of(const eae_few_model *m, int64_t i)
{
    return 1 / theta_of(m, i);
}

/* w as the beta make it; the intercept follows where it is penalised. */
static void begin_point(eae_few_model *m)
{
    const double *positive = m->vector + EAE_FEW_POSITIVE * m->q;
    const double *negative = m->vector + EAE_FEW_NEGATIVE * m->q;
    for (int64_t j = 0; j < m->q; j++)
        m->point[j] = eae_few_penalised(m, j) ? positive[j] + negative[j] : 0;
    m->phase = EAE_FEW_GRADIENT;
}

/* Multipliers that leave little residual, all well inside. */
static void begin_multipliers(eae_few_model *m)
{
    double size = m->number[EAE_FEW_SIZE] / (double)m->trained;
    for (int64_t i = 0; i < m->rows; i++) {
        double g = m->problem->y[i] * m->value[i] - 1;
        m->low[i] = fmax(g, 0) + size;
        m->high[i] = fmax(-g, 0) + size;
    }
    m->phase = EAE_FEW_POINT;
}

/* The end: as LIBSVM does where many intercepts are as good, the middle of them; and the best
 * multiple of w. With covariates the point stays as it is. */
static void finish(eae_few_model *m)
{
    double sum = 0, norm = 0, bound = 0, scale;
    const double *positive = m->vector + EAE_FEW_POSITIVE * m->q;
    const double *negative = m->vector + EAE_FEW_NEGATIVE * m->q;
    m->done = true;
    if (m->problem->free)
        return;
    for (int64_t i = 0; i < m->rows; i++) {
        m->first[i] = beta_of(m, i);
        sum += m->first[i];
        m->value[i] -= m->point[m->p];
    }
    eae_tall_state state = {
        .problem = m->problem, .rows = m->rows, .beta = m->first, .value = m->value, .sum = sum};
    state.factor = eae_tall_repair(m->problem, m->rows, m->first, sum);
    const double *share = sum > 0 ? positive : negative;
    for (int64_t j = 0; j < m->p; j++) {
        norm += m->point[j] * m->point[j];
        bound += state.factor * share[j] * state.factor * share[j];
    }
    state.norm = norm;
    state.bound = sqrt(bound);
    eae_tall_certify(&state, m->fit, &scale);
    for (int64_t j = 0; j < m->p; j++)
        m->point[j] *= scale;
    m->point[m->p] = m->fit->intercept;
    for (int64_t i = 0; i < m->rows; i++)
        m->value[i] = scale * m->value[i] + m->fit->intercept;
}

static void note_progress(eae_few_model *m)
{
    double mu = m->number[EAE_FEW_MU] / (double)(2 * m->trained);
    bool better = m->fit->gap < m->best || (mu < m->mu || m->mu == 0);
    m->stalled = better ? 0 : m->stalled + 1;
    m->best = fmin(m->best, m->fit->gap);
    m->mu = mu;
}

/* The system of the point, and the predictor's direction. */
static int predict(eae_few_model *m, const eae_kernels *kernels)
{
    const double *right = m->vector + EAE_FEW_RIGHT * m->q;
    const double *positive = m->vector + EAE_FEW_POSITIVE * m->q;
    const double *negative = m->vector + EAE_FEW_NEGATIVE * m->q;
    for (int64_t j = 0; j < m->q; j++) {
        bool penalised = eae_few_penalised(m, j);
        m->right[j] = right[j] + positive[j] + negative[j] - (penalised ? m->point[j] : 0);
    }
    memcpy(m->direction, m->right, (size_t)m->q * sizeof(double));
    m->phase = EAE_FEW_PREDICTED;
    int status = eae_few_factor(m, kernels);
    return status == EAE_OK ? kernels->cholesky_solve(m->factor, m->q, m->direction, 1) : status;
}

static int correct(eae_few_model *m, const eae_kernels *kernels)
{
    const double *cross = m->vector + EAE_FEW_CROSS * m->q;
    const double *centre = m->vector + EAE_FEW_CENTRE * m->q;
    double step = 1 / fmax(1, m->number[EAE_FEW_BLOCK]);
    double gained = step * m->number[EAE_FEW_LINEAR] + step * step * m->number[EAE_FEW_SQUARE];
    double share = fmax(0, 1 + gained / (double)(2 * m->trained) / m->mu);
    m->target = share * share * share * m->mu;
    for (int64_t j = 0; j < m->q; j++)
        m->direction[j] = m->right[j] + cross[j] + m->target * centre[j];
    m->phase = EAE_FEW_CORRECTED;
    return kernels->cholesky_solve(m->factor, m->q, m->direction, 1);
}

static void advance(eae_few_model *m)
{
    double step = 1 / fmax(1, m->number[EAE_FEW_BLOCK] / INSIDE);
    for (int64_t i = 0; i < m->rows; i++) {
        if (m->problem->cost[i] == 0)
            continue;
        change d = corrected(m, i);
        m->a[i] = fmin(m->a[i] + step * d.a, NEAREST * m->problem->cost[i]);
        m->low[i] += step * d.low;
        m->high[i] += step * d.high;
    }
    for (int64_t j = 0; j < m->q; j++)
        m->point[j] += step * m->direction[j];
    m->phase = EAE_FEW_POINT;
}

int eae_few_hinge_step(eae_few_model *m, const eae_kernels *kernels, bool last)
{
    switch (m->phase) {
    case EAE_FEW_START:
        begin_point(m);
        break;
    case EAE_FEW_GRADIENT:
        begin_multipliers(m);
        break;
    case EAE_FEW_POINT:
        eae_few_judge(m, kernels, beta_of, weight_of);
        note_progress(m);
        /* where rounding leaves no system to solve, nothing more can be had */
        if (last || m->fit->gap <= m->problem->tol || m->stalled >= STALLED ||
            predict(m, kernels) != EAE_OK)
            finish(m);
        break;
    case EAE_FEW_PREDICTED:
        return correct(m, kernels);
    case EAE_FEW_CORRECTED:
        advance(m);
        break;
    }
    return EAE_OK;
}
