/* spread.c - see spread.h. */
#include "eval/train/spread.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

typedef struct {
    double value, count;
} counted;

static int by_value(const void *pa, const void *pb)
{
    const counted *a = pa, *b = pb;
    return (a->value > b->value) - (a->value < b->value);
}

static double median_of(const counted *sorted, double total)
{
    int64_t k = 0;
    double below = 0;
    while (below + sorted[k].count < total / 2)
        below += sorted[k++].count;
    bool between = below + sorted[k].count == total / 2;
    return between ? (sorted[k].value + sorted[k + 1].value) / 2 : sorted[k].value;
}

/* What rounding leaves of equal values is not a spread. */
static double sd_of(const counted *sorted, int64_t n, double total)
{
    double sum = 0, square = 0;
    for (int64_t i = 0; i < n; i++)
        sum += sorted[i].count * sorted[i].value;
    double mean = sum / total;
    for (int64_t i = 0; i < n; i++)
        square += sorted[i].count * (sorted[i].value - mean) * (sorted[i].value - mean);
    double sd = sqrt(square / total);
    return sd > 1e-12 * fabs(mean) ? sd : 0;
}

eae_spread eae_spread_of(const double *value, const double *count, int64_t n)
{
    counted *all = EAE_NEW_ARRAY(counted, n);
    double total = 0;
    for (int64_t i = 0; i < n; i++) {
        all[i] = (counted){value[i], count[i]};
        total += count[i];
    }
    qsort(all, (size_t)n, sizeof *all, by_value);
    eae_spread spread = {median_of(all, total), sd_of(all, n, total)};
    free(all);
    return spread;
}
