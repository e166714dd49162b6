/*
 * test_number.c - reading against the C library's strtod(), which is correctly rounded; writing
 * against the digits of Python and numpy (tests/expected/number.py), and by reading back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/number.h"
#include "base/random.h"

static uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static double double_of(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static void same_as_strtod(const char *text)
{
    double value = -1;
    if (!eae_parse_double(text, strlen(text), &value))
        fail_msg("'%s' was not read", text);
    if (bits_of(value) != bits_of(strtod(text, NULL)))
        fail_msg("'%s' was read as %a, strtod says %a", text, value, strtod(text, NULL));
}

static void reads_hard_decimals(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "0",
        "-0",
        "+1",
        "1.",
        ".5",
        "-.5e1",
        "00000000000000000000000001",
        "0.1",
        "1e22",
        "1e23",
        "1e-22",
        "123456789012345678",
        "1234567890123456789",
        "12345678901234567890",
        "9007199254740993",
        "9007199254740992.99999999999999999999",
        "9007199254740993.0000000001",
        "9007199254740991.5",
        "4503599627370496.5",
        "4503599627370497.5",
        "1e308",
        "1e309",
        "1.7976931348623157e308",
        "1.7976931348623158e308",
        "1.7976931348623159e308",
        "1e-400",
        "1e400",
        "0e999999999999",
        "1e999999999999",
        "1e-999999999999",
        "4.9e-324",
        "5e-324",
        "2.4703282292062327e-324",
        "2.4703282292062328e-324",
        "2.2250738585072011e-308",
        "2.2250738585072014e-308",
        "2.2250738585072012e-308",
        "6.631236846766476e-316",
        "1.0000000000000002220446049250313080847263336181640625",
        "1.00000000000000011102230246251565404236316680908203125",
        "1.00000000000000011102230246251565404236316680908203124",
        "1.00000000000000011102230246251565404236316680908203126",
        "0.000000000000000000000000000000000000000000000000000012345678901234567890",
        "179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017"
        "977587207096330286416692887910946555547851940402630657488671505820681908902000708383676273"
        "85"
        "484581771153176447573027006985557136695962284291481986083493647529271907416844436551070434"
        "27"
        "11559699508093042880177904174497791.9",
        "7."
        "410984687618698162648531893023320585475897039214871466383785237510132609053131277979497545"
        "4"
        "245398856969484704316857659638998506553390969459816219401617281718945106978546710679176872"
        "57"
        "517733155533077954085498096084575009581113730347476580968710095909754422710047573078097111"
        "18"
        "935784838675653998783503015228055934046593739791790738723868299395818481660169122019456499"
        "93"
        "12897984113620624844980569351128018139e-324"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        same_as_strtod(texts[i]);
}

/* 17 digits, few digits, exact halves between two doubles and a little beside them. */
static void reads_random_decimals(void **state)
{
    (void)state;
    eae_random r;
    eae_random_start(&r, 7, EAE_RANDOM_SOLVER, 0);
    char text[1200];
    for (int i = 0; i < 40000; i++) {
        double x = double_of(eae_random_u64(&r));
        if (!isfinite(x))
            continue;
        snprintf(text, sizeof text, "%.*e", (int)eae_random_below(&r, 22), x);
        same_as_strtod(text);
        double y = (double)(int64_t)eae_random_u64(&r) / (double)eae_random_u64(&r);
        snprintf(text, sizeof text, "%.*f", (int)eae_random_below(&r, 20), y);
        same_as_strtod(text);
    }
    for (int i = 0; i < 2000; i++) {
        int e = (int)eae_random_below(&r, 140) - 70;
        double x = ldexp(1 + eae_random_unit(&r), e);
        long double half = ((long double)x + (long double)nextafter(x, INFINITY)) / 2;
        snprintf(text, sizeof text, "%.*Lf", e < 0 ? 55 - e : 55, half);
        same_as_strtod(text);
        text[strlen(text) - 1] = '1';
        same_as_strtod(text);
    }
}

