/* svm_inverse.c - see svm_inverse.h. */
#include "model/svm_inverse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clones.h"
#include "base/memory.h"

int eae_inverse_init(eae_inverse *p, const eae_kernels *kernels, int64_t n)
{
    *p = (eae_inverse){.kernels = kernels, .n = n, .ld = eae_features_stride(n)};
    p->most = n > EAE_INVERSE_PENDING ? n : EAE_INVERSE_PENDING;
    p->m = eae_try_alloc((size_t)n * (size_t)p->ld, sizeof(double), "the inverse of a solver");
    p->u = eae_try_alloc((size_t)p->ld * EAE_INVERSE_PENDING, sizeof(double),
                         "the updates of a solver");
    p->sign = EAE_NEW_ARRAY(double, EAE_INVERSE_PENDING);
    p->work = EAE_NEW_ARRAY(double, p->most + n);
    p->signed_u = EAE_NEW_ARRAY(double, EAE_INVERSE_PENDING *n);
    if (!p->m || !p->u) {
        eae_inverse_free(p);
        return EAE_FAIL;
    }
    eae_inverse_clear(p);
    return EAE_OK;
}

void eae_inverse_free(eae_inverse *p)
{
    free(p->m);
    free(p->u);
    free(p->sign);
    free(p->work);
    free(p->signed_u);
    *p = (eae_inverse){0};
}

void eae_inverse_clear(eae_inverse *p)
{
    memset(p->m, 0, (size_t)(p->n * p->ld) * sizeof *p->m);
    memset(p->u, 0, (size_t)(EAE_INVERSE_PENDING * p->ld) * sizeof *p->u);
    p->pending = 0;
}

static eae_features lines(const double *x, int64_t n, int64_t ld, int64_t count)
{
    return (eae_features){.x = x, .is_f64 = true, .rows = n, .ld = ld, .cols = count};
}

EAE_CLONES static void add(double by, const double *restrict u, int64_t n, double *restrict to)
{
    for (int64_t i = 0; i < n; i++)
        to[i] += by * u[i];
}

int eae_inverse_product(eae_inverse *p, const int64_t *list, int64_t count, const double *x,
                        double *y)
{
    eae_features m = lines(p->m, p->n, p->ld, p->n), u = lines(p->u, p->n, p->ld, p->pending);
    double *dot = p->work, *sum = p->work + p->most;
    memset(y, 0, (size_t)p->n * sizeof *y);
    memset(sum, 0, (size_t)p->n * sizeof *sum);
    if (p->pending && p->kernels->feature_weights(&u, NULL, p->pending, x, 1, dot))
        return EAE_FAIL;
    for (int64_t k = 0; k < p->pending; k++)
        add(p->sign[k] * dot[k], p->u + k * p->ld, p->n, sum);
    if (p->kernels->feature_weights(&m, list, count, x, 1, dot))
        return EAE_FAIL;
    for (int64_t k = 0; k < count; k++)
        y[list[k]] = dot[k] + sum[list[k]];
    return EAE_OK;
}

void eae_inverse_row(const eae_inverse *p, int64_t i, const int64_t *list, int64_t count, double *y)
{
    memset(y, 0, (size_t)p->n * sizeof *y);
    for (int64_t c = 0; c < count; c++)
        y[list[c]] = p->m[i * p->ld + list[c]];
    for (int64_t k = 0; k < p->pending; k++) {
        const double *uk = p->u + k * p->ld;
        double by = p->sign[k] * uk[i];
        for (int64_t c = 0; c < count && by != 0; c++)
            y[list[c]] += by * uk[list[c]];
    }
}

int eae_inverse_update(eae_inverse *p, const int64_t *list, int64_t count, const double *v,
                       double scale)
{
    if (p->pending == EAE_INVERSE_PENDING && eae_inverse_flush(p, list, count))
        return EAE_FAIL;
    double root = sqrt(fabs(scale)), *u = p->u + p->pending * p->ld;
    for (int64_t i = 0; i < p->n; i++)
        u[i] = root * v[i];
    p->sign[p->pending++] = scale < 0 ? -1 : 1;
    return EAE_OK;
}

int eae_inverse_flush(eae_inverse *p, const int64_t *list, int64_t count)
{
    for (int64_t k = 0; k < p->pending; k++) {
        for (int64_t i = 0; i < p->n; i++)
            p->signed_u[k * p->n + i] = p->sign[k] * p->u[k * p->ld + i];
    }
    if (p->pending &&
        p->kernels->multiply(true, false, p->n, p->ld, p->pending, 1, p->signed_u, p->u, 1, p->m))
        return EAE_FAIL;
    p->pending = 0;
    for (int64_t i = 0, c = 0; i < p->n; i++) {
        if (c < count && list[c] == i) {
            c++;
            continue;
        }
        memset(p->m + i * p->ld, 0, (size_t)p->n * sizeof *p->m);
        for (int64_t k = 0; k < p->n; k++)
            p->m[k * p->ld + i] = 0;
    }
    return EAE_OK;
}
