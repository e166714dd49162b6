/*
 * clones.h - compile a loop for several instruction sets and choose at run time.
 *
 *     EAE_CLONES static void add(...) { for (...) ... }
 *
 * Only for loops whose result does not depend on the width of vectors (no sums across elements);
 * with -ffp-contract=off every version then gives the same bits. Without compiler support, and
 * under the address sanitizer, whose start-up cannot run the choice, it is nothing.
 */
#ifndef EAE_BASE_CLONES_H
#define EAE_BASE_CLONES_H

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && defined(__gnu_linux__) && \
    !defined(__SANITIZE_ADDRESS__)
#define EAE_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define EAE_CLONES
#endif

#endif
