/* filter.c - --filter: the features of the highest score. See univariate.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "kernels/source.h"
#include "model/univariate_parts.h"

static const struct {
    const char *name;
    eae_filter filter;
    eae_measure measure;
    bool reads_labels;
} filters[] = {
    {"ttest", EAE_FILTER_TTEST, EAE_MEASURE_WELCH, true},
    {"anova", EAE_FILTER_ANOVA, EAE_MEASURE_ANOVA, true},
    {"corr", EAE_FILTER_CORR, EAE_MEASURE_PEARSON, true},
    {"cox", EAE_FILTER_COX, EAE_MEASURE_COX, true},
    {"variance", EAE_FILTER_VARIANCE, EAE_MEASURE_VARIANCE, false},
    {"mad", EAE_FILTER_MAD, EAE_MEASURE_MAD, false},
};
enum { FILTERS = sizeof filters / sizeof *filters };

int eae_filter_parse(const char *text, eae_filter *filter, int64_t *keep)
{
    size_t length = strcspn(text, ":");
    const char *number = text + length + (text[length] == ':');
    for (int i = 0; i < FILTERS; i++) {
        if (strlen(filters[i].name) != length || strncmp(filters[i].name, text, length) != 0)
            continue;
        if (!eae_parse_int(number, strlen(number), keep) || *keep < 0)
            return eae_fail_usage("filter \"%s\": expected %s:N, N a number of features", text,
                                  filters[i].name);
        *filter = filters[i].filter;
        return EAE_OK;
    }
    return eae_fail_usage("no filter \"%.*s\": ttest, anova, corr, cox, variance or mad",
                          (int)(length < 60 ? length : 60), text);
}

static int entry_of(eae_filter filter)
{
    int i = 0;
    while (i < FILTERS && filters[i].filter != filter)
        i++;
    return i;
}

bool eae_filter_reads_labels(eae_filter filter)
{
    int i = entry_of(filter);
    return i < FILTERS && filters[i].reads_labels;
}

/* |statistic|; -Inf for what may not be chosen: constant or undefined. For a correlation the
 * coefficient itself, which orders as its t does only where no value is missing. */
static double score_of(const eae_test_result *r, eae_filter filter)
{
    double s = filter == EAE_FILTER_CORR ? r->effect : r->statistic;
    bool spread = filter == EAE_FILTER_VARIANCE || filter == EAE_FILTER_MAD;
    return isnan(s) || (spread && !(s > 0)) ? -INFINITY : fabs(s);
}

/* ---- the best few: a heap with the worst of those kept on top ----------------------------- */

typedef struct candidate {
    double score;
    int64_t position;
} candidate;

static bool worse(candidate a, candidate b)
{
    return a.score < b.score || (a.score == b.score && a.position > b.position);
}

static void sift_down(candidate *heap, int64_t n, int64_t at)
{
    candidate moving = heap[at];
    for (int64_t child; (child = 2 * at + 1) < n; at = child) {
        child += child + 1 < n && worse(heap[child + 1], heap[child]);
        if (!worse(heap[child], moving))
            break;
        heap[at] = heap[child];
    }
    heap[at] = moving;
}

static int by_position(const void *a, const void *b)
{
    int64_t x = ((const candidate *)a)->position, y = ((const candidate *)b)->position;
    return (x > y) - (x < y);
}

/* heap: room for `keep`. Returns how many were kept, sorted by position. */
static int64_t keep_best(const eae_test_result *result, int64_t features, eae_filter filter,
                         int64_t keep, candidate *heap)
{
    int64_t n = 0;
    for (int64_t k = 0; k < features && keep > 0; k++) {
        candidate c = {score_of(&result[k], filter), k};
        if (c.score == -INFINITY)
            continue;
        if (n < keep) {
            heap[n++] = c;
            for (int64_t at = n / 2 - 1; n == keep && at >= 0; at--)
                sift_down(heap, n, at);
        } else if (worse(heap[0], c)) {
            heap[0] = c;
            sift_down(heap, n, 0);
        }
    }
    qsort(heap, (size_t)n, sizeof *heap, by_position);
    return n;
}

int eae_filter_select(const eae_kernels *kernels, const eae_source *source, const int64_t *row,
                      int64_t n, const double *count, const eae_outcome *outcome, eae_filter filter,
                      int64_t keep, int64_t *selected, int64_t *selected_count, int threads)
{
    (void)kernels;
    int64_t features = source->feature ? source->feature_count : source->cols;
    if (keep > features)
        keep = features;
    if (filter == EAE_FILTER_NONE) {
        for (int64_t k = 0; k < keep; k++)
            selected[k] = eae_source_column(source, k);
        *selected_count = keep;
        return EAE_OK;
    }
    int status = EAE_FAIL;
    candidate *heap = eae_try_alloc((size_t)keep, sizeof *heap, "filter");
    eae_test_result *result = eae_try_alloc((size_t)features, sizeof *result, "filter");
    if (heap && result)
        status = eae_measure_features(source, row, n, count, outcome,
                                      filters[entry_of(filter)].measure, false, result, threads);
    if (status == EAE_OK) {
        *selected_count = keep_best(result, features, filter, keep, heap);
        for (int64_t k = 0; k < *selected_count; k++)
            selected[k] = eae_source_column(source, heap[k].position);
    }
    free(result);
    free(heap);
    return status;
}
