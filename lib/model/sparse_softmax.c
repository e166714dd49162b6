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

/* ---- the Gram matrix of a working set -------------------------------------------------------- */

typedef struct packed {
    const eae_sparse_loss *loss;
    int64_t n, count;
    int64_t *at;    /* count: places in the set, side after side */
    int64_t *first; /* classes + 1: where a side begins among them */
    double *z;      /* count x n: centred, which the intercepts make up for */
    double *scaled; /* the same size */
    double *block;  /* count x count */
    double *h;      /* n */
} packed;

static int packed_open(packed *g, const eae_sparse_loss *l, const double *z, const int64_t *set,
                       int64_t count)
{
    const eae_sparse_problem *p = l->p;
    int64_t n = p->n, used = 0;
    *g = (packed){.loss = l, .n = n, .count = count};
    g->at = EAE_NEW_ARRAY(int64_t, count);
    g->first = EAE_NEW_ARRAY(int64_t, p->classes + 1);
    g->h = EAE_NEW_ARRAY(double, n);
    g->z = eae_try_alloc((size_t)count, (size_t)(2 * n + count) * sizeof *g->z, "a working set");
    if (!g->z)
        return EAE_FAIL;
    g->scaled = g->z + count * n;
    g->block = g->scaled + count * n;
    for (int64_t side = 0; side < p->classes; side++) {
        for (int64_t a = 0; a < count; a++) {
            if (set[a] % p->classes != side)
                continue;
            const double *from = z + set[a] / p->classes * n;
            double *to = g->z + used * n, sum = 0;
            for (int64_t i = 0; i < n; i++)
                sum += from[i];
            for (int64_t i = 0; i < n; i++)
                to[i] = from[i] - sum / (double)n;
            g->at[used++] = a;
        }
        g->first[side + 1] = used;
    }
    return EAE_OK;
}

static void packed_close(packed *g)
{
    free(g->at);
    free(g->first);
    free(g->h);
    free(g->z);
}

/* The entries of two sides: sum_i c_i pi_k ([k = l] - pi_l) z z', as if the least probability were
 * part of one that sums to 1. */
static int packed_block(const packed *g, int64_t k, int64_t l, double *gram)
{
    const eae_sparse_problem *p = g->loss->p;
    int64_t n = g->n, across = g->first[l + 1] - g->first[l], down = g->first[k + 1] - g->first[k];
    const double *pi = g->loss->pi, *later = pi + n * p->classes;
    if (across == 0 || down == 0)
        return EAE_OK;
    for (int64_t i = 0; i < n; i++) {
        double all = pi[i] + later[i], h = -pi[k * n + i] * pi[l * n + i] / all, others = 0;
        for (int64_t c = 0; c < p->classes && k == l; c++)
            others += c == k ? 0 : pi[c * n + i];
        h = p->cost[i] * (k == l ? pi[k * n + i] * others / all : h);
        g->h[i] = h;
    }
    for (int64_t b = 0; b < across; b++) {
        const double *z = g->z + (g->first[l] + b) * n;
        for (int64_t i = 0; i < n; i++)
            g->scaled[b * n + i] = g->h[i] * z[i];
    }
    int status = p->kernels->multiply(false, true, down, across, n, 1, g->z + g->first[k] * n,
                                      g->scaled, 0, g->block);
    for (int64_t a = 0; a < down; a++) {
        for (int64_t b = 0; b < across; b++) {
            int64_t row = g->at[g->first[k] + a], column = g->at[g->first[l] + b];
            gram[row * g->count + column] = g->block[a * across + b];
            gram[column * g->count + row] = g->block[a * across + b];
        }
    }
    return status;
}

/* gram -= B'B, B (terms x count) the columns' parts in the border. */
static int less_border(const packed *g, const int64_t *set, const double *border, int64_t terms,
                       double *gram)
{
    const eae_sparse_problem *p = g->loss->p;
    int64_t count = g->count, bent = eae_sparse_bent(p);
    double *part = eae_malloc((size_t)(terms * count + bent), sizeof *part);
    double *x = part + terms * count;
    for (int64_t a = 0; a < count; a++) {
        int64_t at = g->at[a], side = set[at] % p->classes;
        int64_t rows = side + 1 < p->classes ? (side + 1) * g->n : bent; /* 0 behind them */
        eae_sparse_softmax_side(g->loss, side, g->z + a * g->n, x);
        for (int64_t t = 0; t < terms; t++)
            part[t * count + at] = eae_sparse_dot(border + t * bent, x, rows);
    }
    int status =
        terms > 0 ? p->kernels->multiply(true, false, count, count, terms, -1, part, part, 1, gram)
                  : EAE_OK;
    free(part);
    return status;
}

int eae_sparse_softmax_gram(const eae_sparse_loss *l, const double *z, const int64_t *set,
                            int64_t count, const double *border, int64_t terms, double *gram,
                            double *norm)
{
    packed g;
    int status = packed_open(&g, l, z, set, count);
    for (int64_t k = 0; k < l->p->classes && status == EAE_OK; k++) {
        for (int64_t side = 0; side <= k && status == EAE_OK; side++)
            status = packed_block(&g, k, side, gram);
    }
    for (int64_t a = 0; a < count && status == EAE_OK; a++)
        norm[a] = gram[a * count + a];
    if (status == EAE_OK)
        status = less_border(&g, set, border, terms, gram);
    for (int64_t a = 0; a < count && status == EAE_OK; a++) {
        double rest = gram[a * count + a];
        norm[a] = rest > 1e-12 * norm[a] ? rest : 0; /* explained by the covariates */
    }
    packed_close(&g);
    return status;
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
