/*
 * test_wire.c - messages between hosts: what is sent arrives, in pieces of any size and behind
 * whatever a login shell prints; what is damaged is noticed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exec/wire.h"

/* Gives the bytes that `from` would send to `to`, `piece` at a time. */
static void carry(eae_wire *to, const char *bytes, size_t n)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    to->in = ends[0];
    while (n > 0) {
        size_t part = n < 4096 ? n : 4096;
        assert_int_equal(write(ends[1], bytes, part), part);
        assert_int_equal(eae_wire_fill(to), EAE_OK);
        bytes += part;
        n -= part;
    }
    close(ends[0]);
    close(ends[1]);
}

static void make_message(eae_wire *w)
{
    eae_wire_begin(w, 7);
    eae_wire_put_int(w, -5);
    eae_wire_put_text(w, "two words\n$HOME");
    eae_wire_put_bytes(w, "a\0\xff", 3);
    eae_wire_end(w);
}

static void check_message(eae_wire_message *m)
{
    size_t n;
    assert_int_equal(m->type, 7);
    assert_true(eae_wire_int(m) == -5);
    char *text = eae_wire_text(m);
    assert_string_equal(text, "two words\n$HOME");
    free(text);
    assert_memory_equal(eae_wire_bytes(m, &n), "a\0\xff", 3);
    assert_int_equal(n, 3);
    assert_false(m->bad);
    assert_true(m->p == m->end);
}

static void what_is_sent_arrives(void **state)
{
    (void)state;
    eae_wire from = {.greeted = true}, to = {.greeted = true};
    eae_wire_message m;
    bool got;
    make_message(&from);
    make_message(&from);
    size_t half = from.outgoing.length / 2;
    for (size_t i = 0; i < half; i++) {
        carry(&to, from.outgoing.data + i, 1);
        assert_int_equal(eae_wire_next(&to, &m, &got), EAE_OK);
        assert_int_equal(got, i + 1 == half);
    }
    check_message(&m);
    carry(&to, from.outgoing.data + half, half);
    assert_int_equal(eae_wire_next(&to, &m, &got), EAE_OK);
    assert_true(got);
    check_message(&m);
    assert_int_equal(eae_wire_next(&to, &m, &got), EAE_OK);
    assert_false(got);
    eae_wire_free(&from);
    eae_wire_free(&to);
}

static void noise_before_the_magic(void **state)
{
    (void)state;
    eae_wire from = {0}, to = {0};
    eae_wire_message m;
    bool got;
    eae_buffer_puts(&from.outgoing, "Welcome!\n\x16"
                                    "eae-submit servant\n");
    eae_buffer_puts(&from.outgoing, EAE_WIRE_MAGIC);
    make_message(&from);
    carry(&to, from.outgoing.data, from.outgoing.length);
    assert_int_equal(eae_wire_next(&to, &m, &got), EAE_OK);
    assert_true(got);
    check_message(&m);
    eae_wire_free(&to);
    to = (eae_wire){0};
    char noise[4096];
    memset(noise, 'x', sizeof noise);
    for (int i = 0; i <= EAE_WIRE_NOISE_MAX / 4096; i++)
        carry(&to, noise, sizeof noise);
    assert_int_equal(eae_wire_next(&to, &m, &got), EAE_FAIL);
    assert_string_equal(eae_message(), "what answers is not eae-submit");
    eae_wire_free(&from);
    eae_wire_free(&to);
}

static void damage_is_noticed(void **state)
{
    (void)state;
    eae_wire from = {.greeted = true};
    make_message(&from);
    for (size_t i = 0; i < from.outgoing.length; i++) {
        eae_wire to = {.greeted = true};
        eae_wire_message m;
        bool got;
        from.outgoing.data[i] ^= 0x40;
        carry(&to, from.outgoing.data, from.outgoing.length);
        int status = eae_wire_next(&to, &m, &got);
        assert_false(status == EAE_OK && got);
        from.outgoing.data[i] ^= 0x40;
        eae_wire_free(&to);
    }
    eae_wire_free(&from);
}

static void fields_that_are_not_there(void **state)
{
    (void)state;
    static const char body[] = "\xff\xff\xff\xff\xff\xff\xff\x7f"
                               "abc";
    eae_wire_message m = {.p = body, .end = body + 11};
    size_t n = 1;
    eae_wire_bytes(&m, &n);
    assert_true(m.bad && n == 0 && m.p == m.end);
    assert_true(eae_wire_int(&m) == 0 && m.bad);
    static const char zero[] = "\3\0\0\0\0\0\0\0a\0b";
    m = (eae_wire_message){.p = zero, .end = zero + 11};
    free(eae_wire_text(&m));
    assert_true(m.bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sent_arrives),
        cmocka_unit_test(noise_before_the_magic),
        cmocka_unit_test(damage_is_noticed),
        cmocka_unit_test(fields_that_are_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
