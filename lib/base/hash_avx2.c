/* hash_avx2.c - see hash_avx2.h: xxHash once more, for another instruction set. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC target("avx2")
#define EAE_HASH_AVX2 1
#define XXH_INLINE_ALL
#define XXH_VECTOR XXH_AVX2
#include <xxhash.h>
#endif

#include "base/hash_avx2.h"

bool eae_hash_add_avx2(void *state, const void *bytes, size_t n)
{
#ifdef EAE_HASH_AVX2
    if (__builtin_cpu_supports("avx2")) {
        XXH3_128bits_update(state, bytes, n);
        return true;
    }
#else
    (void)state;
    (void)bytes;
    (void)n;
#endif
    return false;
}
