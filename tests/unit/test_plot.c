/* test_plot.c - what figures are made of: reports read back, groups and their labels, scripts, text
 * that is safe in them, ranges, pictures for a page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plot/figure.h"
#include "plot/html.h"
#include "plot/svg.h"

static int read_text(eae_tidy *t, const char *text)
{
    return eae_tidy_parse(t, eae_strdup(text), strlen(text), "r.tsv");
}

static void reports_are_read(void **state)
{
    (void)state;
    eae_tidy t = {0};
    double x;
    assert_int_equal(read_text(&t, "model\tvalue\r\na\t0.5\r\n\nmodel\tvalue\nb\tNA\nc\t-Inf"),
                     EAE_OK);
    assert_int_equal(t.rows, 3);
    assert_int_equal(eae_tidy_find(&t, "value"), 1);
    assert_int_equal(eae_tidy_find(&t, "valu"), -1);
    assert_string_equal(eae_tidy_text(&t, 1, 0), "b");
    assert_int_equal(eae_tidy_number(&t, 0, 1, &x), EAE_OK);
    assert_true(x == 0.5);
    assert_int_equal(eae_tidy_number(&t, 1, 1, &x), EAE_OK);
    assert_true(isnan(x));
    assert_int_equal(eae_tidy_number(&t, 2, 1, &x), EAE_OK);
    assert_true(x == -INFINITY);
    assert_int_equal(eae_tidy_number(&t, 2, 0, &x), EAE_FAIL);
    assert_string_equal(eae_message(), "r.tsv:6: column 1 (model): not a number: 'c'");
    eae_tidy_free(&t);
}

static void rows_are_chosen(void **state)
{
    (void)state;
    eae_tidy t = {0};
    read_text(&t, "model\tparam\nsvm\t1\nsvm\t0.10\nlasso\t0.1\n");
    assert_int_equal(eae_tidy_keep(&t, "svm,param=1e-1"), EAE_OK);
    assert_int_equal(t.rows, 1);
    assert_string_equal(eae_tidy_text(&t, 0, 1), "0.10");
    assert_int_equal(eae_tidy_keep(&t, "size=2"), EAE_FAIL);
    assert_int_equal(eae_tidy_keep(&t, "lasso"), EAE_FAIL);
    eae_tidy_free(&t);
}

static void check_labels(const char *text, const char *const *want)
{
    static const char *const key[] = {"model", "spec", "param", "size", "class"};
    eae_tidy t = {0};
    eae_tidy_groups g;
    assert_int_equal(read_text(&t, text), EAE_OK);
    eae_tidy_group(&t, key, 5, &g);
    for (int i = 0; want[i]; i++) {
        assert_true(i < g.count);
        assert_string_equal(eae_name(&g.label, i), want[i]);
    }
    assert_null(want[g.count]);
    eae_tidy_groups_free(&g);
    eae_tidy_free(&t);
}

/* as few columns as tell groups apart, of a spec only the parts that differ */
static void groups_are_named(void **state)
{
    (void)state;
    check_labels("model\tspec\tparam\nsvm\ta;b\t1\nsvm\ta;b\t1\n", (const char *[]){"svm", NULL});
    check_labels("model\tspec\tparam\tsize\nsvm\ta;b\t1\t9\nsvm\ta;b\t2\t9\nlasso\ta\t2\t8\n",
                 (const char *[]){"svm, param 1", "svm, param 2", "lasso, param 2", NULL});
    check_labels("model\tspec\nsvm\ta;b=1;c\nsvm\ta;b=2;c\n", (const char *[]){"b=1", "b=2", NULL});
    check_labels("model\tsize\nsvm\t5\nsvm\tselected\n",
                 (const char *[]){"size 5", "size selected", NULL});
    check_labels("model\tclass\nsvm\tA\nsvm\tB\n", (const char *[]){"A", "B", NULL});
    check_labels("x\ty\n1\t2\n", (const char *[]){"", NULL});
}

static void check_plain(const char *text, int most, const char *want)
{
    char *got = eae_short_text(text, most);
    assert_string_equal(got, want);
    free(got);
}

