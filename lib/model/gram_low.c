/* gram_low.c - factors of Gram matrices of low rank: many rows of few features. */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "model/gram_internal.h"

int64_t eae_gram_factor_low(const double *gram, int64_t ld, int64_t n, int64_t most, double limit,
                            double *l)
{
    int64_t rank = 0;
    double *rest = EAE_NEW_ARRAY(double, n), top = 0, worst = 0;
    for (int64_t i = 0; i < n; i++)
        top = fmax(top, rest[i] = gram[i * ld + i]);
    for (; rank < most; rank++) {
        int64_t pivot = 0;
        for (int64_t i = 1; i < n; i++)
            pivot = rest[i] > rest[pivot] ? i : pivot;
        if (!(rest[pivot] > limit * top))
            break;
        double root = sqrt(rest[pivot]);
        const double *at = l + pivot * most;
        for (int64_t i = 0; i < n; i++) {
            double value = gram[i * ld + pivot] - eae_gram_dot(l + i * most, at, rank);
            l[i * most + rank] = value / root;
        }
        l[pivot * most + rank] = root;
        for (int64_t i = 0; i < n; i++)
            rest[i] -= l[i * most + rank] * l[i * most + rank];
    }
    for (int64_t i = 0; i < n; i++)
        worst = fmax(worst, rest[i]);
    free(rest);
    return worst <= limit * top ? rank : 0;
}
