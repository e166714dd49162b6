/*
 * test_cache.c - the parts of the cache below its program: words as text, command lines in
 * canonical form, entries, marks of programs, owners.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <unistd.h>

#include "base/mark.h"
#include "base/options.h"
#include "cache/arguments.h"
#include "cache/compare.h"
#include "cache/entry.h"
#include "cache/escape.h"
#include "cache/evict.h"

/* ---- words ----------------------------------------------------------------------------------- */

static void any_bytes_become_a_word_and_come_back(void **state)
{
    char bytes[256];
    eae_buffer word = {0}, back = {0};
    (void)state;
    for (int i = 0; i < 256; i++)
        bytes[i] = (char)i;
    eae_escape(&word, bytes, sizeof bytes);
    for (size_t i = 0; i < word.length; i++)
        assert_in_range(word.data[i], 33, 126);
    assert_true(eae_unescape(&back, word.data, word.length));
    assert_int_equal(back.length, sizeof bytes);
    assert_memory_equal(back.data, bytes, sizeof bytes);
    eae_buffer_free(&word);
    eae_buffer_free(&back);
}

static void only_what_is_written_is_read(void **state)
{
    static const char *const bad[] = {"",      "a b",   "\\",   "\\q",   "\\x4", "\\x41",
                                      "\\xFF", "\\x0a", "a\\e", "\\x7g", "\n",   "caf\xc3\xa9"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        eae_buffer out = {0};
        assert_false(eae_unescape(&out, bad[i], strlen(bad[i])));
        eae_buffer_free(&out);
    }
    eae_buffer word = {0}, out = {0};
    eae_escape(&word, "", 0);
    assert_true(eae_unescape(&out, word.data, word.length));
    assert_int_equal(out.length, 0);
    eae_buffer_free(&word);
    eae_buffer_free(&out);
}

/* ---- command lines -----------------------------------------------------------------------------
 */

static const eae_option some_options[] = {
    {.name = "step", .type = EAE_OPT_TEXT, .help = "h"},
    {.name = "strip", .shortcut = 's', .type = EAE_OPT_FLAG, .help = "h"},
    {.name = "head", .type = EAE_OPT_INT, .optional = true, .help = "h"},
    {.name = "grid", .type = EAE_OPT_TEXT, .optional = true, .pairs = true, .help = "h"},
    {.name = "cost", .shortcut = 'C', .type = EAE_OPT_REALS, .help = "h"},
    {.name = "set", .type = EAE_OPT_FILE, .many = true, .help = "h"},
    {.name = "plan-out", .type = EAE_OPT_FILE, .writes = true, .help = "h"},
    {0}};

static const eae_program some_program = {.name = "eae-test",
                                         .groups = {{"Some", some_options}, EAE_GROUP_COMMON}};

/* "options|...|operands" of a command line of words that a blank separates; NULL: cannot be read.
 */
static char *canonical(const char *line, int *status)
{
    eae_names words = {0};
    eae_arguments a;
    eae_buffer table = {0}, out = {0};
    char *copy = eae_strdup(line), *rest = NULL;
    for (char *w = strtok_r(copy, " ", &rest); w; w = strtok_r(NULL, " ", &rest))
        eae_names_add(&words, w, strlen(w));
    free(copy);
    eae_options_dump(&some_program, "", &table);
    *status = eae_arguments_read(&a, table.data, &words);
    for (int64_t i = 0; i < a.options.count; i++)
        eae_buffer_printf(&out, "%s|", eae_name(&a.options, i));
    eae_buffer_puts(&out, "+");
    for (int64_t i = 0; i < a.operands.count; i++)
        eae_buffer_printf(&out, "|%s", eae_name(&a.operands, i));
    eae_arguments_free(&a);
    eae_names_free(&words);
    eae_buffer_free(&table);
    return out.data;
}

static void gives(const char *line, const char *want)
{
    int status;
    char *have = canonical(line, &status);
    assert_int_equal(status, EAE_OK);
    assert_string_equal(have, want);
    free(have);
}

static void status_of(const char *line, int want)
{
    int status;
    free(canonical(line, &status));
    assert_int_equal(status, want);
}

static void options_are_put_in_order(void **state)
{
    (void)state;
    gives("p svm x.eae --step 5 -C1", "--step=5|--cost=1|+|svm|x.eae");
    gives("p -C 1 --ste=5 svm x.eae", "--step=5|--cost=1|+|svm|x.eae");
    gives("p -sC=1 x -s", "--strip|--cost=1|+|x");
    gives("p -t 4 -q -v --memory 1G --tmpdir=/x -@2 x", "+|x");
    gives("p -o - --output=- x", "--output=-|--output=-|+|x");
    gives("p --set b --set a", "--set=b|--set=a|+");
    gives("p -- --step 5", "+|--step|5");
    gives("p - x", "+|-|x");
    gives("p --step= x", "--step=|+|x");
    gives("p --seed 1", "--seed=1|+");
}

