/* select.c - see select.h. */
#include "eval/eliminate/select.h"

#include <math.h>
#include <string.h>

#include "base/number.h"

int eae_selection_parse(const char *text, eae_selection *selection, int64_t *size)
{
    static const char sized[] = "size:";
    size_t n = strlen(sized);
    if (strcmp(text, "best") == 0) {
        *selection = EAE_SELECT_BEST;
    } else if (strcmp(text, "1se") == 0) {
        *selection = EAE_SELECT_ONE_SE;
    } else {
        *selection = EAE_SELECT_SIZE;
        if (strncmp(text, sized, n) != 0 || !eae_parse_int(text + n, strlen(text + n), size) ||
            *size < 1)
            return eae_fail_usage("--select: '%s' is not best, 1se or size:N", text);
    }
    return EAE_OK;
}

/* Mean over the splits where it is defined, and its standard error; the scale of its rounding. */
typedef struct {
    double mean, error, size;
} summary;

static summary summarise(const double *figure, int64_t splits, int64_t stride, double ratio)
{
    double sum = 0, size = 0, square = 0, n = 0;
    for (int64_t i = 0; i < splits; i++) {
        double v = figure[i * stride];
        if (v == v) {
            sum += v;
            size += fabs(v);
            n++;
        }
    }
    summary s = {.mean = sum / n, .size = size / n};
    for (int64_t i = 0; i < splits; i++) {
        double d = figure[i * stride] - s.mean;
        square += d == d ? d * d : 0;
    }
    s.error = n > 1 ? sqrt(square / (n - 1) * (1 / n + ratio)) : 0;
    return s;
}

int64_t eae_select(eae_selection selection, const double *figure, int64_t splits, int64_t sizes,
                   bool higher_is_better, double ratio)
{
    double sign = higher_is_better ? 1 : -1;
    int64_t best = -1, chosen = -1;
    summary top = {0};
    for (int64_t k = 0; k < sizes; k++) {
        summary s = summarise(figure + k, splits, sizes, ratio);
        if (s.mean == s.mean && (best < 0 || sign * s.mean > sign * top.mean)) {
            best = k;
            top = s;
        }
    }
    /* equal to rounding counts as equal, and later sizes are smaller */
    double within = 1e-12 * top.size + (selection == EAE_SELECT_ONE_SE ? top.error : 0);
    for (int64_t k = 0; k < sizes && best >= 0; k++) {
        double mean = summarise(figure + k, splits, sizes, ratio).mean;
        if (mean == mean && sign * mean >= sign * top.mean - within)
            chosen = k;
    }
    return chosen;
}
