/* test_history.c - provenance records: JSON, what goes in, merging. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "matrix/history.h"
#include "matrix/stream.h"

static void check_json(const char *text, const char *expected)
{
    eae_buffer b = {0};

    eae_json_string(&b, text);
    assert_string_equal(b.data, expected);
    eae_buffer_free(&b);
}

/* Expected: RFC 8259, section 7; the table of well-formed UTF-8 in chapter 3 of Unicode; and for
 * bytes that are not UTF-8 the code points of Python's surrogateescape. */
static void strings_are_valid_json(void **state)
{
    (void)state;
    check_json("", "\"\"");
    check_json("--kfold=5", "\"--kfold=5\"");
    check_json("a\"b\\c", "\"a\\\"b\\\\c\"");
    check_json("tab\tline\nbell\a", "\"tab\\tline\\nbell\\u0007\"");
    check_json("\x7f", "\"\\u007f\"");
    check_json("Z\xc3\xbcrich \xe2\x82\xac \xf0\x9f\xa7\xac",
               "\"Z\xc3\xbcrich \xe2\x82\xac \xf0\x9f\xa7\xac\"");
    check_json("latin\xfc", "\"latin\\udcfc\"");
    check_json("\xc0\xaf", "\"\\udcc0\\udcaf\"");                       /* overlong */
    check_json("\xed\xa0\x80", "\"\\udced\\udca0\\udc80\"");            /* a surrogate */
    check_json("\xf4\x90\x80\x80", "\"\\udcf4\\udc90\\udc80\\udc80\""); /* above U+10FFFF */
    check_json("\xe2\x82", "\"\\udce2\\udc82\"");                       /* ends too early */
    check_json("\xf0\x9f\xa7"
               "x",
               "\"\\udcf0\\udc9f\\udca7x\"");
}

static const eae_option own_options[] = {
    {.name = "kfold", .type = EAE_OPT_INT, .arg = "K", .range = "2:", .help = "K folds"},
    {.name = "annot", .type = EAE_OPT_FILE, .arg = "FILE", .help = "annotations"},
    {0}};
static const eae_program program = {.name = "eae-test",
                                    .summary = "for this test",
                                    .example = "",
                                    .operands = "[FILE...]",
                                    .max_operands = -1,
                                    .groups = {{"Own", own_options}, EAE_GROUP_COMMON}};

static eae_options *parse(void)
{
    static char *argv[] = {(char *)"eae-test",   (char *)"--kfold",
                           (char *)"5",          (char *)"--annot",
                           (char *)"secret.tsv", (char *)"-t",
                           (char *)"2",          (char *)"word",
                           (char *)"input.eae",  NULL};
    eae_options *o;

    eae_options_parse(&o, &program, 9, argv);
    return o;
}

static eae_frame *frame_of(float value)
{
    eae_frame *f;

    assert_int_equal(eae_frame_new(&f, EAE_KIND_DATA, EAE_F32, 1, 1), EAE_OK);
    eae_frame_f32(f)[0] = value;
    return f;
}

static void records_say_what_made_a_frame(void **state)
{
    eae_frame *f = frame_of(1), *first = frame_of(2), *second = frame_of(3);
    eae_frame *const inputs[] = {first, second};
    static const char shared[] = "{\"program\":\"eae-synth\"}", other[] = "{\"program\":\"x\"}";
    eae_options *o = parse();
    char text[EAE_HASH_TEXT];
    eae_hash previous = eae_hash_bytes(other, strlen(other));
    const char *line;

    (void)state;
    eae_names_add(&first->history, shared, strlen(shared));
    eae_names_add(&second->history, shared, strlen(shared));
    eae_names_add(&second->history, other, strlen(other));
    eae_history_append(f, o, 1, "cpu openblas", inputs, 2);
    assert_int_equal(f->history.count, 3);
    assert_string_equal(eae_name(&f->history, 0), shared);
    assert_string_equal(eae_name(&f->history, 1), other);
    line = eae_name(&f->history, 2);
    assert_non_null(strstr(line, "{\"program\":\"eae-test\",\"version\":\""));
    assert_non_null(strstr(line, "\"identity\":\"cpu openblas\""));
    /* no file names (this one cannot be read, so there is no hash either), and no options that do
     * not change the result */
    assert_non_null(
        strstr(line, "\"argv\":[\"eae-test\",\"word\",\"--kfold=5\",\"--annot\"],\"seed\":1,"));
    assert_non_null(strstr(line, eae_hash_text(&first->content, text)));
    assert_non_null(strstr(line, eae_hash_text(&second->content, text)));
    assert_non_null(strstr(line, eae_hash_text(&previous, text)));
    assert_false(eae_hash_equal(&first->content, &second->content));
    assert_int_equal(line[strlen(line) - 1], '}');
    eae_frame_free(f);
    eae_frame_free(first);
    eae_frame_free(second);
    eae_options_free(o);
}

static void files_are_known_by_their_bytes(void **state)
{
    char path[] = "/tmp/eae-history.XXXXXX", text[EAE_HASH_TEXT], want[128];
    char *argv[] = {(char *)"eae-test", (char *)"--annot", path, NULL};
    eae_frame *f = frame_of(1);
    eae_options *o;
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "id\tx\n", 5), 5);
    close(fd);
    eae_options_parse(&o, &program, 3, argv);
    eae_history_append(f, o, 0, NULL, NULL, 0);
    eae_hash hash = eae_hash_bytes("id\tx\n", 5);
    snprintf(want, sizeof want, "\"--annot=%s\"", eae_hash_text(&hash, text));
    assert_non_null(strstr(eae_name(&f->history, 0), want));
    unlink(path);
    eae_frame_free(f);
    eae_options_free(o);
}

static void a_first_record_has_no_previous(void **state)
{
    eae_frame *f = frame_of(1);
    eae_options *o = parse();

    (void)state;
    eae_history_append(f, o, 0, NULL, NULL, 0);
    assert_int_equal(f->history.count, 1);
    assert_null(strstr(eae_name(&f->history, 0), "previous"));
    assert_null(strstr(eae_name(&f->history, 0), "identity"));
    assert_non_null(strstr(eae_name(&f->history, 0), "\"inputs\":[]}"));
    eae_frame_free(f);
    eae_options_free(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_are_valid_json),
        cmocka_unit_test(records_say_what_made_a_frame),
        cmocka_unit_test(files_are_known_by_their_bytes),
        cmocka_unit_test(a_first_record_has_no_previous),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