static void a_missing_value_keeps_its_neighbour(void **state)
{
    (void)state;
    gives("p --head x", "--head before x|+|x");
    gives("p x --head", "--head|+|x");
    gives("p --head --strip x", "--strip|--head|+|x");
    gives("p --head=3 x", "--head=3|+|x");
    gives("p --grid k=1 x", "--grid=k=1|+|x");
    gives("p --grid x k=1", "--grid before x|+|x|k=1");
}

static void what_the_program_will_refuse_is_not_read(void **state)
{
    (void)state;
    status_of("p --nothing", EAE_MISS);
    status_of("p --st 5", EAE_MISS);
    status_of("p --strip=1", EAE_MISS);
    status_of("p --step", EAE_MISS);
    status_of("p -z", EAE_MISS);
    status_of("p -o x", EAE_USAGE);
    status_of("p --plan-out x", EAE_USAGE);
    eae_arguments a;
    eae_names words = {0};
    eae_names_add(&words, "p", 1);
    assert_int_equal(eae_arguments_read(&a, "", &words), EAE_MISS);
    assert_int_equal(eae_arguments_read(&a, "no table\n", &words), EAE_MISS);
    assert_int_equal(eae_arguments_read(&a, "run\t\tcommand\t\t\t\t\trun\thelp\n", &words),
                     EAE_MISS);
    eae_names_free(&words);
}

/* ---- entries ------------------------------------------------------------------------------------
 */

static eae_entry some_entry(void)
{
    static const char request[] = "eae-cache request 1\nprogram x\nword \\e\n";
    eae_entry e = {.created = 1234567, .seconds = 0.25, .output_size = 3};
    eae_buffer_add(&e.request, request, sizeof request - 1);
    e.key = eae_hash_bytes(e.request.data, e.request.length);
    e.host = eae_strdup("h");
    e.folder = eae_strdup("/a folder\n");
    eae_names_add(&e.words, "x", 1);
    eae_names_add(&e.words, "", 0);
    eae_names_add(&e.words, "it's", 4);
    eae_names_add(&e.env, "X", 1);
    e.output = eae_hash_bytes("abc", 3);
    e.errors = eae_hash_bytes("", 0);
    return e;
}

static void an_entry_comes_back(void **state)
{
    eae_entry e = some_entry(), back;
    eae_buffer text = {0};
    (void)state;
    eae_buffer_puts(&text, "before");
    eae_entry_encode(&e, &text);
    assert_true(eae_entry_decode(&back, &e.key, text.data + 6, text.length - 6));
    assert_string_equal(back.folder, "/a folder\n");
    assert_true(eae_names_equal(&back.words, &e.words));
    assert_true(eae_names_equal(&back.env, &e.env));
    assert_int_equal(back.created, 1234567);
    assert_true(back.seconds == 0.25);
    assert_int_equal(back.output_size, 3);
    assert_true(eae_hash_equal(&back.output, &e.output));
    assert_string_equal(back.request.data, e.request.data);
    char *title = eae_entry_title(&back);
    assert_string_equal(title, "x '' $'it\\'s'");
    free(title);
    eae_entry_free(&back);
    eae_entry_free(&e);
    eae_buffer_free(&text);
}

static void a_damaged_entry_does_not(void **state)
{
    eae_entry e = some_entry(), back;
    eae_buffer text = {0};
    (void)state;
    eae_entry_encode(&e, &text);
    for (size_t i = 0; i < text.length; i++) {
        text.data[i] ^= 1;
        assert_false(eae_entry_decode(&back, &e.key, text.data, text.length));
        text.data[i] ^= 1;
    }
    for (size_t n = 0; n < text.length; n++)
        assert_false(eae_entry_decode(&back, &e.key, text.data, n));
    eae_hash other = eae_hash_bytes("other", 5);
    assert_false(eae_entry_decode(&back, &other, text.data, text.length));
    assert_true(eae_entry_decode(&back, &e.key, text.data, text.length));
    eae_entry_free(&back);
    eae_entry_free(&e);
    eae_buffer_free(&text);
}

