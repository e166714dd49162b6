/* external.c - a learner that is another program; see external.h. */
#include "eval/train/external.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/number.h"
#include "base/threads.h"
#include "kernels/source.h"
#include "matrix/export.h"
#include "matrix/stream.h"

enum { BLOCK = 64 }; /* rows */

static const char *const outcome_columns[] = {"label", "time", "status"};
enum { OUTCOME_COLUMNS = 3 };

/* ---- the frames ------------------------------------------------------------------------------
 */

/* A column of ours; one of the data that is called so is kept as meta.<name>. */
static eae_annot *add_own(eae_axis *axis, const char *name, eae_annot_type type)
{
    eae_annot *theirs = eae_axis_find(axis, name);
    if (theirs) {
        char *kept = eae_sprintf("meta.%s", name);
        eae_axis_remove(axis, kept);
        theirs = eae_axis_find(axis, name);
        free(theirs->name);
        theirs->name = kept;
    }
    return eae_axis_add(axis, name, type);
}

/* Test samples have no outcome; training samples that of the labeling. */
static void set_outcome(eae_axis *rows, const eae_fold *f, const eae_target *t, bool train)
{
    const eae_axis *all = &f->run->data->rows;
    for (int k = 0; k < OUTCOME_COLUMNS; k++) {
        const char *name = outcome_columns[k];
        const eae_annot *from = eae_axis_find(all, name);
        if (!train) {
            eae_axis_remove(rows, name);
        } else if (from && t->from) {
            int64_t *carried = eae_malloc((size_t)f->n, sizeof *carried);
            for (int64_t i = 0; i < f->n; i++)
                carried[i] = t->from[f->row[i]];
            eae_annot *to = eae_axis_find(rows, name);
            eae_annot_free(to);
            eae_annot_select(to, from, carried, f->n);
            free(carried);
        }
    }
}

static void annotate(eae_axis *rows, const eae_fold *f, const eae_target *t, bool train)
{
    const char *text = train ? "train" : "test";
    set_outcome(rows, f, t, train);
    eae_annot *role = add_own(rows, "role", EAE_ANNOT_TEXT);
    for (int64_t i = 0; i < rows->count; i++)
        eae_annot_set_text(role, i, text);
    if (!train)
        return;
    eae_annot *count = add_own(rows, "count", EAE_ANNOT_I64);
    for (int64_t i = 0; i < f->n; i++)
        count->i64[i] = (int64_t)f->split->count[i];
}

static int fill_values(const eae_fold *f, const int64_t *row, eae_frame *to)
{
    eae_source source = eae_fold_source(f);
    int64_t cols = source.feature_count, rows = to->rows.count;
    double *block = eae_try_alloc((size_t)(BLOCK * cols), sizeof *block, "rows for a command");
    for (int64_t first = 0; first < rows && block; first += BLOCK) {
        int64_t m = rows - first < BLOCK ? rows - first : BLOCK;
        eae_source_block(&source, row + first, m, 0, cols, block);
        for (int64_t k = 0; k < m * cols; k++) {
            double z = block[k];
            if (source.inverse)
                z *= source.inverse[eae_source_column(&source, k % cols)];
            if (to->type == EAE_F64)
                eae_frame_f64(to)[first * cols + k] = z;
            else
                eae_frame_f32(to)[first * cols + k] = (float)z;
        }
    }
    int status = block ? EAE_OK : EAE_FAIL;
    free(block);
    return status;
}

int eae_external_frame(const eae_fold *f, const eae_target *t, bool train, eae_frame **frame)
{
    const eae_frame *data = f->run->data;
    const int64_t *row = train ? f->row : f->row + f->n;
    int64_t rows = train ? f->n : f->m - f->n;
    eae_source source = eae_fold_source(f);
    int status = eae_frame_new(frame, EAE_KIND_DATA, data->type == EAE_F64 ? EAE_F64 : EAE_F32,
                               rows, source.feature_count);
    if (status != EAE_OK)
        return status;
    eae_axis_free(&(*frame)->rows);
    eae_axis_free(&(*frame)->cols);
    eae_axis_select(&(*frame)->rows, &data->rows, row, rows);
    eae_axis_select(&(*frame)->cols, &data->cols, source.feature, source.feature_count);
    annotate(&(*frame)->rows, f, t, train);
    status = fill_values(f, row, *frame);
    if (status != EAE_OK) {
        eae_frame_free(*frame);
        *frame = NULL;
    }
    return status;
}

/* ---- handing them over -----------------------------------------------------------------------
 */

