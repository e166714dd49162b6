/* synth_outcome.c - classes, groups, survival times; see synth.h. */
#include "eval/synth/synth_parts.h"

#include "base/elementary.h"
#include "base/random.h"
#include "base/threads.h"

static const double censoring_hazard = 3.0 / 7, largest_eta = 600;

int64_t eae_synth_unit_of(const eae_synth *s, int64_t row)
{
    return s->options.groups > 0 ? eae_synth_part_of(row, s->options.rows, s->options.groups) : row;
}

/* One word: the chance of the last class is at the upper end. */
int eae_synth_class_of(const eae_synth *s, int64_t row)
{
    int64_t unit = eae_synth_unit_of(s, row), last = s->options.classes - 1;
    eae_random r;
    eae_random_start(&r, s->options.seed, EAE_RANDOM_SYNTH_LABEL, (uint64_t)unit);
    double u = ((double)eae_random_u32(&r) + 0.5) * 0x1p-32, rest = 1 - s->options.balance;
    if (u >= rest)
        return (int)last;
    int64_t c = (int64_t)(u / rest * (double)last);
    return (int)(c < last ? c : last - 1);
}

/* ---- survival --------------------------------------------------------------------------- */

/* Exponential with mean 1: -log of the middle of one of 2^53 equal parts of (0, 1). */
static double exponential(eae_random *r)
{
    return -eae_log(((double)(eae_random_u64(r) >> 11) + 0.5) * 0x1p-53);
}

/* Words 0 to 3 are not used: 0 is for classes. */
static void survive(const eae_synth *s, int64_t unit, double *time, double *status)
{
    double eta = 0;
    for (int64_t k = 0; k < s->planted; k++)
        eta +=
            s->truth[k] * s->options.noise * (double)eae_synth_unit_deviate(s, unit, s->column[k]);
    eta = eta > largest_eta ? largest_eta : eta < -largest_eta ? -largest_eta : eta;
    eae_random r;
    eae_random_start(&r, s->options.seed, EAE_RANDOM_SYNTH_LABEL, (uint64_t)unit);
    for (int i = 0; i < 4; i++)
        eae_random_u32(&r);
    double event = exponential(&r) * eae_exp(-eta);
    double censored = exponential(&r) / censoring_hazard;
    *status = event <= censored;
    *time = event <= censored ? event : censored;
}

typedef struct {
    const eae_synth *synth;
    double *time, *status;
    int64_t n;
} survival_task;

enum { ROWS = 64 }; /* a task */

static int survive_rows(void *context, int64_t task, int worker)
{
    (void)worker;
    const survival_task *t = context;
    const eae_synth *s = t->synth;
    int64_t end = (task + 1) * ROWS < t->n ? (task + 1) * ROWS : t->n, unit = -1;
    for (int64_t i = task * ROWS; i < end; i++) {
        int64_t before = unit;
        unit = eae_synth_unit_of(s, s->options.from + i);
        if (i > task * ROWS && unit == before) {
            t->time[i] = t->time[i - 1];
            t->status[i] = t->status[i - 1];
        } else {
            survive(s, unit, &t->time[i], &t->status[i]);
        }
    }
    return EAE_OK;
}

static void add_survival(const eae_synth *s, eae_frame *f, int threads)
{
    survival_task t = {.synth = s, .n = f->rows.count};
    eae_axis_add(&f->rows, "time", EAE_ANNOT_F64);
    t.status = eae_axis_add(&f->rows, "status", EAE_ANNOT_F64)->f64;
    t.time = eae_axis_find(&f->rows, "time")->f64;
    eae_parallel(threads, (t.n + ROWS - 1) / ROWS, survive_rows, &t);
}

/* ---- annotations ------------------------------------------------------------------------ */

static void add_label(const eae_synth *s, eae_frame *f)
{
    eae_annot *label = eae_axis_add(&f->rows, "label", EAE_ANNOT_TEXT);
    if (s->options.classes == 2) {
        eae_names_add(&label->dict, "control", 7);
        eae_names_add(&label->dict, "case", 4);
    } else {
        eae_names_number(&label->dict, "class", 0, s->options.classes);
    }
    for (int64_t i = 0; i < f->rows.count; i++)
        label->code[i] = eae_synth_class_of(s, s->options.from + i);
}

static void add_groups(const eae_synth *s, eae_frame *f)
{
    eae_annot *group = eae_axis_add(&f->rows, "group", EAE_ANNOT_TEXT);
    int64_t first = eae_synth_unit_of(s, s->options.from);
    int64_t last = eae_synth_unit_of(s, s->options.to - 1);
    eae_names_number(&group->dict, "g", first, last - first + 1);
    for (int64_t i = 0; i < f->rows.count; i++)
        group->code[i] = (int32_t)(eae_synth_unit_of(s, s->options.from + i) - first);
}

void eae_synth_outcomes(const eae_synth *s, eae_frame *f, int threads)
{
    if (s->options.survival)
        add_survival(s, f, threads);
    else
        add_label(s, f);
    if (s->options.groups > 0)
        add_groups(s, f);
}
