/* paired.c - see paired.h. */
#include "eval/score/paired.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "eval/score/interval.h"
#include "eval/score/ranking.h"
#include "model/distribution.h"

static const double normal_975 = 1.959963984540054;

/* The interval and the p-value of a normal difference; without variance only equality is known. */
static void judge_normal(eae_paired *x, double variance)
{
    double half = normal_975 * sqrt(variance);
    x->low = x->high = x->p = NAN;
    if (variance > 0) {
        x->low = x->diff - half;
        x->high = x->diff + half;
        x->p = eae_normal_two_sided(x->diff / sqrt(variance));
    } else if (variance == 0 && x->diff == 0) {
        x->low = x->high = 0;
        x->p = 1;
    }
}

/* ---- over splits ------------------------------------------------------------------------- */

/* The spread of the differences over the splits in which both are defined. */
static double deviation(const double *a, const double *b, int64_t n, const eae_paired *x)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        double off = a[i] - b[i] - x->diff;
        sum += isnan(off) ? 0 : off * off;
    }
    return sqrt(sum / (double)(x->n - 1));
}

eae_paired eae_paired_t(const double *a, const double *b, int64_t n, double ratio)
{
    eae_paired x = {.low = NAN, .high = NAN, .p = NAN};
    double largest = 0;
    for (int64_t i = 0; i < n; i++) {
        if (isnan(a[i]) || isnan(b[i]))
            continue;
        x.a += a[i];
        x.b += b[i];
        x.n++;
        largest = fmax(largest, fmax(fabs(a[i]), fabs(b[i])));
    }
    x.a /= (double)x.n;
    x.b /= (double)x.n;
    x.diff = x.a - x.b;
    if (x.n < 2 || !isfinite(ratio))
        return x;
    double sd = deviation(a, b, n, &x), rounding = 1e-14 * largest;
    if (sd <= rounding && fabs(x.diff) <= rounding) {
        x.low = x.high = x.diff = 0;
        x.p = 1;
    } else if (sd > rounding) {
        double error = eae_corrected_error(sd, x.n, ratio), df = (double)(x.n - 1);
        double half = eae_t_quantile(0.975, df) * error;
        x.low = x.diff - half;
        x.high = x.diff + half;
        x.p = eae_t_two_sided(x.diff / error, df);
    }
    return x;
}

/* ---- over samples ------------------------------------------------------------------------ */

eae_paired eae_paired_delong(const double *a, const double *b, const bool *positive, int64_t n)
{
    eae_paired x = {.n = n, .a = eae_auc(a, positive, n), .b = eae_auc(b, positive, n)};
    double *place_a = eae_malloc((size_t)n, sizeof *place_a);
    double *place_b = eae_malloc((size_t)n, sizeof *place_b);
    eae_placements(a, positive, n, place_a);
    eae_placements(b, positive, n, place_b);
    for (int64_t i = 0; i < n; i++)
        place_a[i] -= place_b[i];
    x.diff = x.a - x.b;
    judge_normal(&x, eae_placement_variance(place_a, positive, n));
    free(place_a);
    free(place_b);
    return x;
}

eae_paired eae_paired_mcnemar(const bool *a, const bool *b, int64_t n)
{
    double right_a = 0, right_b = 0, only_a = 0, only_b = 0, all = (double)n;
    for (int64_t i = 0; i < n; i++) {
        right_a += a[i];
        right_b += b[i];
        only_a += a[i] && !b[i];
        only_b += b[i] && !a[i];
    }
    eae_paired x = {n, right_a / all, right_b / all, (only_a - only_b) / all, NAN, NAN, NAN};
    if (n == 0)
        return x;
    double total = all + 2, share_a = (only_a + 0.5) / total, share_b = (only_b + 0.5) / total;
    double centre = share_a - share_b;
    double half = normal_975 * sqrt((share_a + share_b - centre * centre) / total);
    x.low = centre - half;
    x.high = centre + half;
    /* P(X <= k) of m halved is I_1/2(m - k, k + 1) */
    double fewer = fmin(only_a, only_b), more = fmax(only_a, only_b);
    x.p = more == 0 ? 1 : fmin(1, 2 * eae_beta_lower(0.5, more, fewer + 1));
    return x;
}

/* ---- many -------------------------------------------------------------------------------- */

void eae_holm(const double *p, int64_t n, int64_t family, double *adjusted)
{
    double *known = eae_malloc((size_t)n, sizeof *known), largest = 0;
    int64_t *place = eae_malloc((size_t)n, sizeof *place);
    int64_t *order = eae_malloc((size_t)n, sizeof *order), m = 0;
    for (int64_t i = 0; i < n; i++) {
        adjusted[i] = NAN;
        if (!isnan(p[i])) {
            known[m] = p[i];
            place[m++] = i;
        }
    }
    family -= n - m;
    eae_sort_order(known, m, order);
    for (int64_t i = 0; i < m; i++) {
        largest = fmax(largest, fmin(1, (double)(family - i) * known[order[i]]));
        adjusted[place[order[i]]] = largest;
    }
    free(known);
    free(place);
    free(order);
}