/* The frames as one stream in an unnamed file, to be read from its beginning; -1 on failure. */
static int spool_stream(eae_frame *const frame[2], const char *tmpdir)
{
    int fd = eae_temp_file(tmpdir);
    int own = fd < 0 ? -1 : dup(fd);
    int status = own < 0 ? EAE_FAIL : EAE_OK;
    if (fd >= 0 && own < 0)
        eae_fail_errno("cannot duplicate a descriptor");
    if (status == EAE_OK) {
        eae_writer *w = eae_writer_on(eae_output_fd(own, "the stream for a command"), false);
        for (int k = 0; k < 2 && status == EAE_OK; k++)
            status = eae_writer_frame(w, frame[k]);
        if (status == EAE_OK)
            status = eae_writer_close(w);
        else
            eae_writer_discard(w);
    }
    if (status == EAE_OK && lseek(fd, 0, SEEK_SET) != 0)
        status = eae_fail_errno("cannot rewind the stream for a command");
    if (status != EAE_OK && fd >= 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* A frame as a TSV file of its own; the caller removes it. */
static int spool_tsv(const eae_frame *frame, const char *suffix, const char *tmpdir, char **path)
{
    int fd = eae_temp_named(tmpdir, suffix, path);
    if (fd < 0)
        return EAE_FAIL;
    eae_output *out = eae_output_fd(fd, *path);
    int status = eae_export_delimited(out, frame, '\t');
    if (status == EAE_OK)
        return eae_output_close(out);
    eae_output_discard(out);
    return status;
}

typedef struct {
    const eae_fold *fold;
    eae_external *external;
    const eae_target *target; /* one per labeling */
    eae_fits *fits;
    eae_names samples; /* of the test rows */
    int threads;       /* for each program */
} fitting;

static int run_job(const fitting *g, eae_frame *const frame[2], const char *param,
                   eae_buffer *answer)
{
    const eae_external *e = g->external;
    const eae_target *t = g->target;
    char *train = NULL, *test = NULL;
    bool two = t->task == EAE_TASK_CLASSES && t->outcome.classes == 2;
    eae_external_job job = {.split = g->fold->split->id,
                            .param = param,
                            .positive = two ? eae_name(t->class_names, 1) : "",
                            .seed = g->fold->run->spec->seed,
                            .stream = -1,
                            .threads = g->threads};
    int64_t cells = (g->samples.count + 1) * (g->fits->sides + 2);
    job.answer_limit = (1 << 20) + (size_t)cells * 1024;
    int status = EAE_OK;
    if (e->tsv) {
        status = spool_tsv(frame[0], ".train.tsv", e->tmpdir, &train);
        if (status == EAE_OK)
            status = spool_tsv(frame[1], ".test.tsv", e->tmpdir, &test);
        job.train = train;
        job.test = test;
    } else {
        job.stream = spool_stream(frame, e->tmpdir);
        status = job.stream < 0 ? EAE_FAIL : EAE_OK;
    }
    if (status == EAE_OK)
        status = e->run(e->context, &job, answer);
    if (job.stream >= 0)
        close(job.stream);
    eae_temp_remove(train);
    eae_temp_remove(test);
    return status;
}

/* ---- all parameters and labelings ------------------------------------------------------------
 */

static int read_answer(const fitting *g, const eae_buffer *answer, double *value)
{
    const eae_target *t = g->target;
    char *name = eae_sprintf("%s: output", g->external->name);
    bool outside = false;
    int status =
        eae_external_parse(answer->data ? answer->data : "", answer->length, name, &g->samples,
                           t->task == EAE_TASK_CLASSES ? t->class_names : NULL,
                           g->external->probability, value, &outside);
    if (outside || t->task != EAE_TASK_CLASSES)
        atomic_store(&g->external->outside, true);
    free(name);
    return status;
}

static int fit_one(void *context, int64_t task, int worker)
{
    const fitting *g = context;
    const eae_train_spec *spec = g->fold->run->spec;
    int64_t param = task / g->fits->labelings, labeling = task % g->fits->labelings;
    char number[EAE_NUMBER_TEXT] = "";
    eae_frame *frame[2] = {NULL, NULL};
    eae_buffer answer = {0};
    (void)worker;
    if (g->fits->undefined[labeling])
        return EAE_OK;
    if (g->external->has_param)
        eae_format_double(spec->param[param], number);
    int status = eae_external_frame(g->fold, &g->target[labeling], true, &frame[0]);
    if (status == EAE_OK)
        status = eae_external_frame(g->fold, &g->target[labeling], false, &frame[1]);
    if (status == EAE_OK)
        status = run_job(g, frame, number, &answer);
    if (status == EAE_OK)
        status = read_answer(g, &answer, g->fits->value + task * g->fits->sides * g->samples.count);
    if (status != EAE_OK)
        status = eae_fail_within(status, "split %lld", (long long)g->fold->split->id);
    eae_buffer_free(&answer);
    eae_frame_free(frame[0]);
    eae_frame_free(frame[1]);
    return status;
}

int eae_external_fit(const eae_fold *f, const eae_target *target, eae_fits *fits)
{
    fitting g = {.fold = f, .external = f->run->spec->external, .target = target, .fits = fits};
    int64_t jobs = fits->labelings * fits->params;
    int at_once = f->threads < jobs ? f->threads : (int)jobs;
    at_once = at_once > 0 ? at_once : 1;
    g.threads = f->threads / at_once;
    for (int64_t i = f->n; i < f->m; i++) {
        const char *name = eae_name(&f->run->data->rows.names, f->row[i]);
        eae_names_add(&g.samples, name, strlen(name));
    }
    int status = eae_parallel(at_once, jobs, fit_one, &g);
    for (int64_t k = 0; k < jobs * fits->sides && status == EAE_OK; k++) {
        eae_gram_fit *fit = &fits->fit[k];
        fit->converged = true;
        fit->objective = fit->gap = NAN;
        fit->intercept = NAN;
        fit->iterations = EAE_MISSING_I64;
    }
    eae_names_free(&g.samples);
    return status;
}
