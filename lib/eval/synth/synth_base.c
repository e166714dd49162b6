/*
 * synth_base.c - mean and standard deviation of each feature; see synth.h.
 *
 * Built in: what RMA gives for an HG-U133 Plus 2.0 array, in log2 units. Three in five probe sets
 * are near the background: mean normal about 4.4 with sd 0.9; the others are expressed: about 7.4
 * with sd 2.0; both drawn again, as it were, between 2.2 and 14.3 (what is beyond is reflected).
 * The sd is log-normal about a middle value that is 0.17 at the background, 0.5 in the middle of
 * the range, where probes respond most, and falls towards saturation.
 */
#include "eval/synth/synth_parts.h"

#include <math.h>
#include <stdlib.h>

#include "base/elementary.h"
#include "base/memory.h"
#include "base/normal.h"

static double reflect(double x, double low, double high)
{
    x = x < low ? 2 * low - x : x;
    return x > high ? 2 * high - x : x;
}

void eae_synth_built_in(const eae_synth *s, double *mean, double *sd)
{
    eae_random r;
    eae_random_start(&r, s->options.seed, EAE_RANDOM_SYNTH_BASE, SYNTH_BASE_FEATURE);
    for (int64_t j = 0; j < s->cols; j++) {
        bool expressed = eae_random_u32(&r) >= UINT32_MAX / 5 * 3;
        double place = (double)eae_normal_of_word(eae_random_u32(&r));
        double spread = (double)eae_normal_of_word(eae_random_u32(&r));
        eae_random_u32(&r); /* four words a feature */
        mean[j] = reflect(expressed ? 7.4 + 2.0 * place : 4.4 + 0.9 * place, 2.2, 14.3);
        double d = (mean[j] - 7.8) / 2;
        sd[j] = (0.13 + 0.37 / (1 + d * d)) * eae_exp(0.45 * spread);
    }
}

/* Mean and sd of each column by Welford's update, rows in order. */
static void measure_base(const eae_frame *f, int64_t *count, double *mean, double *sd)
{
    int64_t p = f->cols.count;
    for (int64_t i = 0; i < f->rows.count; i++) {
        for (int64_t j = 0; j < p; j++) {
            double x = eae_frame_value(f, i, j);
            if (isnan(x))
                continue;
            double d = x - mean[j];
            mean[j] += d / (double)++count[j];
            sd[j] += d * (x - mean[j]);
        }
    }
    for (int64_t j = 0; j < p; j++)
        sd[j] = count[j] > 1 ? sqrt(sd[j] / (double)(count[j] - 1)) : 0;
}

static int check_base(const eae_frame *base, const int64_t *count, const double *mean,
                      const double *sd)
{
    for (int64_t j = 0; j < base->cols.count; j++) {
        bool present = count[j] > 0;
        if (present && isfinite(mean[j]) && isfinite(sd[j]))
            continue;
        char *name = base->cols.names.count > 0
                         ? eae_sprintf("'%s'", eae_name(&base->cols.names, j))
                         : eae_sprintf("%lld", (long long)j + 1);
        int status = eae_fail("feature %s of the base has no %s", name,
                              present ? "finite mean and standard deviation" : "value");
        free(name);
        return status;
    }
    return EAE_OK;
}

int eae_synth_from_base(eae_synth *s, const eae_frame *base, double *mean, double *sd)
{
    int64_t *count = EAE_NEW_ARRAY(int64_t, s->cols);
    measure_base(base, count, mean, sd);
    int status = check_base(base, count, mean, sd);
    if (base->cols.names.count > 0)
        eae_names_copy(&s->names, &base->cols.names);
    free(count);
    return status;
}
