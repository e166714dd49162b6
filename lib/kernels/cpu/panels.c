/* panels.c - sums over panels, several in flight, added in index order. See cpu.h. */
#include "kernels/cpu/cpu.h"

#include <stdlib.h>
#include <string.h>

enum { LARGE = 64 << 20 }; /* bytes of a panel in flight: no more than one a thread above */

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t rounded(int64_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

/* Row r of total += row r of each of the slots, the first panel first. */
static void add_row(const eae_cpu_sum *s, const char *slot, int64_t stride, int64_t slots,
                    int64_t r, double *total)
{
    int64_t n = s->triangle ? r + 1 : s->out_width;
    double *to = total + r * s->out_width;
    for (int64_t i = 0; i < slots; i++) {
        const char *out = slot + i * stride;
        const double *wide = (const double *)(const void *)out + r * s->out_width;
        const float *narrow = (const float *)(const void *)out + r * s->out_width;
        if (s->is_f64) {
            for (int64_t j = 0; j < n; j++)
                to[j] += wide[j];
        } else {
            for (int64_t j = 0; j < n; j++)
                to[j] += (double)narrow[j];
        }
    }
}

int eae_cpu_sum_panels(const eae_cpu_sum *s, double *total, int threads)
{
    int64_t features = s->features;
    int64_t panels = (features + s->width - 1) / s->width;
    memset(total, 0, (size_t)(s->out_rows * s->out_width) * sizeof *total);
    if (panels == 0 || s->out_rows == 0 || s->out_width == 0)
        return EAE_OK;
    int64_t result =
        rounded(s->out_rows * s->out_width * (int64_t)(s->is_f64 ? sizeof(double) : sizeof(float)));
    int64_t stride = result + rounded(s->scratch);
    /* two a thread, so that a slow one does not keep the others waiting; the result does not depend
     * on how many */
    int64_t slots = least(threads > 1 && stride < LARGE ? 2 * threads : threads, panels);
    char *slot = eae_cpu_alloc(slots, (size_t)stride, "panels of features");
    if (!slot)
        return EAE_FAIL;
#pragma omp parallel num_threads(threads) if (threads > 1)
    for (int64_t group = 0; group < panels; group += slots) {
        int64_t in_group = least(slots, panels - group);
#pragma omp for schedule(dynamic, 1)
        for (int64_t i = 0; i < in_group; i++) {
            int64_t first = (group + i) * s->width;
            char *out = slot + i * stride;
            s->product(s->job, first, least(s->width, features - first), out + result, out);
        }
#pragma omp for schedule(dynamic, 16)
        for (int64_t r = 0; r < s->out_rows; r++)
            add_row(s, slot, stride, in_group, r, total);
    }
    free(slot);
    return EAE_OK;
}
