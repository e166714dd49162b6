/*
 * eae-synth.c - synthetic data matrices of any size; the numbers are made in lib/eval/synth.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/progress.h"
#include "base/memory.h"
#include "base/options.h"
#include "base/threads.h"
#include "eval/synth/synth.h"
#include "matrix/history.h"
#include "matrix/stream.h"

static const eae_option shape_options[] = {
    {.name = "rows",
     .type = EAE_OPT_INT,
     .arg = "N",
     .fallback = "100",
     .range = "1:",
     .help = "samples"},
    {.name = "size",
     .type = EAE_OPT_SIZE,
     .arg = "SIZE",
     .conflicts = "rows",
     .help = "as many samples as fit in SIZE bytes of values (at least one)"},
    {.name = "cols",
     .type = EAE_OPT_INT,
     .arg = "P",
     .fallback = "1000",
     .range = "1:4294967296",
     .help = "features, when there is no BASE"},
    {.name = "rows-from",
     .type = EAE_OPT_INT,
     .arg = "A",
     .fallback = "0",
     .range = "0:",
     .help = "only rows from A on, counted from 0"},
    {.name = "rows-to",
     .type = EAE_OPT_INT,
     .arg = "B",
     .range = "1:",
     .help = "only rows up to B - 1 (default: to the end)"},
    {0}};

static const eae_option value_options[] = {
    {.name = "noise",
     .type = EAE_OPT_REAL,
     .arg = "SD",
     .fallback = "1",
     .range = "0:1e6",
     .help = "sd of the noise, in units of the feature's own sd"},
    {.name = "blocks",
     .type = EAE_OPT_INT,
     .arg = "B",
     .range = "1:",
     .help = "blocks of neighbouring features that correlate"},
    {.name = "rho",
     .type = EAE_OPT_REAL,
     .arg = "R",
     .fallback = "0.5",
     .range = "[0:1)",
     .help = "the correlation within a block"},
    {.name = "missing",
     .type = EAE_OPT_REAL,
     .arg = "F",
     .fallback = "0",
     .range = "[0:1)",
     .help = "the chance of a value to be missing"},
    {0}};

static const eae_option outcome_options[] = {
    {.name = "classes",
     .type = EAE_OPT_INT,
     .arg = "C",
     .fallback = "2",
     .range = "2:10000",
     .help = "classes: control and case, or class1 to classC"},
    {.name = "balance",
     .type = EAE_OPT_REAL,
     .arg = "F",
     .range = "(0:1)",
     .help = "the chance of the last class, which is the positive one (default: 1 / C)"},
    {.name = "groups",
     .type = EAE_OPT_INT,
     .arg = "G",
     .range = "1:",
     .help = "subjects with several samples each, alike and with one outcome"},
    {.name = "survival",
     .type = EAE_OPT_FLAG,
     .conflicts = "classes,balance",
     .help = "times and censoring instead of classes"},
    {.name = "informative",
     .type = EAE_OPT_INT,
     .arg = "K",
     .fallback = "0",
     .range = "0:",
     .help = "features that the outcome goes with"},
    {.name = "effect",
     .type = EAE_OPT_REAL,
     .arg = "D",
     .fallback = "1",
     .range = "-1e6:1e6",
     .help = "difference of their class, or log hazard ratio, per sd of the feature, up or down"},
    {0}};

static const eae_program program = {
    .name = "eae-synth",
    .summary = "Write a synthetic data matrix: a base, noise, random labels, planted signal.",
    .example =
        "  eae-synth --rows 200 --cols 5000 --informative 20 --effect 1 > x.eae\n"
        "  eae-synth --rows 300 --cols 5000 --survival --informative 10 --effect 0.5 > surv.eae\n"
        "  eae-synth --size 10G --cols 54675 -o big.eae",
    .operands = "[BASE]",
    .min_operands = 0,
    .max_operands = 1,
    .groups = {{"Shape", shape_options},
               {"Values", value_options},
               {"Outcome", outcome_options},
               EAE_GROUP_IMPORT,
               EAE_GROUP_COMMON}};

enum { BATCH = 1 << 16 }; /* cells made at a time by one thread: they stay in its cache */

static int read_base(eae_bundle *b, const eae_options *o, eae_frame **base)
{
    eae_import import;
    *base = NULL;
    if (eae_operand_count(o) == 0)
        return EAE_OK;
    if (eae_given(o, "cols"))
        return eae_fail_usage("--cols: the features are those of %s", eae_operand(o, 0));
    eae_import_from_options(&import, o);
    int status = eae_read_operands(b, o, 0, &import);
    if (status == EAE_OK)
        status = eae_bundle_find(b, EAE_KIND_DATA, base);
    if (status == EAE_OK && !*base)
        status = eae_fail("%s: no data frame", eae_operand(o, 0));
    if (status == EAE_OK && (*base)->cols.count == 0)
        status = eae_fail("%s: the base has no features", eae_operand(o, 0));
    return status;
}

/* Parts of the features and of the samples. */
static int set_parts(eae_synth_options *s, const eae_options *o, int64_t cols)
{
    if (s->planted > cols)
        return eae_fail_usage("--informative: %lld of %lld features", (long long)s->planted,
                              (long long)cols);
    if (eae_given(o, "rho") && !eae_given(o, "blocks"))
        return eae_fail_usage("--rho is the correlation within a block: how many --blocks?");
    s->blocks = eae_given(o, "blocks") ? eae_opt_int(o, "blocks") : 0;
    if (s->blocks > cols)
        return eae_fail_usage("--blocks: %lld of %lld features", (long long)s->blocks,
                              (long long)cols);
    s->groups = eae_given(o, "groups") ? eae_opt_int(o, "groups") : 0;
    if (s->groups > s->rows)
        return eae_fail_usage("--groups: %lld of %lld samples", (long long)s->groups,
                              (long long)s->rows);
    return EAE_OK;
}