static void text_is_plain(void **state)
{
    (void)state;
    check_plain("", 0, "");
    check_plain("caf\xc3\xa9", 0, "caf\xc3\xa9");
    check_plain("a\tb\x7f\x1b[1m", 0, "a?b??[1m");
    check_plain("\xff\xc3(\xe2\x82\xed\xa0\x80", 0, "\?\?(?????");
    check_plain("\xe2\x80\xae\xe2\x81\xa6\xc2\x85\xef\xbf\xbf", 0, "????");
    check_plain("]]>", 0, "]] >");
    check_plain("abcdefghij", 10, "abcdefghij");
    check_plain("abcdefghijk", 7, "abcd\xe2\x80\xa6jk");
    check_plain("\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", 3, "\xc3\xa9\xe2\x80\xa6\xc3\xa9");
    assert_int_equal(eae_text_width("caf\xc3\xa9 \xff"), 6);
}

static void scripts_quote(void **state)
{
    (void)state;
    eae_script s = {0};
    eae_names names = {0};
    eae_script_text(&s, "a", "'; system('x')\\");
    eae_script_number(&s, "b", NAN);
    eae_script_comment(&s, "ends with \\");
    eae_script_names(&s, "n", &names);
    eae_names_add(&names, "x'", 2);
    eae_script_names(&s, "m", &names);
    eae_script_block(&s, "d");
    eae_script_cell(&s, 0.1);
    eae_script_cell(&s, NAN);
    eae_script_line(&s);
    eae_script_block_end(&s);
    assert_string_equal(s.text.data, "a = ''.\"'\".'; system('.\"'\".'x'.\"'\".')\\'\n"
                                     "b = NaN\n"
                                     "# ends with \\.\n"
                                     "n_width = 0\nn_n = 0\narray n[1]\n"
                                     "m_width = 2\nm_n = 1\narray m[1]\nm[1] = 'x'.\"'\".''\n"
                                     "$d << EOD\n0.1\tNaN\nEOD\n");
    eae_names_free(&names);
    eae_script_free(&s);
}

static void steps_are_round(void **state)
{
    (void)state;
    assert_true(eae_tic_step(1, 5) == 0.2);
    assert_true(eae_tic_step(10, 6) == 2);
    assert_true(eae_tic_step(1022, 6) == 200);
    assert_true(eae_tic_step(6, 6) == 1);
    assert_true(eae_tic_step(9.9, 1) == 10);
}

static void markup_is_escaped(void **state)
{
    (void)state;
    eae_buffer b = {0};
    eae_html_text(&b, "<a href=\"x\" b='y'>&amp;\x01");
    assert_string_equal(b.data, "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;amp;?");
    eae_buffer_free(&b);
}

static void pictures_get_names_of_their_own(void **state)
{
    (void)state;
    eae_buffer svg = {0}, html = {0};
    eae_buffer_puts(&svg, "<?xml version=\"1.0\"?>\n<svg w='1>2'>\n<title>Gnuplot</title>\n"
                          "<desc>Produced</desc><path id='p'/><use xlink:href='#p'/>"
                          "<text>id='p' href='#p'</text><g id=\"q\" ><title>q</title></g></svg>\n");
    eae_svg_finish(&svg, "A & B", "what");
    assert_non_null(strstr(svg.data, "<svg w='1>2'>\n<title>A &amp; B</title>\n<desc>what</desc>"));
    assert_null(strstr(svg.data, "Gnuplot"));
    assert_null(strstr(svg.data, "Produced"));
    eae_svg_inline(&html, &svg, "f1_");
    assert_int_equal(strncmp(html.data, "<svg", 4), 0);
    assert_non_null(strstr(html.data, "<path id='f1_p'/><use xlink:href='#f1_p'/>"));
    assert_non_null(strstr(html.data, "<text>id='p' href='#p'</text><g id=\"f1_q\" ></g>"));
    eae_buffer_free(&svg);
    eae_buffer_free(&html);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reports_are_read),  cmocka_unit_test(rows_are_chosen),
        cmocka_unit_test(groups_are_named),  cmocka_unit_test(text_is_plain),
        cmocka_unit_test(scripts_quote),     cmocka_unit_test(steps_are_round),
        cmocka_unit_test(markup_is_escaped), cmocka_unit_test(pictures_get_names_of_their_own),
    };
    return cmocka_run_group_tests_name("plot", tests, NULL, NULL);
}