static void refuses_what_is_no_number(void **state)
{
    (void)state;
    static const char *const texts[] = {"",    "-",  "+",     ".",   "e5",    "1e",
                                        "1e+", "1 ", " 1",    "1,5", "0x10",  "inf",
                                        "nan", "NA", "1.2.3", "--1", "1e5.0", "1f"};
    double value;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_false(eae_parse_double(texts[i], strlen(texts[i]), &value));
}

static void scanning_stops_at_the_end(void **state)
{
    (void)state;
    double value;
    const char *text = "12.5e3\t7";
    assert_ptr_equal(eae_scan_double(text, text + 8, &value), text + 6);
    assert_true(value == 12500);
    assert_ptr_equal(eae_scan_double(text, text + 5, &value), text + 4);
    assert_true(value == 12.5);
    assert_null(eae_scan_double(text + 6, text + 8, &value));
}

static void reads_whole_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
        int64_t value;
    } cases[] = {{"0", true, 0},
                 {"-12", true, -12},
                 {"+7", true, 7},
                 {"9223372036854775807", true, INT64_MAX},
                 {"-9223372036854775808", true, INT64_MIN},
                 {"9223372036854775808", false, 0},
                 {"", false, 0},
                 {"-", false, 0},
                 {" 1", false, 0},
                 {"1.0", false, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t value = 0;
        assert_int_equal(eae_parse_int(cases[i].text, strlen(cases[i].text), &value),
                         cases[i].good);
        if (cases[i].good)
            assert_true(value == cases[i].value);
    }
}

/* Digits and exponent of the written text in `digits`, without point and zeros at either end. */
static int decimal_of(const char *text, char *digits)
{
    int n = 0, exponent = 0, point = -1, leading = 0;
    const char *p = text + (*text == '-');
    for (; *p && *p != 'e'; p++) {
        if (*p == '.') {
            point = n + leading;
        } else if (n == 0 && *p == '0') {
            leading++;
        } else {
            digits[n++] = *p;
        }
    }
    if (point < 0)
        point = n + leading;
    if (*p == 'e')
        exponent = atoi(p + 1);
    while (n > 1 && digits[n - 1] == '0')
        n--;
    digits[n] = '\0';
    return point - leading - 1 + exponent;
}

static void writes_the_digits_of_python(void **state)
{
    (void)state;
    char *text;
    assert_int_equal(eae_read_file("tests/data/number/shortest.tsv", &text, NULL), 0);
    int lines = 0;
    char *rest, *line = strtok_r(text, "\n", &rest);
    while ((line = strtok_r(NULL, "\n", &rest))) {
        char type[8], expected[32], digits[64], written[EAE_NUMBER_TEXT];
        unsigned long long bits;
        int exponent;
        assert_int_equal(sscanf(line, "%7s %llx %31s %d", type, &bits, expected, &exponent), 4);
        float f;
        uint32_t low = (uint32_t)bits;
        memcpy(&f, &low, sizeof f);
        size_t n = strcmp(type, "f64") == 0 ? eae_format_double(double_of(bits), written)
                                            : eae_format_float(f, written);
        assert_int_equal(n, strlen(written));
        int got = decimal_of(written, digits);
        if (strcmp(digits, expected) != 0 || got != exponent)
            fail_msg("%s: %s, expected %s e %d", line, written, expected, exponent);
        lines++;
    }
    assert_true(lines > 400);
    free(text);
}

/* Reads back; no decimal with a digit less does. */
static void written_numbers_read_back_and_are_shortest(void **state)
{
    (void)state;
    eae_random r;
    eae_random_start(&r, 8, EAE_RANDOM_SOLVER, 0);
    for (int i = 0; i < 100000; i++) {
        uint64_t bits = eae_random_u64(&r);
        double x = double_of(bits), y;
        float f, g;
        uint32_t low = (uint32_t)bits;
        memcpy(&f, &low, sizeof f);
        char text[EAE_NUMBER_TEXT], digits[64], shorter[64];
        if (isfinite(x)) {
            size_t n = eae_format_double(x, text);
            assert_true(eae_parse_double(text, n, &y) && bits_of(y) == bits);
            decimal_of(text, digits);
            if (strlen(digits) > 1) {
                snprintf(shorter, sizeof shorter, "%.*e", (int)strlen(digits) - 2, x);
                assert_true(strtod(shorter, NULL) != x);
            }
        }
        if (isfinite(f)) {
            eae_format_float(f, text);
            g = strtof(text, NULL);
            assert_memory_equal(&f, &g, sizeof f);
            decimal_of(text, digits);
            if (strlen(digits) > 1) {
                snprintf(shorter, sizeof shorter, "%.*e", (int)strlen(digits) - 2, (double)f);
                assert_true(strtof(shorter, NULL) != f);
            }
        }
    }
}

