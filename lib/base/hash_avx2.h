/*
 * hash_avx2.h - XXH3 by AVX2, for hash.c: the same state and the same hash, in half the time.
 */
#ifndef EAE_BASE_HASH_AVX2_H
#define EAE_BASE_HASH_AVX2_H

#include <stdbool.h>
#include <stddef.h>

/* Adds n bytes to an XXH3_state_t; false, and nothing done, where there is no AVX2. */
bool eae_hash_add_avx2(void *state, const void *bytes, size_t n);

#endif
