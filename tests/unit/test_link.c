/*
 * test_link.c - frames between hosts: what is sent arrives, in pieces of any size and behind
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

#include "exec/backends/link.h"

/* Gives bytes to `to` as if they had come over its connection. */
static void carry(eae_link *to, const char *bytes, size_t n)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    to->in = ends[0];
    while (n > 0) {
        size_t part = n < 4096 ? n : 4096;
        assert_int_equal(write(ends[1], bytes, part), part);
        assert_int_equal(eae_link_fill(to), EAE_OK);
        bytes += part;
        n -= part;
    }
    close(ends[0]);
    close(ends[1]);
}

static void send_message(eae_link *l)
{
    eae_buffer b = {0};
    eae_put_i64(&b, -5);
    eae_put_text(&b, "two words\n$HOME");
    eae_link_send(l, 7, &b);
    eae_buffer_free(&b);
}

static void check_message(uint32_t type, eae_cursor *c)
{
    assert_int_equal(type, 7);
    assert_true(eae_get_i64(c) == -5);
    char *text = eae_get_text(c);
    assert_string_equal(text, "two words\n$HOME");
    free(text);
    assert_true(eae_cursor_ok(c));
}

static void what_is_sent_arrives(void **state)
{
    (void)state;
    eae_link from = {0}, to = {.greeted = true};
    uint32_t type;
    eae_cursor c;
    bool got;
    send_message(&from);
    send_message(&from);
    size_t half = eae_link_pending(&from) / 2;
    for (size_t i = 0; i < half; i++) {
        carry(&to, from.outgoing.data + i, 1);
        assert_int_equal(eae_link_next(&to, &type, &c, &got), EAE_OK);
        assert_int_equal(got, i + 1 == half);
    }
    check_message(type, &c);
    carry(&to, from.outgoing.data + half, half);
    assert_int_equal(eae_link_next(&to, &type, &c, &got), EAE_OK);
    assert_true(got);
    check_message(type, &c);
    assert_int_equal(eae_link_next(&to, &type, &c, &got), EAE_OK);
    assert_false(got);
    eae_link_free(&from);
    eae_link_free(&to);
}

/* Over a real pipe that is full at times. */
static void much_through_a_pipe(void **state)
{
    (void)state;
    int ends[2];
    uint32_t type;
    eae_cursor c;
    bool got;
    assert_int_equal(pipe(ends), 0);
    eae_link from = {.out = ends[1]}, to = {.in = ends[0], .greeted = true};
    eae_buffer b = {0};
    char block[3000];
    memset(block, 'x', sizeof block);
    int seen = 0;
    for (int i = 0; i < 500; i++) {
        b.length = 0;
        eae_put_i64(&b, i);
        eae_buffer_add(&b, block, sizeof block);
        eae_link_send(&from, 1, &b);
        assert_int_equal(eae_link_flush(&from), EAE_OK);
        assert_true(eae_link_pending(&from) == 0);
        assert_int_equal(eae_link_fill(&to), EAE_OK);
        while (eae_link_next(&to, &type, &c, &got) == EAE_OK && got)
            assert_true(eae_get_i64(&c) == seen++);
    }
    assert_int_equal(seen, 500);
    close(ends[1]);
    assert_int_equal(eae_link_fill(&to), EAE_OK);
    assert_true(to.ended);
    close(ends[0]);
    eae_buffer_free(&b);
    eae_link_free(&from);
    eae_link_free(&to);
}

static void noise_before_the_magic(void **state)
{
    (void)state;
    eae_link from = {0}, to = {0};
    uint32_t type;
    eae_cursor c;
    bool got;
    eae_buffer_puts(&from.outgoing, "Welcome!\n\x16"
                                    "eae-submit servant\n");
    eae_buffer_puts(&from.outgoing, EAE_LINK_MAGIC);
    send_message(&from);
    carry(&to, from.outgoing.data, from.outgoing.length);
    assert_int_equal(eae_link_next(&to, &type, &c, &got), EAE_OK);
    assert_true(got);
    check_message(type, &c);
    eae_link_free(&to);
    to = (eae_link){0};
    char noise[4096];
    memset(noise, 'x', sizeof noise);
    for (int i = 0; i <= EAE_LINK_NOISE_MAX / 4096; i++)
        carry(&to, noise, sizeof noise);
    assert_int_equal(eae_link_next(&to, &type, &c, &got), EAE_FAIL);
    assert_string_equal(eae_message(), "what answers is not eae-submit");
    eae_link_free(&from);
    eae_link_free(&to);
}

static void damage_is_noticed(void **state)
{
    (void)state;
    eae_link from = {0};
    send_message(&from);
    for (size_t i = 0; i < from.outgoing.length; i++) {
        eae_link to = {.greeted = true};
        uint32_t type;
        eae_cursor c;
        bool got;
        from.outgoing.data[i] ^= 0x40;
        carry(&to, from.outgoing.data, from.outgoing.length);
        int status = eae_link_next(&to, &type, &c, &got);
        assert_false(status == EAE_OK && got);
        from.outgoing.data[i] ^= 0x40;
        eae_link_free(&to);
    }
    eae_link_free(&from);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sent_arrives),
        cmocka_unit_test(much_through_a_pipe),
        cmocka_unit_test(noise_before_the_magic),
        cmocka_unit_test(damage_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
