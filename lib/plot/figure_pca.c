/* figure_pca.c - samples on their first two principal components. */
#include <math.h>
#include <stdlib.h>

#include "model/principal.h"
#include "plot/figure.h"
#include "plot/levels.h"

static void write_points(const eae_levels *colour, const eae_levels *shape, const double *score,
                         int64_t n, eae_figure *f)
{
    eae_script_block(&f->script, "sample");
    for (int64_t i = 0; i < n; i++) {
        eae_script_cell(&f->script, score[2 * i]);
        eae_script_cell(&f->script, score[2 * i + 1]);
        eae_script_cell(&f->script, colour->scale ? colour->value[i] : colour->code[i] + 1);
        eae_script_cell(&f->script, shape->code[i] + 1);
        eae_script_line(&f->script);
    }
    eae_script_block_end(&f->script);
}

static void write_tics(const double *score, int64_t n, eae_figure *f)
{
    for (int c = 0; c < 2; c++) {
        double low = INFINITY, high = -INFINITY;
        for (int64_t i = 0; i < n; i++) {
            low = fmin(low, score[2 * i + c]);
            high = fmax(high, score[2 * i + c]);
        }
        double room = high > low ? 0.05 * (high - low) : 1;
        eae_script_number(&f->script, c == 0 ? "x_low" : "y_low", low - room);
        eae_script_number(&f->script, c == 0 ? "x_high" : "y_high", high + room);
        eae_script_number(&f->script, c == 0 ? "x_tic" : "y_tic",
                          eae_tic_step(high - low + 2 * room, 6));
    }
}

static bool has_missing(const eae_levels *l, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        if (l->scale ? isnan(l->value[i]) : l->code[i] < 0)
            return true;
    }
    return false;
}

static void describe(const eae_figure_options *o, const double *share, eae_figure *f)
{
    eae_buffer_printf(&f->caption,
                      "Samples on their first two principal components, of features %s; the share "
                      "of the variance that each explains is at its axis. ",
                      o->standardise ? "centred and scaled to unit variance" : "centred");
    if (o->colour || o->shape)
        eae_buffer_printf(&f->caption, "%s%s%s%s%s. ", o->colour ? "Colour: " : "",
                          o->colour ? o->colour : "", o->colour && o->shape ? "; " : "",
                          o->shape ? "marks: " : "", o->shape ? o->shape : "");
    eae_script_number(&f->script, "share1", 100 * share[0]);
    eae_script_number(&f->script, "share2", 100 * share[1]);
}

static int components(const eae_frame *data, const eae_figure_options *o, double **score,
                      double share[2])
{
    eae_dataset d;
    if (data->type != EAE_F32 && data->type != EAE_F64)
        return eae_fail("data of type %s: eae-view --dtype f32 makes numbers of them",
                        eae_type_name(data->type));
    *score = eae_malloc((size_t)(2 * data->rows.count), sizeof **score);
    int status = eae_dataset_open(&d, o->kernels, data->payload, data->type == EAE_F64,
                                  data->rows.count, data->cols.count, o->threads);
    if (status != EAE_OK)
        return status;
    status = eae_principal(&d, o->standardise, 2, *score, share, o->threads);
    eae_dataset_close(&d);
    return status;
}

int eae_figure_pca(const eae_bundle *b, const char *name, const eae_figure_options *o,
                   eae_figure *f)
{
    eae_frame *data;
    eae_levels colour = {0}, shape = {0};
    double *score = NULL, share[2];
    eae_figure_init(f, "pca", 3.5, 3.1);
    int status = eae_bundle_find(b, EAE_KIND_DATA, &data);
    if (status == EAE_OK && !data)
        status = eae_fail("%s: no data frame", name);
    if (status != EAE_OK)
        return status;
    const char *by = o->colour ? o->colour : eae_axis_find(&data->rows, "label") ? "label" : NULL;
    status = eae_levels_make(&colour, &data->rows, by, "--colour", false);
    if (status == EAE_OK)
        status = eae_levels_make(&shape, &data->rows, o->shape, "--shape", true);
    if (status == EAE_OK)
        status = components(data, o, &score, share);
    if (status != EAE_OK && score)
        status = eae_fail_within(status, "%s", name);
    if (status == EAE_OK) {
        int64_t n = data->rows.count;
        write_tics(score, n, f);
        write_points(&colour, &shape, score, n, f);
        eae_figure_labels(f, "level", &colour.name, colour.count, 24);
        eae_figure_labels(f, "form", &shape.name, shape.count, 24);
        eae_script_number(&f->script, "scale", colour.scale);
        eae_script_text(&f->script, "scale_name", o->colour ? o->colour : "label");
        eae_script_number(&f->script, "missing", has_missing(&colour, n) || has_missing(&shape, n));
        describe(o, share, f);
    }
    free(score);
    eae_levels_free(&colour);
    eae_levels_free(&shape);
    return status;
}