/* The hash at its end is right, and what it says is not. */
static void an_entry_that_lies_does_not(void **state)
{
    static const struct {
        const char *from, *to;
    } lies[] = {{"status 0", "status -1"}, {"status 0", "status 256"},
                {"status 0", "status x"},  {"request 38", "request 999999"},
                {"stdout ", "stdout x"},   {"created 1234567", "created "},
                {"\nword x", "\nwrd x"},   {" 3\n", " -3\n"},
                {"host h", "host \\q"}};
    eae_entry e = some_entry(), back;
    eae_buffer good = {0};
    (void)state;
    eae_entry_encode(&e, &good);
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        eae_buffer bad = {0};
        char hash[EAE_HASH_TEXT];
        char *at = strstr(good.data, lies[i].from), *end = strstr(good.data, "check ");
        assert_non_null(at);
        eae_buffer_add(&bad, good.data, (size_t)(at - good.data));
        eae_buffer_puts(&bad, lies[i].to);
        at += strlen(lies[i].from);
        eae_buffer_add(&bad, at, (size_t)(end - at));
        eae_hash check = eae_hash_bytes(bad.data, bad.length);
        eae_buffer_printf(&bad, "check %s\n", eae_hash_text(&check, hash));
        assert_false(eae_entry_decode(&back, &e.key, bad.data, bad.length));
        eae_buffer_free(&bad);
    }
    eae_entry_free(&e);
    eae_buffer_free(&good);
}

/* ---- requests that differ
 * ------------------------------------------------------------------------ */

static void differences_are_named(void **state)
{
    eae_buffer a = {0}, b = {0};
    eae_differences d;
    (void)state;
    eae_buffer_puts(
        &a, "eae-cache request 1\nprogram p\noperand x\noperand y\nfile f 11 2\noption --a=1\n"
            "option --c\nenv X=1\nstdin none\n");
    eae_buffer_puts(
        &b, "eae-cache request 1\nprogram p\noperand x\noperand z\nfile f 22 2\noption --b=1\n"
            "option --c\nenv X=1\nstdin 33 4\n");
    eae_requests_compare(&a, &b, &d);
    static const char *const want[][3] = {{"operand (2)", "y", "z"},
                                          {"file f", "11 2", "22 2"},
                                          {"option --a", "1", NULL},
                                          {"stdin", "none", "33 4"},
                                          {"option --b", NULL, "1"}};
    assert_int_equal(d.count, 5);
    assert_int_equal(d.common, 5);
    for (int i = 0; i < 5; i++) {
        const char *const have[] = {d.list[i].part, d.list[i].first, d.list[i].second};
        for (int k = 0; k < 3; k++) {
            assert_int_equal(!have[k], !want[i][k]);
            if (have[k])
                assert_string_equal(have[k], want[i][k]);
        }
    }
    eae_differences_free(&d);
    eae_buffer_free(&a);
    eae_buffer_free(&b);
}

/* ---- programs, owners, times
 * --------------------------------------------------------------------- */

static void our_own_file_is_marked(void **state)
{
    (void)state;
    eae_mark_program();
    int fd = open("/proc/self/exe", O_RDONLY);
    eae_marks m = eae_marks_read(fd);
    close(fd);
    assert_true(m.ours);
    assert_int_equal(strlen(m.build_id) % 2, 0);
    fd = open("/bin/sh", O_RDONLY);
    m = eae_marks_read(fd);
    close(fd);
    assert_false(m.ours);
    fd = open("/dev/null", O_RDONLY);
    m = eae_marks_read(fd);
    close(fd);
    assert_false(m.ours);
    assert_string_equal(m.build_id, "");
}

static void the_living_are_told_from_the_dead(void **state)
{
    (void)state;
    char *own = eae_store_owner();
    assert_false(eae_store_owner_dead(own));
    char *name = eae_sprintf("eae.AbCdEf.%s", own);
    assert_false(eae_store_owner_dead(name));
    free(name);
    own[strlen(own) - 1] ^= 1; /* began at another time: another process */
    assert_true(eae_store_owner_dead(own));
    free(own);
    assert_false(eae_store_owner_dead("elsewhere.01234567.1.1"));
    assert_false(eae_store_owner_dead(""));
    assert_false(eae_store_owner_dead("x.y"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_bytes_become_a_word_and_come_back),
        cmocka_unit_test(only_what_is_written_is_read),
        cmocka_unit_test(options_are_put_in_order),
        cmocka_unit_test(a_missing_value_keeps_its_neighbour),
        cmocka_unit_test(what_the_program_will_refuse_is_not_read),
        cmocka_unit_test(an_entry_comes_back),
        cmocka_unit_test(a_damaged_entry_does_not),
        cmocka_unit_test(an_entry_that_lies_does_not),
        cmocka_unit_test(differences_are_named),
        cmocka_unit_test(our_own_file_is_marked),
        cmocka_unit_test(the_living_are_told_from_the_dead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
