/* train_data.h - for unit tests of training: a small made-up study, its plan, its splits. Sample i
 * is of class i mod 2; the first 20 features carry it. */
#ifndef EAE_TESTS_TRAIN_DATA_H
#define EAE_TESTS_TRAIN_DATA_H

#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "eval/plan/plan.h"

static inline void name_axis(eae_axis *axis, char letter)
{
    for (int64_t i = 0; i < axis->count; i++) {
        char name[32];
        snprintf(name, sizeof name, "%c%d", letter, (int)i);
        eae_names_add(&axis->names, name, strlen(name));
    }
}

/* Features differ in mean and spread, so that scaling inside the fold matters. */
static inline eae_frame *train_data(int64_t n, int64_t p, int classes)
{
    static const char *const level[] = {"a", "b", "c"};
    eae_frame *f;
    eae_random r;
    assert_int_equal(eae_frame_new(&f, EAE_KIND_DATA, EAE_F32, n, p), EAE_OK);
    name_axis(&f->rows, 'p');
    name_axis(&f->cols, 'f');
    eae_annot *label = eae_axis_add(&f->rows, "label", EAE_ANNOT_TEXT);
    for (int c = 0; c < classes; c++)
        eae_names_add(&label->dict, level[c], 1);
    eae_random_start(&r, 8, EAE_RANDOM_SYNTH_VALUE, 2);
    for (int64_t i = 0; i < n; i++) {
        label->code[i] = (int32_t)(i % classes);
        for (int64_t j = 0; j < p; j++) {
            double v =
                eae_random_unit(&r) + eae_random_unit(&r) + (j < 20) * 0.3 * (double)(i % classes);
            eae_frame_f32(f)[i * p + j] = (float)(7 + (1 + (double)(j % 5)) * v * v);
        }
    }
    return f;
}

/* Repeated k-fold. */
static inline eae_frame *train_plan(const eae_frame *data, int64_t k, int64_t repeats)
{
    eae_plan_spec spec = {
        .kind = EAE_PLAN_KFOLD, .k = k, .repeats = repeats, .stratify = true, .seed = 3};
    eae_frame *plan;
    assert_int_equal(eae_plan_make(&spec, data, &plan), EAE_OK);
    return plan;
}

#endif
