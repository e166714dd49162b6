/* test_report.c - the text of reports, by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "matrix/report.h"

static const char *const columns[] = {"name", "n", "value"};

static char *text_of(bool json, bool filled)
{
    char path[] = "/tmp/eae-report.XXXXXX", *text;
    close(mkstemp(path));
    eae_report *r = eae_report_new(columns, 3, json);
    if (filled) {
        eae_report_text(r, "a\tb\"");
        eae_report_int(r, -3);
        eae_report_real(r, 0.1);
        eae_report_text(r, NULL);
        eae_report_int(r, EAE_MISSING_I64);
        eae_report_real(r, NAN);
        eae_report_text(r, "");
        eae_report_annot(r, NULL, 0);
        eae_report_real(r, -INFINITY);
    }
    assert_int_equal(eae_report_rows(r), filled ? 3 : 0);
    assert_int_equal(eae_report_write(r, path), EAE_OK);
    assert_int_equal(eae_read_file(path, &text, NULL), EAE_OK);
    unlink(path);
    eae_report_free(r);
    return text;
}

static void tsv(void **state)
{
    (void)state;
    char *text = text_of(false, true);
    assert_string_equal(text, "name\tn\tvalue\na\\tb\"\t-3\t0.1\nNA\tNA\tNA\n\tNA\t-Inf\n");
    free(text);
    text = text_of(false, false);
    assert_string_equal(text, "name\tn\tvalue\n");
    free(text);
}

static void json(void **state)
{
    (void)state;
    char *text = text_of(true, true);
    assert_string_equal(text, "{\"name\":\"a\\tb\\\"\",\"n\":-3,\"value\":0.1}\n"
                              "{\"name\":null,\"n\":null,\"value\":null}\n"
                              "{\"name\":\"\",\"n\":null,\"value\":\"-Inf\"}\n");
    free(text);
    text = text_of(true, false);
    assert_string_equal(text, "");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(tsv), cmocka_unit_test(json)};
    return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
