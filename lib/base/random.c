/* random.c - Philox 4x32-10; see random.h. */
#include "base/random.h"

__extension__ typedef unsigned __int128 wide;

void eae_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0;
        uint64_t p1 = (uint64_t)0xCD9E8D57u * c2;
        uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        uint32_t n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        c0 = n0;
        c2 = n2;
        k0 += 0x9E3779B9u; /* golden ratio */
        k1 += 0xBB67AE85u; /* sqrt(3) - 1 */
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

void eae_random_start(eae_random *r, uint64_t seed, eae_purpose purpose, uint64_t index)
{
    r->key[0] = (uint32_t)seed;
    r->key[1] = (uint32_t)(seed >> 32);
    r->counter[0] = 0; /* the block within the sequence */
    r->counter[1] = (uint32_t)purpose;
    r->counter[2] = (uint32_t)index;
    r->counter[3] = (uint32_t)(index >> 32);
    r->used = 4;
}

uint32_t eae_random_u32(eae_random *r)
{
    if (r->used == 4) {
        eae_philox(r->counter, r->key, r->block);
        r->counter[0]++;
        r->used = 0;
    }
    return r->block[r->used++];
}

uint64_t eae_random_u64(eae_random *r)
{
    uint64_t low = eae_random_u32(r);
    return low | (uint64_t)eae_random_u32(r) << 32;
}

double eae_random_unit(eae_random *r)
{
    return (double)(eae_random_u64(r) >> 11) * 0x1p-53;
}

uint64_t eae_random_below(eae_random *r, uint64_t n)
{
    wide product = (wide)eae_random_u64(r) * n;
    if ((uint64_t)product < n) {
        uint64_t threshold = -n % n;
        while ((uint64_t)product < threshold)
            product = (wide)eae_random_u64(r) * n;
    }
    return (uint64_t)(product >> 64);
}

void eae_random_shuffle(eae_random *r, int64_t *values, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)eae_random_below(r, i);
        int64_t swap = values[i - 1];
        values[i - 1] = values[j];
        values[j] = swap;
    }
}
