/* test_random.c - Philox against the published vectors, and what is built on it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/hash.h"
#include "base/philox.h"
#include "base/random.h"

/* Known answers: Random123, kat_vectors, philox4x32 10. */
static void known_answers(void **state)
{
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], out[4];
    } cases[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t out[4];
        eae_philox(cases[i].counter, cases[i].key, out);
        for (int w = 0; w < 4; w++)
            assert_int_equal(out[w], cases[i].out[w]);
    }
}

/* With whatever instructions, also where the number of the block comes round. */
static void many_blocks_are_blocks(void **state)
{
    (void)state;
    static const uint32_t begin[] = {0, 1, 12345, 0xffffffe0};
    static uint32_t plain[EAE_PHILOX_WORDS], many[EAE_PHILOX_WORDS], one[4];
    for (int i = 0; i < 4; i++) {
        uint32_t key[2] = {0xa4093822 + begin[i], 0xfffffff0};
        uint32_t counter[4] = {begin[i], 0x85a308d3, 0xffffffff, (uint32_t)i};
        assert_true(eae_philox_many_with(0, counter, key, plain));
        eae_philox_many(counter, key, many);
        assert_memory_equal(many, plain, sizeof many);
        for (int bits = 256; bits <= 512; bits *= 2) {
            if (eae_philox_many_with(bits, counter, key, many))
                assert_memory_equal(many, plain, sizeof many);
        }
        counter[0] += 63;
        eae_philox(counter, key, one);
        assert_memory_equal(plain + 4 * 63, one, sizeof one);
    }
}

/* The hash of pieces, which has instructions of its own, is the hash of the whole. */
static void hash_of_pieces(void **state)
{
    (void)state;
    enum { N = 20000 };
    static unsigned char byte[N];
    for (int i = 0; i < N; i++)
        byte[i] = (unsigned char)(i * 37 ^ i >> 5);
    for (size_t n = 0; n < N; n += n / 3 + 1) {
        eae_hash whole = eae_hash_bytes(byte, n);
        eae_hasher *h = eae_hasher_new();
        for (size_t at = 0, step = 1; at < n; at += step, step = step * 5 % 3001) {
            step = n - at < step ? n - at : step;
            eae_hasher_add(h, byte + at, step);
        }
        eae_hash pieces = eae_hasher_value(h);
        assert_true(eae_hash_equal(&whole, &pieces));
        eae_hasher_free(h);
    }
}

static void shuffle_is_a_permutation(void **state)
{
    (void)state;
    int64_t values[100];
    int seen[100] = {0};
    for (int i = 0; i < 100; i++)
        values[i] = i;
    eae_random r;
    eae_random_start(&r, 7, EAE_RANDOM_SPLIT, 3);
    eae_random_shuffle(&r, values, 100);
    int moved = 0;
    for (int i = 0; i < 100; i++) {
        seen[values[i]]++;
        moved += values[i] != i;
    }
    for (int i = 0; i < 100; i++)
        assert_int_equal(seen[i], 1);
    assert_true(moved > 80);
}

/* Chi-square of 10 cells over 100,000 draws; 99.99% point with 9 degrees of freedom is 33.7. */
static void below_is_uniform(void **state)
{
    (void)state;
    eae_random r;
    eae_random_start(&r, 1, EAE_RANDOM_SPLIT, 0);
    double cells[10] = {0}, chi = 0;
    for (int i = 0; i < 100000; i++)
        cells[eae_random_below(&r, 10)]++;
    for (int i = 0; i < 10; i++)
        chi += (cells[i] - 10000) * (cells[i] - 10000) / 10000;
    assert_true(chi < 33.7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),    cmocka_unit_test(many_blocks_are_blocks),
        cmocka_unit_test(hash_of_pieces),   cmocka_unit_test(shuffle_is_a_permutation),
        cmocka_unit_test(below_is_uniform),
    };
    return cmocka_run_group_tests_name("random", tests, NULL, NULL);
}
