/* curve.c - one sort, then counting from the top. */
#include "eval/score/curve.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "eval/score/ranking.h"

int64_t eae_curve_points(const double *value, const bool *positive, int64_t n,
                         eae_curve_point *point)
{
    int64_t *order = eae_malloc((size_t)n, sizeof *order);
    eae_sort_order(value, n, order);
    int64_t positives = 0, points = 0, tp = 0, called = 0;
    for (int64_t i = 0; i < n; i++)
        positives += positive[i];
    double p = (double)positives, q = (double)(n - positives);
    for (int64_t i = n - 1; i >= -1; i--) {
        bool next = i < 0 || i == n - 1 || value[order[i]] != value[order[i + 1]];
        if (next && n > 0) {
            double threshold = i < 0 ? -INFINITY : value[order[i]];
            point[points++] = (eae_curve_point){
                threshold, (double)tp / p, (double)(called - tp) / q, (double)tp / (double)called};
        }
        if (i >= 0) {
            tp += positive[order[i]];
            called++;
        }
    }
    free(order);
    return points;
}
