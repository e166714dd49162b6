/* complete_frame.c - a data frame completed by all of its rows; see complete.h. */
#include "model/complete.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

/* Counts what is missing; fails where a feature has no value at all. */
static int survey(const eae_frame *f, int64_t *missing)
{
    int64_t p = f->cols.count, empty = 0, first = 0;
    int64_t *known = EAE_NEW_ARRAY(int64_t, p);
    for (int64_t i = 0; i < f->rows.count; i++) {
        for (int64_t j = 0; j < p; j++)
            known[j] += !isnan(eae_frame_value(f, i, j));
    }
    *missing = 0;
    for (int64_t j = p - 1; j >= 0; j--) {
        *missing += f->rows.count - known[j];
        empty += known[j] == 0;
        first = known[j] == 0 ? j : first;
    }
    free(known);
    if (empty == 0 || f->rows.count == 0)
        return EAE_OK;
    if (f->cols.names.count == 0)
        return eae_fail("--impute: %lld features have no value at all; the first is number %lld",
                        (long long)empty, (long long)first + 1);
    return eae_fail("--impute: %lld feature%s without any value; the first is '%s'",
                    (long long)empty, empty == 1 ? "" : "s", eae_name(&f->cols.names, first));
}

int eae_complete_frame(eae_frame *f, const eae_kernels *kernels, const eae_complete_spec *spec,
                       int threads, int64_t *filled, eae_complete_error *error)
{
    eae_completion c;
    int status = survey(f, filled);
    if (status == EAE_OK && *filled > 0)
        status = eae_frame_own(f);
    if (status != EAE_OK || *filled == 0)
        return status;
    eae_incomplete data = {.kernels = kernels,
                           .x = f->payload,
                           .is_f64 = f->type == EAE_F64,
                           .rows = f->rows.count,
                           .cols = f->cols.count,
                           .threads = threads};
    if (error)
        status = eae_complete_estimate(&data, spec, error);
    if (status == EAE_OK)
        status = eae_complete_learn(&data, spec, NULL, NULL, 0, &c);
    if (status == EAE_OK) {
        status = eae_complete_fill(&c, &data);
        eae_completion_free(&c);
    }
    return status;
}
