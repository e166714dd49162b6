/* sparse_pull.c - what draws at features beside a fit: eae_sparse_pull() of sparse.h. */
#include <stdlib.h>

#include "base/memory.h"
#include "model/sparse_parts.h"

/* f of a fit. */
static void values_of(const eae_sparse_problem *p, const eae_sparse_fit *fit, double *f)
{
    int64_t n = p->n;
    double *z = eae_malloc((size_t)(fit->count * n), sizeof *z);
    eae_sparse_columns(p, fit->feature, fit->count, z);
    for (int64_t i = 0; i < n; i++) {
        f[i] = fit->intercept;
        for (int64_t t = 0; t < p->terms; t++)
            f[i] += fit->gamma[t] * p->u[i * p->terms + t];
    }
    for (int64_t k = 0; k < fit->count; k++)
        eae_sparse_add(fit->weight[k], z + k * n, f, n);
    free(z);
}

int eae_sparse_pull(const eae_sparse_problem *p, const eae_sparse_fit *fit, const int64_t *feature,
                    int64_t count, double *square)
{
    eae_sparse_loss loss = {0};
    int64_t sides = eae_sparse_sides(p), m = sides * p->n,
            all = p->features ? count : p->source->cols;
    double *f = EAE_NEW_ARRAY(double, 2 * m), *r = f + m;
    double *product =
        eae_try_alloc((size_t)(all * sides), sizeof *product, "products with features");
    int status = product ? eae_sparse_loss_open(&loss, p) : EAE_FAIL;
    if (status == EAE_OK) {
        for (int64_t side = 0; side < sides; side++)
            values_of(p, fit + side, f + side * p->n);
        eae_sparse_residual(&loss, f, r);
        status = p->features ? eae_sparse_some_products(p, r, feature, count, product)
                             : eae_sparse_products(p, r, product);
    }
    for (int64_t k = 0; k < count && status == EAE_OK; k++) {
        square[k] = 0;
        for (int64_t side = 0; side < sides; side++) {
            double v = product[p->features ? k * sides + side : side * all + feature[k]];
            square[k] += v * v;
        }
    }
    eae_sparse_loss_close(&loss);
    free(f);
    free(product);
    return status;
}