static int set_shape(eae_synth_options *s, const eae_options *o)
{
    int64_t cols = s->base ? s->base->cols.count : s->cols;
    s->rows = eae_opt_int(o, "rows");
    if (eae_given(o, "size")) {
        s->rows = (int64_t)(eae_opt_size(o, "size") / sizeof(float) / (uint64_t)cols);
        s->rows = s->rows > 0 ? s->rows : 1;
    }
    s->from = eae_opt_int(o, "rows-from");
    s->to = eae_given(o, "rows-to") ? eae_opt_int(o, "rows-to") : s->rows;
    if (s->to > s->rows)
        return eae_fail_usage("--rows-to: %lld of %lld rows", (long long)s->to, (long long)s->rows);
    if (s->from >= s->to)
        return eae_fail_usage("--rows-from: no row from %lld to %lld - 1", (long long)s->from,
                              (long long)s->to);
    return set_parts(s, o, cols);
}

typedef struct {
    const eae_synth *synth;
    eae_writer *writer;
    int64_t begin, end; /* cells of the whole */
    int64_t row;        /* the last that is counted as written */
    float *values;      /* BATCH for each thread */
} batch_job;

static int64_t batch_begin(const batch_job *job, int64_t task)
{
    return job->begin + task * BATCH;
}

static int64_t batch_size(const batch_job *job, int64_t task)
{
    int64_t left = job->end - batch_begin(job, task);
    return left < BATCH ? left : BATCH;
}

static int make_batch(void *context, int64_t task, int worker)
{
    batch_job *job = context;
    eae_synth_cells(job->synth, batch_begin(job, task), batch_size(job, task),
                    job->values + (int64_t)worker * BATCH);
    return EAE_OK;
}

static int write_batch(void *context, int64_t task, int worker)
{
    batch_job *job = context;
    int64_t n = batch_size(job, task);
    int64_t row = (batch_begin(job, task) + n) / eae_synth_cols(job->synth);
    int status = eae_writer_cells(job->writer, job->values + (int64_t)worker * BATCH, n);
    eae_progress_add(row - job->row);
    job->row = row;
    return status;
}

/* While one thread writes, the others make what comes next. */
static int write_rows(eae_writer *w, const eae_synth *s, const eae_synth_options *shape,
                      int threads)
{
    int64_t cols = eae_synth_cols(s);
    batch_job job = {.synth = s,
                     .writer = w,
                     .begin = shape->from * cols,
                     .end = shape->to * cols,
                     .row = shape->from};
    job.values = eae_try_alloc((size_t)threads * BATCH, sizeof *job.values, "rows");
    if (!job.values)
        return EAE_FAIL;
    int64_t count = (job.end - job.begin + BATCH - 1) / BATCH;
    eae_progress_start("rows", shape->to - shape->from);
    int status = eae_parallel_in_order(threads, count, make_batch, write_batch, &job);
    eae_progress_end();
    free(job.values);
    return status;
}

static int write_matrix(const eae_options *o, const eae_synth_options *shape, eae_frame **inputs)
{
    eae_synth *s;
    if (eae_synth_new(&s, shape) != EAE_OK)
        return EAE_FAIL;
    eae_writer *w = NULL;
    eae_frame *head = eae_synth_head(s, eae_opt_threads(o));
    eae_history_append(head, o, 0, NULL, inputs, shape->base ? 1 : 0);
    int status = eae_writer_open(&w, eae_opt_text(o, "output"), !eae_flag(o, "no-history"));
    if (status == EAE_OK)
        status = eae_writer_begin(w, head);
    if (status == EAE_OK)
        status = write_rows(w, s, shape, eae_opt_threads(o));
    if (status == EAE_OK)
        status = eae_writer_end(w);
    if (status == EAE_OK)
        status = eae_writer_close(w);
    else
        eae_writer_discard(w);
    eae_frame_free(head);
    eae_synth_free(s);
    return status;
}

int main(int argc, char **argv)
{
    eae_options *o;
    eae_bundle bundle = {0};
    eae_frame *base;
    eae_options_parse(&o, &program, argc, argv);
    eae_synth_options shape = {.cols = eae_opt_int(o, "cols"),
                               .noise = eae_opt_real(o, "noise"),
                               .planted = eae_opt_int(o, "informative"),
                               .effect = eae_opt_real(o, "effect"),
                               .missing = eae_opt_real(o, "missing"),
                               .rho = eae_given(o, "blocks") ? eae_opt_real(o, "rho") : 0,
                               .classes = eae_opt_int(o, "classes"),
                               .survival = eae_flag(o, "survival"),
                               .seed = (uint64_t)eae_opt_int(o, "seed")};
    if (eae_given(o, "balance"))
        shape.balance = eae_opt_real(o, "balance");
    int status = read_base(&bundle, o, &base);
    shape.base = base;
    if (status == EAE_OK)
        status = set_shape(&shape, o);
    if (status == EAE_OK)
        status = write_matrix(o, &shape, &base);
    if (status != EAE_OK)
        eae_die_status(status);
    eae_bundle_free(&bundle);
    eae_options_free(o);
    return EAE_OK;
}
