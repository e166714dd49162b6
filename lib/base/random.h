/*
 * random.h - counter-based random numbers: Philox 4x32-10 (Salmon, Moraes, Dror and Shaw,
 * "Parallel random numbers: as easy as 1, 2, 3", SC11).
 *
 * A number is a pure function of (seed, purpose, index, position): nothing is carried from one
 * call to the next, so any part of any sequence can be made anywhere, by any thread, in any order.
 * Uniform and shuffled values use integer arithmetic and exact scaling only (no libm), so they are
 * the same on every machine.
 */
#ifndef EAE_BASE_RANDOM_H
#define EAE_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* What a sequence is for. Part of the key: never renumber, only append. */
typedef enum eae_purpose {
    EAE_RANDOM_SPLIT = 1,   /* index = repeat (or split) number */
    EAE_RANDOM_INNER,       /* index = outer split x 2^32 + repeat */
    EAE_RANDOM_PERMUTE,     /* index = permutation number */
    EAE_RANDOM_BOOTSTRAP,   /* index = replicate */
    EAE_RANDOM_SOLVER,      /* order of coordinates, where one is drawn */
    EAE_RANDOM_SYNTH_VALUE, /* index = row, position = column */
    EAE_RANDOM_SYNTH_LABEL,
    EAE_RANDOM_SYNTH_BASE,
    EAE_RANDOM_SYNTH_OTHER,
    EAE_RANDOM_ELIMINATE,
    EAE_RANDOM_ENRICH,
    EAE_RANDOM_ALS,         /* start: index = column; hidden entries: index = 2^32 + row */
    EAE_RANDOM_SYNTH_GROUP, /* index = group, position = column */
    EAE_RANDOM_SYNTH_BLOCK  /* index = row, or 2^62 + group; position = block */
} eae_purpose;

/* The block function: 4 words of output for a 4-word counter and a 2-word key. */
void eae_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* A cursor over one sequence. 2^34 32-bit words long. */
typedef struct eae_random {
    uint32_t key[2];
    uint32_t counter[4];
    uint32_t block[4];
    unsigned used; /* words of block already handed out; 4 = none left */
} eae_random;

void eae_random_start(eae_random *r, uint64_t seed, eae_purpose purpose, uint64_t index);
uint32_t eae_random_u32(eae_random *r);
uint64_t eae_random_u64(eae_random *r);
/* In [0, 1), a multiple of 2^-53. */
double eae_random_unit(eae_random *r);
/* In 0 .. n-1 without bias (rejection; Lemire 2019); n > 0. */
uint64_t eae_random_below(eae_random *r, uint64_t n);
/* Fisher-Yates. */
void eae_random_shuffle(eae_random *r, int64_t *values, size_t n);

#endif
