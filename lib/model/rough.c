/* rough.c - see rough.h. */
#include "model/rough.h"

#include <stdlib.h>

#include "base/memory.h"

int eae_rough_open(eae_rough *rough, const eae_kernels *kernels, const eae_features *features,
                   int threads)
{
    size_t cols = (size_t)features->cols;
    *rough = (eae_rough){.ld = features->ld};
    rough->value = eae_try_alloc(cols * (size_t)features->ld, 1, "features in 8 bits");
    rough->middle = eae_try_alloc(cols, sizeof(double), "features in 8 bits");
    rough->step = eae_try_alloc(cols, sizeof(double), "features in 8 bits");
    rough->left = eae_try_alloc(cols, sizeof(double), "features in 8 bits");
    if (!rough->value || !rough->middle || !rough->step || !rough->left)
        return EAE_FAIL;
    return kernels->rough_make(features, rough, threads);
}

void eae_rough_close(eae_rough *rough)
{
    free(rough->value);
    free(rough->middle);
    free(rough->step);
    free(rough->left);
    *rough = (eae_rough){0};
}
