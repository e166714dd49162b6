/* svm_gram.c - see svm_gram.h. */
#include "model/svm_gram.h"

#include <stdlib.h>
#include <string.h>

#include "base/clones.h"
#include "base/memory.h"

int eae_svm_gram_init(eae_svm_gram *p, const eae_kernels *kernels, int64_t n)
{
    *p = (eae_svm_gram){.kernels = kernels, .n = n, .ld = eae_features_stride(n)};
    size_t ld = (size_t)p->ld;
    p->g = eae_try_alloc(ld * ld, sizeof(double), "the Gram matrix of an elimination");
    p->current = eae_try_alloc(ld * ld, sizeof(double), "the Gram matrix of an elimination");
    p->z = eae_try_alloc(ld * EAE_SVM_GRAM_PENDING, sizeof(double), "removed features");
    p->most = n > EAE_SVM_GRAM_PENDING ? n : EAE_SVM_GRAM_PENDING;
    p->dot = EAE_NEW_ARRAY(double, p->most + n);
    if (!p->g || !p->current || !p->z) {
        eae_svm_gram_free(p);
        return EAE_FAIL;
    }
    memset(p->g, 0, ld * ld * sizeof(double));
    memset(p->z, 0, ld * EAE_SVM_GRAM_PENDING * sizeof(double));
    return EAE_OK;
}

void eae_svm_gram_free(eae_svm_gram *p)
{
    free(p->g);
    free(p->z);
    free(p->current);
    free(p->dot);
    *p = (eae_svm_gram){0};
}

void eae_svm_gram_load(eae_svm_gram *p, const double *from, int64_t ld)
{
    p->scale = 0;
    for (int64_t i = 0; i < p->n; i++) {
        memcpy(p->g + i * p->ld, from + i * ld, (size_t)p->n * sizeof *from);
        p->scale = from[i * ld + i] > p->scale ? from[i * ld + i] : p->scale;
    }
    p->pending = 0;
    p->formed = false;
}

void eae_svm_gram_remove(eae_svm_gram *p, const double *z)
{
    memcpy(p->z + p->pending++ * p->ld, z, (size_t)p->n * sizeof *z);
    p->formed = false;
}

static eae_features lines(const eae_svm_gram *p, const double *x, int64_t count)
{
    return (eae_features){.x = x, .is_f64 = true, .rows = p->n, .ld = p->ld, .cols = count};
}

EAE_CLONES static void subtract(double by, const double *restrict z, int64_t n, double *restrict to)
{
    for (int64_t i = 0; i < n; i++)
        to[i] -= by * z[i];
}

int eae_svm_gram_product(eae_svm_gram *p, const int64_t *list, int64_t count, const double *b,
                         double *out)
{
    eae_features g = lines(p, p->g, p->n), z = lines(p, p->z, p->pending);
    if (p->kernels->feature_weights(&g, list, count, b, 1, out) ||
        (p->pending && p->kernels->feature_weights(&z, NULL, p->pending, b, 1, p->dot)))
        return EAE_FAIL;
    double *sum = p->dot + p->most;
    memset(sum, 0, (size_t)p->n * sizeof *sum);
    for (int64_t k = 0; k < p->pending; k++)
        subtract(p->dot[k], p->z + k * p->ld, p->n, sum);
    for (int64_t c = 0; c < count && p->pending; c++)
        out[c] += sum[list ? list[c] : c];
    return EAE_OK;
}

void eae_svm_gram_row(const eae_svm_gram *p, int64_t i, double *out)
{
    memcpy(out, p->g + i * p->ld, (size_t)p->n * sizeof *out);
    for (int64_t k = 0; k < p->pending; k++) {
        const double *zk = p->z + k * p->ld;
        subtract(zk[i], zk, p->n, out);
    }
}

const double *eae_svm_gram_matrix(eae_svm_gram *p)
{
    if (p->pending == 0)
        return p->g;
    if (!p->formed) {
        memcpy(p->current, p->g, (size_t)(p->ld * p->ld) * sizeof *p->g);
        if (p->kernels->multiply(true, false, p->ld, p->ld, p->pending, -1, p->z, p->z, 1,
                                 p->current))
            return NULL;
        p->formed = true;
    }
    return p->current;
}