static void layout(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {{0, "0"},
                 {-0.0, "-0"},
                 {1, "1"},
                 {-214, "-214"},
                 {0.5, "0.5"},
                 {1e-5, "0.00001"},
                 {1e-6, "1e-6"},
                 {1.5e-7, "1.5e-7"},
                 {1e15, "1000000000000000"},
                 {1e16, "1e+16"},
                 {1.5e20, "1.5e+20"},
                 {9007199254740991, "9007199254740991"},
                 {1e100, "1e+100"},
                 {100.25, "100.25"},
                 {-1.7976931348623157e308, "-1.7976931348623157e+308"},
                 {NAN, "NA"},
                 {INFINITY, "Inf"},
                 {-INFINITY, "-Inf"},
                 {1200, "1200"},
                 {0.00012, "0.00012"},
                 {5e-324, "5e-324"}};
    char text[EAE_NUMBER_TEXT];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(eae_format_double(cases[i].value, text), strlen(cases[i].text));
        assert_string_equal(text, cases[i].text);
    }
    eae_format_float(0.1f, text);
    assert_string_equal(text, "0.1");
    eae_format_float(16777216.0f, text);
    assert_string_equal(text, "16777216");
    eae_format_float(3.4028235e38f, text);
    assert_string_equal(text, "3.4028235e+38");
}

static void sizes_and_missing_values(void **state)
{
    (void)state;
    uint64_t size;
    assert_true(eae_parse_size("1.5K", &size) && size == 1536);
    assert_true(eae_parse_size("2g", &size) && size == 2ull << 30);
    assert_false(eae_parse_size("", &size));
    assert_false(eae_parse_size("K", &size));
    assert_false(eae_parse_size("-1", &size));
    char text[EAE_NUMBER_TEXT];
    eae_format_size(1023, text);
    assert_string_equal(text, "1023");
    eae_format_size(1536, text);
    assert_string_equal(text, "1.5K");
    eae_format_size(3.5 * 1024 * 1024 * 1024, text);
    assert_string_equal(text, "3.5G");
    eae_format_size(8e15, text);
    assert_string_equal(text, "7276.0T");
    assert_true(eae_is_missing("", 0));
    assert_true(eae_is_missing("N/A", 3));
    assert_false(eae_is_missing("NA?", 3));
}

static void ages_are_read(void **state)
{
    int64_t s;
    (void)state;
    assert_true(eae_parse_age("90s", &s) && s == 90);
    assert_true(eae_parse_age("1.5m", &s) && s == 90);
    assert_true(eae_parse_age("2h", &s) && s == 7200);
    assert_true(eae_parse_age("2d", &s) && s == 172800);
    assert_true(eae_parse_age("1w", &s) && s == 604800);
    static const char *const bad[] = {"", "d", "3", "-1d", "3y", "1dd", "nand", "1e99d"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(eae_parse_age(bad[i], &s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ages_are_read),
        cmocka_unit_test(reads_hard_decimals),
        cmocka_unit_test(reads_random_decimals),
        cmocka_unit_test(refuses_what_is_no_number),
        cmocka_unit_test(scanning_stops_at_the_end),
        cmocka_unit_test(reads_whole_numbers),
        cmocka_unit_test(writes_the_digits_of_python),
        cmocka_unit_test(written_numbers_read_back_and_are_shortest),
        cmocka_unit_test(layout),
        cmocka_unit_test(sizes_and_missing_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
