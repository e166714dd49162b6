/*
 * philox.h - many blocks of Philox 4x32-10 (random.h) at once; for normal.c.
 *
 * The same words as eae_philox() gives, by AVX-512 or AVX2 where the machine has it: its product of
 * 32-bit halves of 64-bit lanes is just what a round needs, which compilers do not see by
 * themselves.
 */
#ifndef EAE_BASE_PHILOX_H
#define EAE_BASE_PHILOX_H

#include <stdbool.h>
#include <stdint.h>

enum { EAE_PHILOX_LANES = 64, EAE_PHILOX_WORDS = 4 * EAE_PHILOX_LANES };

/* out[4 b .. 4 b + 3] = the block of {counter[0] + b, counter[1], counter[2], counter[3]}. */
void eae_philox_many(const uint32_t counter[4], const uint32_t key[2],
                     uint32_t out[EAE_PHILOX_WORDS]);
/* The same with registers of 512 or 256 bits, or none (0); false where there are none such. For
 * tests. */
bool eae_philox_many_with(int bits, const uint32_t counter[4], const uint32_t key[2],
                          uint32_t out[EAE_PHILOX_WORDS]);

#endif
