/*
 * normal.h - standard normal deviates from counter-based random numbers, the same bits everywhere.
 *
 * Deviate number j of a sequence is a function of 32-bit word j of that sequence (random.h: block
 * j / 4, word j % 4) alone, so any part of a sequence can be made without the rest. The word is
 * taken apart into a sign and 31 bits of probability; the inverse of the normal distribution
 * function is one rational approximation in single precision in the middle and another in the
 * tails, by + - * / and sqrt only, all of which IEEE 754 rounds correctly, and no libm, so the bits
 * do not depend on the machine.
 *
 * Accuracy: relative error below 1e-6 (measured 8e-7) against the exact quantile of the 32-bit
 * probability; the largest deviate is 6.338. The coefficients are from scripts/fit-normal.
 *
 * Threads: none of its own; safe to call from many.
 */
#ifndef EAE_BASE_NORMAL_H
#define EAE_BASE_NORMAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/random.h"

/* out[0..n-1] = deviates position .. position+n-1 of the sequence (seed, purpose, index).
 * position + n <= 2^34. */
void eae_normals(uint64_t seed, eae_purpose purpose, uint64_t index, uint64_t position, size_t n,
                 float *out);
/* The raw 32-bit words of the same sequence. */
void eae_random_words(uint64_t seed, eae_purpose purpose, uint64_t index, uint64_t position,
                      size_t n, uint32_t *out);
/* Deviate `position` of that sequence by itself. */
float eae_normal_at(uint64_t seed, eae_purpose purpose, uint64_t index, uint64_t position);
/* The deviate that belongs to one word. */
float eae_normal_of_word(uint32_t word);

#endif
