/*
 * gram_smo.c - sequential minimal optimisation for the dual of gram_internal.h.
 *
 * One equality (a free intercept): pairs, chosen with second-order information (Fan, Chen and Lin
 * 2005, "Working set selection using second order information for training support vector
 * machines", WSS 2). No equality (penalised intercept): single entries by the same rule.
 */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "model/gram_internal.h"

static const double tiny_curvature = 1e-12;

/* b[i] += step, stopping exactly at a bound; returns the step made. */
static double move(const eae_qp *qp, double *b, int64_t i, double step)
{
    double old = b[i], to = old + step;
    b[i] = fmin(fmax(to, qp->lo[i]), qp->hi[i]);
    return b[i] - old;
}

/* The entry that most wants to grow: largest -g among those below hi; -1 if none. */
static int64_t pick_up(const eae_qp *qp, const double *b, const double *g, double *largest)
{
    int64_t pick = -1;
    double best = -INFINITY;
    for (int64_t i = 0; i < qp->n; i++) {
        if (b[i] < qp->hi[i] && -g[i] > best) {
            best = -g[i];
            pick = i;
        }
    }
    *largest = best;
    return pick;
}

/* Its partner by the largest decrease; *violation is that of the worst pair. */
static int64_t pick_down(const eae_qp *qp, const double *diagonal, const double *b, const double *g,
                         int64_t i, double up, double *violation)
{
    const double *row = qp->h + i * qp->ld;
    double best = 0, worst = 0, hii = diagonal[i];
    int64_t pick = -1;
    for (int64_t j = 0; j < qp->n; j++) {
        double diff = up + g[j];
        if (!(diff > 0) || b[j] <= qp->lo[j])
            continue;
        worst = diff > worst ? diff : worst;
        double curve = hii + diagonal[j] - 2 * row[j];
        curve = curve > tiny_curvature ? curve : tiny_curvature;
        if (diff * diff > best * curve) {
            best = diff * diff / curve;
            pick = j;
        }
    }
    *violation = worst;
    return pick;
}

static bool pair_step(const eae_qp *qp, const double *diagonal, double eps, double *b, double *g,
                      double *violation)
{
    double up;
    int64_t i = pick_up(qp, b, g, &up);
    if (i < 0) {
        *violation = 0;
        return false;
    }
    int64_t j = pick_down(qp, diagonal, b, g, i, up, violation);
    if (j < 0 || *violation <= eps)
        return false;
    const double *hi = qp->h + i * qp->ld, *hj = qp->h + j * qp->ld;
    double step = (up + g[j]) / fmax(hi[i] + hj[j] - 2 * hi[j], tiny_curvature);
    double room_i = qp->hi[i] - b[i], room_j = b[j] - qp->lo[j];
    if (room_i <= step && room_i <= room_j) {
        step = room_i;
        b[i] = qp->hi[i];
        b[j] = fmax(b[j] - step, qp->lo[j]);
    } else if (room_j <= step) {
        step = room_j;
        b[j] = qp->lo[j];
        b[i] = fmin(b[i] + step, qp->hi[i]);
    } else {
        b[i] += step;
        b[j] -= step;
    }
    for (int64_t k = 0; k < qp->n; k++)
        g[k] += step * (hi[k] - hj[k]);
    return step > 0;
}

static bool single_step(const eae_qp *qp, const double *diagonal, double eps, double *b, double *g,
                        double *violation)
{
    double best = 0, worst = 0;
    int64_t pick = -1;
    for (int64_t i = 0; i < qp->n; i++) {
        double want = -g[i];
        if (want > 0 ? b[i] >= qp->hi[i] : b[i] <= qp->lo[i])
            continue;
        worst = fmax(worst, fabs(want));
        double curve = fmax(diagonal[i], tiny_curvature);
        if (want * want > best * curve) {
            best = want * want / curve;
            pick = i;
        }
    }
    *violation = worst;
    if (pick < 0 || worst <= eps)
        return false;
    const double *row = qp->h + pick * qp->ld;
    double step = move(qp, b, pick, -g[pick] / fmax(row[pick], tiny_curvature));
    for (int64_t k = 0; k < qp->n; k++)
        g[k] += step * row[k];
    return step != 0;
}

double eae_qp_smo(const eae_qp *qp, double eps, int64_t max_iter, double *b, double *g,
                  int64_t *iterations)
{
    double violation = INFINITY, *diagonal = EAE_NEW_ARRAY(double, qp->n);
    for (int64_t i = 0; i < qp->n; i++)
        diagonal[i] = qp->h[i * qp->ld + i];
    for (int64_t k = 0; k < max_iter; k++) {
        ++*iterations;
        if (!(qp->terms ? pair_step(qp, diagonal, eps, b, g, &violation)
                        : single_step(qp, diagonal, eps, b, g, &violation)))
            break;
    }
    free(diagonal);
    return violation;
}
