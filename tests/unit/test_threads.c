/*
 * test_threads.c - numbered tasks whose results are delivered in order, and what a failure stops.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/threads.h"

enum { TASKS = 2000, WORKERS = 5 };

typedef struct {
    int64_t scratch[WORKERS]; /* what a worker has made and not delivered */
    int64_t delivered[TASKS];
    int64_t count;
    int64_t bad_make, bad_deliver; /* tasks that fail, or -1 */
} job;

static int make(void *context, int64_t task, int worker)
{
    job *j = context;
    volatile int64_t spin = task * 7919 % 300; /* tasks of unlike lengths */
    while (spin > 0)
        spin--;
    j->scratch[worker] = task * task;
    return task == j->bad_make ? eae_fail("made %lld", (long long)task) : EAE_OK;
}

static int deliver(void *context, int64_t task, int worker)
{
    job *j = context;
    if (task == j->bad_deliver)
        return eae_fail("delivered %lld", (long long)task);
    assert_int_equal(j->scratch[worker], task * task);
    j->delivered[j->count++] = task;
    return EAE_OK;
}

static void check(const job *j, int64_t count)
{
    assert_int_equal(j->count, count);
    for (int64_t i = 0; i < count; i++)
        assert_int_equal(j->delivered[i], i);
}

static void results_come_in_order(void **state)
{
    (void)state;
    for (int threads = 1; threads <= WORKERS; threads++) {
        job j = {.bad_make = -1, .bad_deliver = -1};
        assert_int_equal(eae_parallel_in_order(threads, TASKS, make, deliver, &j), EAE_OK);
        check(&j, TASKS);
    }
    job none = {.bad_make = -1, .bad_deliver = -1};
    assert_int_equal(eae_parallel_in_order(3, 0, make, deliver, &none), EAE_OK);
    check(&none, 0);
}

static void a_failure_stops_what_is_behind_it(void **state)
{
    (void)state;
    for (int threads = 1; threads <= WORKERS; threads++) {
        job j = {.bad_make = 700, .bad_deliver = -1};
        assert_int_equal(eae_parallel_in_order(threads, TASKS, make, deliver, &j), EAE_FAIL);
        assert_string_equal(eae_message(), "made 700");
        check(&j, 700);
        j = (job){.bad_make = 702, .bad_deliver = 701};
        assert_int_equal(eae_parallel_in_order(threads, TASKS, make, deliver, &j), EAE_FAIL);
        assert_string_equal(eae_message(), "delivered 701");
        check(&j, 701);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_come_in_order),
        cmocka_unit_test(a_failure_stops_what_is_behind_it),
    };
    return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
