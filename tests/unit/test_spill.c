/* test_spill.c - memory in a temporary file: it holds what is written, leaves nothing, names its
 * folder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/spill.h"
#include "base/status.h"

static int entries(const char *dir)
{
    int count = 0;
    DIR *d = opendir(dir);
    assert_non_null(d);
    while (readdir(d))
        count++;
    closedir(d);
    return count;
}

static void test_spill(void **state)
{
    (void)state;
    char dir[] = "/tmp/eae-spill.XXXXXX";
    assert_non_null(mkdtemp(dir));
    int before = entries(dir);
    eae_spill spill;
    enum { SIZE = 3 << 20 };
    assert_int_equal(eae_spill_open(&spill, SIZE, dir, "numbers"), EAE_OK);
    unsigned char *bytes = spill.bytes;
    assert_int_equal(bytes[SIZE - 1], 0);
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (unsigned char)(i * 7 % 251);
    for (size_t i = 0; i < SIZE; i++)
        assert_int_equal(bytes[i], i * 7 % 251);
    assert_int_equal(entries(dir), before);
    eae_spill_close(&spill);
    assert_null(spill.bytes);
    assert_int_equal(entries(dir), before);
    assert_int_equal(rmdir(dir), 0);
}

static void test_no_room(void **state)
{
    (void)state;
    eae_spill spill;
    assert_int_equal(eae_spill_open(&spill, 100, "/nowhere/at/all", "numbers"), EAE_FAIL);
    assert_non_null(strstr(eae_message(), "/nowhere/at/all"));
    assert_null(spill.bytes);
    assert_int_equal(eae_spill_open(&spill, SIZE_MAX / 4, "/tmp", "numbers"), EAE_FAIL);
    assert_non_null(strstr(eae_message(), "no room for numbers"));
    assert_null(spill.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_spill),
                                       cmocka_unit_test(test_no_room)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
