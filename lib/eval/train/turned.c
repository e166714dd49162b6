/* turned.c - see turned.h. */
#include "eval/train/turned.h"

#include <stdlib.h>

#include "base/memory.h"

bool eae_turned_fits(const eae_dataset *d, const eae_train_spec *spec)
{
    bool filled = d->missing && spec->prepare.imputation != EAE_IMPUTE_NONE;
    return !filled && !spec->prepare.design;
}

static int find_room(eae_turned *turned, const eae_dataset *d, const eae_train_spec *spec,
                     int64_t ld)
{
    static const char what[] = "the data turned over";
    size_t size = d->is_f64 ? sizeof(double) : sizeof(float), count = (size_t)(d->cols * ld);
    double bytes = (double)count * (double)size, have = (double)spec->memory;
    if (have > 0 && bytes > have / 2)
        return eae_spill_open(&turned->spill, count * size, spec->tmpdir, what);
    turned->memory = eae_try_alloc(count, size, what);
    return turned->memory ? EAE_OK : EAE_FAIL;
}

int eae_turned_open(eae_turned *turned, const eae_dataset *d, const eae_train_spec *spec)
{
    int64_t ld = eae_features_stride(d->rows);
    *turned = (eae_turned){0};
    if (find_room(turned, d, spec, ld) != EAE_OK)
        return EAE_FAIL;
    void *x = turned->memory ? turned->memory : turned->spill.bytes;
    turned->features =
        (eae_features){.x = x, .is_f64 = d->is_f64, .rows = d->rows, .ld = ld, .cols = d->cols};
    eae_source source = {
        .x = d->x, .is_f64 = d->is_f64, .rows = d->rows, .cols = d->cols, .feature_count = d->cols};
    if (d->is_f64) { /* f32 values less the reference would be rounded; f64 ones are spared digits
                      */
        source.shift = d->reference;
        turned->features.shift = d->reference;
    }
    int status = d->kernels->turn(&source, NULL, d->rows, d->is_f64, x, spec->threads);
    turned->kernels = d->kernels;
    eae_kernels_hold(d->kernels, x, eae_features_bytes(&turned->features));
    return status;
}

int eae_turned_rough(eae_turned *turned, int threads)
{
    return eae_rough_open(&turned->rough, turned->kernels, &turned->features, threads);
}

void eae_turned_close(eae_turned *turned)
{
    eae_kernels_release(turned->kernels, turned->features.x);
    free(turned->memory);
    eae_spill_close(&turned->spill);
    eae_rough_close(&turned->rough);
    *turned = (eae_turned){0};
}

int eae_turned_share(const eae_turned *turned, const eae_source *source, eae_features *features,
                     double **own)
{
    int64_t cols = source->cols;
    const double *reference = turned->features.shift;
    *own = NULL;
    *features = turned->features;
    features->shift = source->shift;
    features->inverse = source->inverse;
    if (!reference)
        return EAE_OK;
    *own = eae_try_alloc((size_t)cols, sizeof(double), "feature means");
    if (!*own)
        return EAE_FAIL;
    for (int64_t j = 0; j < cols; j++)
        (*own)[j] = (source->shift ? source->shift[j] : 0) - reference[j];
    features->shift = *own;
    return EAE_OK;
}
