/* fold_each.c - one split and many labelings; see fold.h. */
#include "eval/train/fold.h"

enum { LABELINGS_AT_ONCE = 256 }; /* bounds the memory of many permutations */

int eae_fold_each(const eae_run *run, const eae_split *split, const eae_target *target,
                  int64_t labelings, int threads, eae_fold_use use, void *context)
{
    int64_t step =
        eae_filter_reads_labels(run->spec->prepare.filter) ? 1 : (int64_t)LABELINGS_AT_ONCE;
    int status = EAE_OK;
    eae_fold fold = {0};
    for (int64_t first = 0; first < labelings && status == EAE_OK; first += step) {
        int64_t count = labelings - first < step ? labelings - first : step;
        if (first == 0 || step == 1) {
            eae_fold_close(&fold);
            status = eae_fold_open(&fold, run, split, &target[first], threads);
        }
        if (status == EAE_OK)
            status = use(context, &fold, first, count);
    }
    eae_fold_close(&fold);
    return status;
}
