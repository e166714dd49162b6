/*
 * synth.c - see synth.h: a synthetic matrix made and freed, and its axes.
 */
#include "eval/synth/synth_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static const double group_share = 0.25;

static void set_weights(eae_synth *s)
{
    s->own = (float)sqrt(1 - s->options.rho);
    s->block = (float)sqrt(s->options.rho);
    s->single = (float)sqrt(1 - group_share);
    s->group = (float)sqrt(group_share);
    s->missing = (uint64_t)(s->options.missing * 0x1p32);
}

static void set_defaults(eae_synth_options *o)
{
    o->base = NULL;
    if (o->classes == 0)
        o->classes = 2;
    if (o->balance == 0)
        o->balance = 1.0 / (double)o->classes;
}

static int check(const eae_synth *s)
{
    const eae_synth_options *o = &s->options;
    if (o->planted > s->cols)
        return eae_fail("%lld informative features of %lld", (long long)o->planted,
                        (long long)s->cols);
    if (o->blocks > s->cols)
        return eae_fail("%lld blocks of %lld features", (long long)o->blocks, (long long)s->cols);
    if (o->groups > o->rows)
        return eae_fail("%lld groups of %lld samples", (long long)o->groups, (long long)o->rows);
    return EAE_OK;
}

int eae_synth_new(eae_synth **made, const eae_synth_options *options)
{
    const eae_frame *base = options->base;
    eae_synth *s = EAE_NEW(eae_synth);
    s->options = *options;
    s->cols = base ? base->cols.count : options->cols;
    set_defaults(&s->options);
    set_weights(s);
    double *mean = EAE_NEW_ARRAY(double, s->cols), *sd = EAE_NEW_ARRAY(double, s->cols);
    int status = check(s);
    if (status == EAE_OK && base)
        status = eae_synth_from_base(s, base, mean, sd);
    else if (status == EAE_OK)
        eae_synth_built_in(s, mean, sd);
    if (status == EAE_OK) {
        eae_synth_plant(s);
        eae_synth_set_levels(s, mean, sd);
        *made = s;
    } else {
        eae_synth_free(s);
    }
    free(mean);
    free(sd);
    return status;
}

void eae_synth_free(eae_synth *s)
{
    if (!s)
        return;
    eae_names_free(&s->names);
    eae_synth_free_marks(s);
    free(s->centre);
    free(s->scale);
    free(s->column);
    free(s->truth);
    free(s->marked);
    free(s);
}

int64_t eae_synth_cols(const eae_synth *s)
{
    return s->cols;
}

/* ---- the axes --------------------------------------------------------------------------- */

static void add_truth(const eae_synth *s, eae_frame *f)
{
    eae_annot *truth = eae_axis_add(&f->cols, "truth", EAE_ANNOT_F64);
    for (int64_t j = 0; j < s->cols; j++)
        truth->f64[j] = 0;
    for (int64_t k = 0; k < s->planted; k++)
        truth->f64[s->column[k]] = s->truth[k];
    if (s->options.survival || s->options.classes == 2)
        return;
    eae_annot *marks = eae_axis_add(&f->cols, "truth_class", EAE_ANNOT_TEXT);
    eae_names_copy(&marks->dict, &eae_axis_find(&f->rows, "label")->dict);
    for (int64_t k = 0; k < s->planted; k++)
        marks->code[s->column[k]] = s->marked[k];
}

static void add_blocks(const eae_synth *s, eae_frame *f)
{
    eae_annot *block = eae_axis_add(&f->cols, "block", EAE_ANNOT_I64);
    for (int64_t j = 0; j < s->cols; j++)
        block->i64[j] = eae_synth_part_of(j, s->cols, s->options.blocks) + 1;
}

eae_frame *eae_synth_head(const eae_synth *s, int threads)
{
    eae_frame *f = EAE_NEW(eae_frame);
    f->kind = EAE_KIND_DATA;
    f->type = EAE_F32;
    f->rows.count = s->options.to - s->options.from;
    f->cols.count = s->cols;
    eae_names_number(&f->rows.names, "s", s->options.from, f->rows.count);
    if (s->names.count > 0)
        eae_names_copy(&f->cols.names, &s->names);
    else
        eae_names_number(&f->cols.names, "f", 0, s->cols);
    eae_synth_outcomes(s, f, threads);
    if (s->planted > 0)
        add_truth(s, f);
    if (s->options.blocks > 0)
        add_blocks(s, f);
    return f;
}
