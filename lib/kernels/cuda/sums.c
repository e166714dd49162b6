/* sums.c - weights and moments on the device. See cuda.h. */
#include "kernels/cuda/cuda.h"

#include <math.h>
#include <stdlib.h>

/* One or three outputs (k x cols) that panels (k x count) are put into. */
typedef struct {
    const double *by; /* on the device: the vectors, or weightings of rows */
    int64_t k;
    double *output[3];
    double *there[3]; /* on the device */
    double *packed;   /* on the host */
} sums;

static int take_panel(const eae_cuda_feed *feed, const sums *g, int64_t first)
{
    int64_t count = feed->panel.count, cols = feed->source->cols;
    for (int which = 0; which < 3; which++) {
        if (!g->output[which])
            continue;
        if (eae_cuda_copy_out(g->packed, g->there[which], g->k * count * 8) != EAE_OK)
            return EAE_FAIL;
        for (int64_t c = 0; c < g->k; c++) {
            for (int64_t f = 0; f < count; f++)
                g->output[which][c * cols + eae_cuda_column(feed->source, first + f)] =
                    g->packed[c * count + f];
        }
    }
    return EAE_OK;
}

static int panels(eae_cuda_feed *feed, const sums *g, bool moments)
{
    for (int64_t first = 0; first < feed->features; first += feed->panel.count) {
        if (eae_cuda_feed_next(feed, first) != EAE_OK)
            return EAE_FAIL;
        int status = moments ? eae_cuda_row_moments(&feed->panel, g->by, g->k, g->there[0],
                                                    g->there[1], g->there[2])
                             : eae_cuda_row_weights(&feed->panel, g->by, g->k, g->there[0]);
        if (status != EAE_OK || take_panel(feed, g, first) != EAE_OK)
            return EAE_FAIL;
    }
    return EAE_OK;
}

/* NaN for the columns that are not in use. */
static void clear(const eae_source *s, const sums *g)
{
    for (int which = 0; which < 3; which++) {
        for (int64_t at = 0; g->output[which] && s->feature && at < g->k * s->cols; at++)
            g->output[which][at] = NAN;
    }
}

static int run(const eae_source *source, const int64_t *row, int64_t m, const double *by, sums *g,
               bool moments)
{
    int64_t outputs = 0, features = eae_cuda_features(source), panel;
    for (int which = 0; which < 3; which++)
        outputs += g->output[which] != NULL;
    eae_cuda_need need = {.fixed = (double)m * (double)g->k * 8};
    need.slice = 8 * (double)outputs * (double)g->k * (double)eae_cuda_width(1, features);
    eae_cuda_feed_need(source, m, &need);
    eae_cuda_space space;
    eae_cuda_feed feed;
    if (eae_cuda_begin(&need, eae_cuda_slices(features), &space, &panel) != EAE_OK)
        return EAE_FAIL;
    int64_t size = eae_cuda_width(panel, features) * g->k;
    double *there = eae_cuda_part(&space, m * g->k, sizeof *there);
    for (int which = 0; which < 3; which++)
        g->there[which] = g->output[which] ? eae_cuda_part(&space, size, sizeof(double)) : NULL;
    g->by = there;
    g->packed = eae_cuda_alloc(size, sizeof *g->packed, "sums over rows");
    if (!g->packed || eae_cuda_feed_open(&feed, source, row, m, panel, &space) != EAE_OK) {
        free(g->packed);
        return eae_cuda_end(EAE_FAIL);
    }
    clear(source, g);
    int status = eae_cuda_copy_in(there, by, m * g->k * 8);
    if (status == EAE_OK)
        status = panels(&feed, g, moments);
    free(g->packed);
    eae_cuda_feed_close(&feed);
    return eae_cuda_end(status);
}

int eae_cuda_weights(const eae_source *source, const int64_t *row, int64_t m, const double *b,
                     int64_t k, double *w, int threads)
{
    double features = (double)eae_cuda_features(source), bytes = features * (double)k * 8;
    double in = eae_cuda_feed_bytes(source, m);
    if (m == 0 || k == 0 || features == 0 || k > EAE_CUDA_GRID_MOST ||
        eae_cuda_spares((double)m * (double)k * features, in, bytes))
        return eae_cuda_near()->weights(source, row, m, b, k, w, threads);
    sums g = {.k = k, .output = {w}};
    return run(source, row, m, b, &g, false);
}

int eae_cuda_moments(const eae_source *source, const int64_t *row, int64_t m, const double *c,
                     int64_t s, double *weight, double *sum, double *square, int threads)
{
    double features = (double)eae_cuda_features(source), bytes = 3 * features * (double)s * 8;
    double in = eae_cuda_feed_bytes(source, m);
    if (m == 0 || s == 0 || features == 0 || s > EAE_CUDA_GRID_MOST ||
        eae_cuda_spares(3 * (double)m * (double)s * features, in, bytes))
        return eae_cuda_near()->moments(source, row, m, c, s, weight, sum, square, threads);
    eae_source seen = *source; /* missing stays missing, no scale */
    seen.fill = NULL;
    seen.inverse = NULL;
    sums g = {.k = s, .output = {weight, sum, square}};
    return run(&seen, row, m, c, &g, true);
}
