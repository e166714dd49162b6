/*
 * rough.h - memory for features in 8 bits (kernels.h: eae_rough): a quarter of the data in f32,
 * read where a bound will do.
 */
#ifndef EAE_MODEL_ROUGH_H
#define EAE_MODEL_ROUGH_H

#include "kernels/kernels.h"

/* Made of the values as they lie there: shift and inverse are not looked at, so folds that differ
 * in those can share it. Fails where memory is short; to be closed in any case. */
int eae_rough_open(eae_rough *rough, const eae_kernels *kernels, const eae_features *features,
                   int threads);
void eae_rough_close(eae_rough *rough);

#endif
