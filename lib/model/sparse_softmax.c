/*
 * sparse_softmax.c - the softmax loss for sparse.h; see sparse_parts.h.
 *
 * Of one sample, with cost c, probabilities pi and q_m = sum_{l > m} pi_l, the Hessian
 * c (diag(pi) - pi pi') has the factor R R', of classes - 1 columns, with
 *
 *     (R'x)_m = (c pi_m q_m / (pi_m + q_m))^(1/2) (x_m - sum_{l > m} pi_l x_l / q_m):
 *
 * each class against the mean of the later ones (the Cholesky factor of a multinomial covariance;
 * Tanabe and Sagae 1992). It knows of no scale of pi, so that a least probability may be set
 * without a new sum. Everything is made of sums of probabilities of classes that a sample does not
 * belong to, so that nothing cancels where it is certain.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/sparse_parts.h"

void eae_sparse_softmax_open(eae_sparse_loss *l)
{
    l->pi = EAE_NEW_ARRAY(double, 2 * l->p->n * l->p->classes);
}

/* ---- values ---------------------------------------------------------------------------------- */

static int64_t largest_of(const eae_sparse_problem *p, const double *f, int64_t i)
{
    int64_t top = 0;
    for (int64_t k = 1; k < p->classes; k++)
        top = f[k * p->n + i] > f[top * p->n + i] ? k : top;
    return top;
}

double eae_sparse_softmax_value(const eae_sparse_problem *p, const double *f)
{
    int64_t n = p->n;
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        int64_t top = largest_of(p, f, i), y = (int64_t)p->y[i];
        double rest = 0;
        for (int64_t k = 0; k < p->classes; k++)
            rest += k == top ? 0 : exp(f[k * n + i] - f[top * n + i]);
        sum += p->cost[i] * ((f[top * n + i] - f[y * n + i]) + log1p(rest));
    }
    return sum;
}

void eae_sparse_softmax_residual(const eae_sparse_problem *p, const double *f, double *r)
{
    int64_t n = p->n;
    for (int64_t i = 0; i < n; i++) {
        int64_t top = largest_of(p, f, i), y = (int64_t)p->y[i];
        double total = 0, others = 0;
        for (int64_t k = 0; k < p->classes; k++) {
            r[k * n + i] = exp(f[k * n + i] - f[top * n + i]);
            total += r[k * n + i];
        }
        for (int64_t k = 0; k < p->classes; k++) {
            r[k * n + i] *= -p->cost[i] / total;
            others -= k == y ? 0 : r[k * n + i];
        }
        r[y * n + i] = others;
    }
}

/* Minus the conjugate of the loss at s r: the entropy of q = s pi + (1 - s) [y = k]. */
double eae_sparse_softmax_entropy(const eae_sparse_problem *p, const double *r, double s)
{
    int64_t n = p->n;
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        int64_t y = (int64_t)p->y[i];
        double entropy = 0;
        for (int64_t k = 0; k < p->classes; k++) {
            double off = s * r[k * n + i] / p->cost[i];
            double q = k == y ? 1 - off : -off;
            if (q > 0)
                entropy -= q * (k == y ? log1p(-off) : log(q));
        }
        sum += p->cost[i] * entropy;
    }
    return sum;
}

/* ---- the Hessian ----------------------------------------------------------------------------- */

void eae_sparse_softmax_bend(eae_sparse_loss *l, const double *f)
{
    const eae_sparse_problem *p = l->p;
    const double least = 1e-10; /* a sample that is far on the wrong side would have no weight */
    int64_t n = p->n, last = p->classes - 1;
    double *pi = l->pi, *later = pi + n * p->classes;
    for (int64_t i = 0; i < n; i++) {
        int64_t top = largest_of(p, f, i);
        double total = 0, sum = 0;
        for (int64_t k = 0; k <= last; k++)
            total += exp(f[k * n + i] - f[top * n + i]);
        for (int64_t k = last; k >= 0; k--) {
            double share = fmax(exp(f[k * n + i] - f[top * n + i]) / total, least);
            pi[k * n + i] = share;
            later[k * n + i] = sum;
            if (k < last)
                l->root[k * n + i] = sqrt(p->cost[i] * share * sum / (share + sum));
            sum += share;
        }
    }
}

void eae_sparse_softmax_left(const eae_sparse_loss *l, const double *x, double *out)
{
    int64_t n = l->p->n, last = l->p->classes - 1;
    const double *pi = l->pi, *later = pi + n * l->p->classes;
    for (int64_t i = 0; i < n; i++) {
        double sum = pi[last * n + i] * x[last * n + i];
        for (int64_t k = last - 1; k >= 0; k--) {
            int64_t at = k * n + i;
            out[at] = l->root[at] * (x[at] - sum / later[at]);
            sum += pi[at] * x[at];
        }
    }
}

/* The columns of R one after the other: what is left of r where the earlier ones are taken out. */
void eae_sparse_softmax_solve(const eae_sparse_loss *l, const double *r, double *out)
{
    int64_t n = l->p->n, last = l->p->classes - 1;
    const double *pi = l->pi, *later = pi + n * l->p->classes;
    for (int64_t i = 0; i < n; i++) {
        double taken = 0;
        for (int64_t k = 0; k < last; k++) {
            int64_t at = k * n + i;
            double left = r[at] + pi[at] * taken;
            out[at] = left / l->root[at];
            taken += left / later[at];
        }
    }
}

void eae_sparse_softmax_side(const eae_sparse_loss *l, int64_t side, const double *z, double *out)
{
    int64_t n = l->p->n, last = l->p->classes - 1;
    const double *pi = l->pi + side * n, *later = l->pi + n * l->p->classes;
    for (int64_t k = 0; k < last; k++) {
        const double *root = l->root + k * n, *q = later + k * n;
        for (int64_t i = 0; i < n; i++) {
            double part = k < side ? -pi[i] / q[i] : k == side ? 1 : 0;
            out[k * n + i] = root[i] * part * z[i];
        }
    }
}

/* ---- weights --------------------------------------------------------------------------------- */

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

double eae_sparse_softmax_median(const double *w, int64_t classes)
{
    double *sorted = eae_malloc((size_t)classes, sizeof *sorted);
    memcpy(sorted, w, (size_t)classes * sizeof *sorted);
    qsort(sorted, (size_t)classes, sizeof *sorted, by_size);
    double low = sorted[(classes - 1) / 2], high = sorted[classes / 2];
    free(sorted);
    return low == high ? low : (low + high) / 2;
}
