/* test_cuda_plan.c - what goes where on a device: sizes of panels, parts of a workspace, and which
 * calls pay. Pure arithmetic: no device, no CUDA. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/random.h"
#include "kernels/cuda/plan.h"

static void budget_keeps_an_eighth(void **state)
{
    (void)state;
    assert_int_equal(eae_cuda_budget(800), 700);
    assert_int_equal(eae_cuda_budget(0), 0);
    assert_int_equal(eae_cuda_budget(-5), 0);
}

/* A panel fits, and one slice more would not, or there is none. */
static void panels_fill_the_budget(void **state)
{
    (void)state;
    eae_random r;
    eae_random_start(&r, 1, EAE_RANDOM_SYNTH_OTHER, 0);
    for (int k = 0; k < 2000; k++) {
        eae_cuda_need need = {.fixed = (double)eae_random_below(&r, 1 << 20),
                              .slice = (double)(1 + eae_random_below(&r, 1 << 18))};
        int64_t slices = (int64_t)eae_random_below(&r, 400);
        int64_t budget = (int64_t)eae_random_below(&r, 1 << 24);
        int64_t most = slices < 1 ? 1 : slices;
        int64_t panel = eae_cuda_panel_slices(&need, slices, budget);
        most = most < EAE_CUDA_SLICES_MOST ? most : EAE_CUDA_SLICES_MOST;
        assert_in_range(panel, 0, most);
        if (panel > 0)
            assert_true(eae_cuda_need_total(&need, panel) <= (double)budget);
        if (panel < most)
            assert_true(eae_cuda_need_total(&need, panel + 1) > (double)budget);
    }
}

/* An H100, 1,229 x 54,675 in f32 that is sent, products in f64: in one panel. 80,000 rows: their
 * Gram matrix alone takes 51 GB, and the sum of one slice as much again. */
static void panels_of_known_shapes(void **state)
{
    (void)state;
    const int64_t h100 = eae_cuda_budget(INT64_C(78) << 30);
    eae_cuda_need usual = {.fixed = 8.0 * 1229 * 1229,
                           .slice = 8.0 * 1229 * 1229 + 1024.0 * 1229 * (8 + 4)};
    assert_int_equal(eae_cuda_panel_slices(&usual, 54, h100), 54);
    assert_int_equal(eae_cuda_panel_slices(&usual, 54, INT64_C(400) << 20), 14);
    eae_cuda_need large = {.fixed = 8.0 * 80000 * 80000, .slice = 8.0 * 80000 * 80000};
    assert_int_equal(eae_cuda_panel_slices(&large, 54, h100), 0);
    eae_cuda_need beyond = {.fixed = 1e30, .slice = 1e30};
    assert_int_equal(eae_cuda_panel_slices(&beyond, 54, INT64_MAX), 0);
    eae_cuda_need nothing = {.fixed = 0};
    assert_int_equal(eae_cuda_panel_slices(&nothing, 0, h100), 1);
}

/* However large the device, the host puts together 128 MiB at most, or one slice. */
static void the_host_stages_little(void **state)
{
    (void)state;
    const int64_t h100 = eae_cuda_budget(INT64_C(78) << 30);
    eae_cuda_need need = {.slice = 1, .staged = 1024.0 * 1229 * 4};
    assert_int_equal(eae_cuda_panel_slices(&need, 54, h100), 26);
    need.staged = 1e12;
    assert_int_equal(eae_cuda_panel_slices(&need, 54, h100), 1);
    need.staged = 1;
    assert_int_equal(eae_cuda_panel_slices(&need, 54, h100), 54);
}

static void parts_lie_apart(void **state)
{
    (void)state;
    static char memory[10000];
    eae_cuda_space space = {.base = memory, .size = sizeof memory};
    char *last = memory;
    int64_t sizes[] = {1, 255, 256, 257, 1000, 0, 3};
    for (int i = 0; i < 7; i++) {
        char *part = eae_cuda_part(&space, sizes[i], 1);
        assert_non_null(part);
        assert_true(part >= last && (part - memory) % EAE_CUDA_ALIGN == 0);
        last = part + sizes[i];
    }
    assert_null(eae_cuda_part(&space, sizeof memory, 1));
    assert_null(eae_cuda_part(&space, INT64_MAX / 4, 8));
    assert_null(eae_cuda_part(&space, -1, 8));
    int64_t left = space.size - space.used;
    assert_non_null(eae_cuda_part(&space, left, 1));
    assert_null(eae_cuda_part(&space, 1, 1));
}

/* What a plan asks for holds as many parts as a call has, however they are cut. */
static void a_plan_has_room_for_its_parts(void **state)
{
    (void)state;
    eae_cuda_need need = {.fixed = 24 * 77};
    eae_cuda_space space = {.size = (int64_t)eae_cuda_need_total(&need, 0)};
    static char memory[1 << 14];
    assert_true(space.size <= (int64_t)sizeof memory);
    space.base = memory;
    for (int i = 0; i < EAE_CUDA_PARTS; i++)
        assert_non_null(eae_cuda_part(&space, 7, 11));
}

static double gram_work(double m, double p)
{
    return m * m * p;
}

static void small_calls_stay(void **state)
{
    (void)state;
    assert_false(eae_cuda_pays(0, 0, 0));
    assert_false(eae_cuda_pays(1e6, 0, 0)); /* less than the start of a call */
    /* 200 x 54,675 f32: sending it takes as long as the processor does; if it is there, it pays */
    assert_false(eae_cuda_pays(gram_work(200, 54675), 200 * 54675 * 4.0, 200 * 200 * 8.0));
    assert_true(eae_cuda_pays(gram_work(200, 54675), 0, 200 * 200 * 8.0));
    assert_true(eae_cuda_pays(gram_work(4900, 54675), 4900 * 54675 * 4.0, 4900 * 4900 * 8.0));
    /* what pays, pays with more work or fewer bytes */
    for (double work = 1e5; work < 1e14; work *= 3) {
        if (eae_cuda_pays(work, 1e7, 1e6))
            assert_true(eae_cuda_pays(work * 3, 1e7, 1e6) && eae_cuda_pays(work, 1e6, 1e5));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(budget_keeps_an_eighth), cmocka_unit_test(panels_fill_the_budget),
        cmocka_unit_test(panels_of_known_shapes), cmocka_unit_test(parts_lie_apart),
        cmocka_unit_test(the_host_stages_little), cmocka_unit_test(a_plan_has_room_for_its_parts),
        cmocka_unit_test(small_calls_stay),
    };
    return cmocka_run_group_tests_name("cuda plan", tests, NULL, NULL);
}
