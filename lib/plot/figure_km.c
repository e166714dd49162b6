/*
 * figure_km.c - Kaplan-Meier curves: held-out samples of high against low risk, or groups of a data
 * frame.
 *
 * Predictions: the groups are those of the metric hr (above the cut of their split's training
 * samples, or not), of one repeat; the hazard ratio and its permutation p are those of eae-score. A
 * log-rank or Cox p of cross-validated scores is no test, because the scores of one fold were
 * learned from the outcomes of the others (Simon et al. 2011), so that none is shown unless there
 * are permutations or a single hold-out split. Groups of a data frame are what the user brought:
 * the log-rank test is shown.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/score/candidate.h"
#include "eval/score/summary.h"
#include "eval/score/survival.h"
#include "plot/figure.h"
#include "plot/levels.h"

enum { TICS = 6, GROUP_MOST = 14 };

typedef struct {
    int64_t n;
    const double *time, *status;
    const int32_t *group; /* -1: takes no part */
    int groups;
    const eae_names *name;
} subjects;

/* ---- what is drawn ----------------------------------------------------------------------- */

static void write_point(eae_script *s, double time, const eae_km_step *at)
{
    eae_script_cell(s, time);
    eae_script_cell(s, at->survival);
    eae_script_cell(s, at->low);
    eae_script_cell(s, at->high);
    eae_script_line(s);
}

/* The corners of the curve and of its band: before and after every step. */
static void write_curve(eae_script *s, const eae_km_step *step, int64_t n)
{
    eae_km_step now = {.survival = 1, .low = 1, .high = 1};
    write_point(s, 0, &now);
    for (int64_t i = 0; i < n; i++) {
        write_point(s, step[i].time, &now);
        if (step[i].events > 0)
            write_point(s, step[i].time, &step[i]);
        now = step[i];
    }
    eae_script_part(s);
}

static void write_censored(eae_script *s, const eae_km_step *step, int64_t n)
{
    bool any = false;
    for (int64_t i = 0; i < n; i++) {
        if (step[i].censored == 0)
            continue;
        any = true;
        eae_script_cell(s, step[i].time);
        eae_script_cell(s, step[i].survival);
        eae_script_line(s);
    }
    if (!any) { /* gnuplot counts parts by what is in them */
        eae_script_cell(s, NAN);
        eae_script_cell(s, NAN);
        eae_script_line(s);
    }
    eae_script_part(s);
}

static void write_risk(const subjects *s, double most, eae_figure *f)
{
    double step = eae_tic_step(most, TICS), *tic = EAE_NEW_ARRAY(double, TICS + 3);
    int64_t tics = 0;
    while (tics < TICS + 2 && (double)tics * step <= most * (1 + 1e-9)) {
        tic[tics] = (double)tics * step;
        tics++;
    }
    double *risk = EAE_NEW_ARRAY(double, tics * s->groups);
    for (int64_t i = 0; i < s->n; i++) {
        for (int64_t k = 0; k < tics && s->group[i] >= 0; k++)
            risk[s->group[i] * tics + k] += s->time[i] >= tic[k];
    }
    eae_script_numbers(&f->script, "tic", tic, tics);
    eae_script_numbers(&f->script, "risk", risk, tics * s->groups);
    eae_script_number(&f->script, "time_most", most);
    free(risk);
    free(tic);
}

static void write_labels(const subjects *s, eae_figure *f)
{
    eae_names label = {0};
    for (int g = 0; g < s->groups; g++) {
        int64_t n = 0, events = 0;
        for (int64_t i = 0; i < s->n; i++) {
            n += s->group[i] == g;
            events += s->group[i] == g && s->status[i] != 0;
        }
        char *name = eae_short_text(eae_name(s->name, g), GROUP_MOST);
        char *text = eae_sprintf("%s%s%lld samples, %lld events", name, *name ? ": " : "",
                                 (long long)n, (long long)events);
        eae_names_add(&label, text, strlen(text));
        free(text);
        free(name);
    }
    eae_script_names(&f->script, "label", &label);
    eae_figure_labels(f, "group", s->name, s->groups, GROUP_MOST);
    eae_names_free(&label);
}

/* "Median: a 310, b not reached. " */
static void describe_median(const subjects *s, int g, double median, eae_figure *f)
{
    char *name = eae_short_text(eae_name(s->name, g), 24);
    eae_buffer_printf(&f->caption, "%s%s%s", g == 0 ? "Median: " : ", ", name, *name ? " " : "");
    if (isnan(median))
        eae_buffer_puts(&f->caption, "not reached");
    else
        eae_buffer_printf(&f->caption, "%.4g", median);
    eae_buffer_puts(&f->caption, g + 1 < s->groups ? "" : ". ");
    free(name);
}

static void write_curves(const subjects *s, eae_figure *f)
{
    eae_km_step *step = eae_malloc((size_t)s->n, sizeof *step);
    double most = 0;
    eae_buffer_puts(&f->caption, "Kaplan-Meier estimate of the share without an event; marks: "
                                 "censored; band: 95% interval (Greenwood, log scale); below: "
                                 "samples at risk. ");
    for (int part = 0; part < 2; part++) {
        eae_script_block(&f->script, part == 0 ? "km" : "censored");
        for (int g = 0; g < s->groups; g++) {
            int64_t n = eae_km_curve(s->time, s->status, s->group, g, s->n, step);
            if (n > 0)
                most = fmax(most, step[n - 1].time);
            if (part == 0) {
                write_curve(&f->script, step, n);
                describe_median(s, g, eae_km_median(step, n), f);
            } else {
                write_censored(&f->script, step, n);
            }
        }
        eae_script_block_end(&f->script);
    }
    free(step);
    write_labels(s, f);
    write_risk(s, most, f);
    f->height = 2.6 + 0.3 * s->groups;
    f->lines = 24 + 2 * s->groups;
}

static int check_times(const subjects *s, const char *name)
{
    for (int64_t i = 0; i < s->n; i++) {
        if (s->group[i] >= 0 && !(s->time[i] > 0 && isfinite(s->time[i])))
            return eae_fail("%s: sample %lld: not a survival time: %g", name, (long long)i + 1,
                            s->time[i]);
    }
    return EAE_OK;
}

/* What is said above the figure. */
static void say(eae_names *lines, const char *text)
{
    eae_names_add(lines, text, strlen(text));
}

static void say_number(eae_names *lines, const char *what, bool is_p, double value)
{
    char *text = is_p && value < 0.001 ? eae_sprintf("%s < 0.001", what)
                 : is_p                ? eae_sprintf("%s = %.2g", what, value)
                                       : eae_sprintf("%s = %.2f", what, value);
    if (!isnan(value))
        say(lines, text);
    free(text);
}

/* "HR = 2.10, log-rank p = 0.01": one line; "" where there is nothing. */
static void write_lines(const eae_names *lines, eae_figure *f)
{
    eae_buffer text = {0};
    for (int64_t i = 0; i < lines->count; i++)
        eae_buffer_printf(&text, "%s%s", i ? ", " : "", eae_name(lines, i));
    eae_script_text(&f->script, "say", text.data ? text.data : "");
    eae_buffer_free(&text);
}

/* ---- predictions ------------------------------------------------------------------------- */

/* The candidate asked for, or the only one. */
static int choose(const eae_predictions *p, const eae_figure_options *o, const char *name,
                  int *candidate)
{
    *candidate = 0;
    if (o->model)
        return eae_candidate_find(p, "model", o->model, candidate);
    if (p->candidate_count == 1 || o->first_model)
        return EAE_OK;
    char *first = eae_candidate_name(p, 0), *last = eae_candidate_name(p, p->candidate_count - 1);
    int status = eae_fail("%s: %d candidates: choose one with --model (%s ... %s)", name,
                          p->candidate_count, first, last);
    free(first);
    free(last);
    return status;
}

/* The entries of the repeat that is drawn, and how many entries there are in all. */
static int find_repeat(const eae_predictions *p, int candidate, const eae_figure_options *o,
                       int64_t *first, int64_t *end, int64_t *all)
{
    int64_t begin, stop;
    eae_candidate_entries(p, candidate, &begin, &stop);
    *all = stop - begin;
    for (int64_t i = begin; i < stop; i = *end) {
        *first = i;
        *end = eae_entry_repeat_end(p, i);
        if (o->repeat == 0 || p->entry[i].repeat == o->repeat)
            return EAE_OK;
    }
    return eae_fail("--repeat %lld: no such repeat", (long long)o->repeat);
}

/* hr as eae-score has it: pooled within a repeat, mean over repeats, and its permutation p. */
static int hazard_ratio(const eae_predictions *p, int candidate, int threads, eae_summary *line)
{
    eae_scores s = {0};
    eae_groups g = {0};
    eae_names hr = {0};
    const eae_threshold_rule rule = {EAE_THRESHOLD_FIXED, 0};
    eae_names_add(&hr, "hr", 2);
    *line = (eae_summary){.pooled = NAN, .p = NAN};
    int status = eae_scores_choose(&s, p, &hr);
    if (status == EAE_OK)
        status = eae_scores_compute(&s, &rule, threads);
    if (status == EAE_OK) {
        eae_groups_make(&g, p, EAE_BY_SPLIT);
        eae_summary *summary = EAE_NEW_ARRAY(eae_summary, g.count * 2);
        status = eae_summarise(&s, &g, threads, summary);
        if (status == EAE_OK)
            *line = *eae_summary_of(&s, summary, g.of_candidate[candidate], 0);
        free(summary);
        eae_groups_free(&g);
    }
    eae_scores_free(&s);
    eae_names_free(&hr);
    return status;
}

static int add_test(const subjects *s, const int64_t *stratum, const eae_summary *hr, bool single,
                    eae_names *lines, eae_figure *f)
{
    eae_logrank test = {0};
    say_number(lines, "HR", false, hr->pooled);
    if (hr->perms > 0) {
        say_number(lines, "permutation p", true, hr->p);
        eae_buffer_printf(&f->caption, "p: permutation of the hazard ratio, %lld permutations. ",
                          (long long)hr->perms);
        return EAE_OK;
    }
    if (single) {
        eae_buffer_puts(&f->caption, "p: log-rank test of the held-out samples. ");
        int status =
            eae_logrank_test(s->time, s->status, s->group, s->groups, stratum, s->n, &test);
        say_number(lines, "log-rank p", true, test.p);
        return status;
    }
    eae_buffer_puts(&f->note, "no p: a log-rank p of cross-validated scores is no test");
    eae_buffer_puts(&f->caption, "No p-value: a log-rank or Cox p of cross-validated scores is not "
                                 "a test (Simon et al. 2011); eae-train --permute gives one. ");
    return EAE_OK;
}

static int draw_predictions(const eae_predictions *p, const char *name, const eae_figure_options *o,
                            eae_figure *f)
{
    int candidate;
    int64_t first = 0, end = 0, all = 0;
    eae_joined joined = {0};
    eae_summary hr;
    eae_names names = {0}, lines = {0};
    int status = choose(p, o, name, &candidate);
    if (status == EAE_OK && p->candidate[candidate].task != EAE_TASK_SURVIVAL)
        status =
            eae_fail("%s: model %s does not predict survival", name, p->candidate[candidate].model);
    if (status == EAE_OK)
        status = find_repeat(p, candidate, o, &first, &end, &all);
    if (status == EAE_OK)
        status = hazard_ratio(p, candidate, o->threads, &hr);
    if (status != EAE_OK)
        return status;
    eae_join(p, first, end, &joined);
    int64_t n = joined.scored.n;
    int32_t *group = eae_malloc((size_t)n, sizeof *group);
    for (int64_t i = 0; i < n && status == EAE_OK; i++) {
        group[i] = joined.value[i] > joined.cut[i] ? 0 : 1;
        if (isnan(joined.cut[i]))
            status = eae_fail("%s: the predictions have no cut between high and low risk (row "
                              "annotation cut, as eae-train cox writes it)",
                              name);
    }
    say(&names, "high risk");
    say(&names, "low risk");
    subjects s = {n, joined.time, joined.status, group, 2, &names};
    if (status == EAE_OK)
        status = check_times(&s, name);
    if (status == EAE_OK) {
        write_curves(&s, f);
        eae_buffer_printf(&f->caption,
                          "Held-out samples above (high) or not above (low) the median of their "
                          "training samples' predictions, repeat %lld%s. ",
                          (long long)p->entry[first].repeat,
                          all > end - first ? "; the hazard ratio (HR) is the mean over repeats"
                                            : "");
        if (p->candidate_count > 1) {
            char *which = eae_candidate_name(p, candidate);
            eae_buffer_printf(&f->caption, "Candidate: %s. ", which);
            free(which);
        }
        status = add_test(&s, joined.scored.stratum, &hr, all == 1, &lines, f);
        write_lines(&lines, f);
    }
    free(group);
    eae_joined_free(&joined);
    eae_names_free(&names);
    eae_names_free(&lines);
    return status;
}

/* ---- groups of a data frame ---------------------------------------------------------------- */

static int draw_data(const eae_frame *data, const char *name, const eae_figure_options *o,
                     eae_figure *f)
{
    const eae_annot *time = eae_axis_find(&data->rows, "time");
    const eae_annot *status_of = eae_axis_find(&data->rows, "status");
    if (!time || !status_of)
        return eae_fail("%s: the data have no survival times: name them with --time and --status",
                        name);
    const char *by = o->colour ? o->colour : eae_axis_find(&data->rows, "label") ? "label" : NULL;
    int64_t n = data->rows.count;
    eae_levels groups = {0};
    eae_names lines = {0};
    eae_logrank test = {0};
    double *t = eae_malloc((size_t)n, sizeof *t), *event = eae_malloc((size_t)n, sizeof *event);
    int status = eae_levels_make(&groups, &data->rows, by, "--colour", true);
    for (int64_t i = 0; i < n && status == EAE_OK; i++) {
        t[i] = eae_sample_number(time, i);
        event[i] = eae_sample_number(status_of, i);
        if (isnan(t[i]) || isnan(event[i]))
            groups.code[i] = -1;
    }
    subjects s = {n, t, event, groups.code, groups.count, &groups.name};
    if (status == EAE_OK)
        status = check_times(&s, name);
    if (status == EAE_OK)
        status = eae_logrank_test(t, event, groups.code, groups.count, NULL, n, &test);
    if (status == EAE_OK) {
        write_curves(&s, f);
        say_number(&lines, "log-rank p", true, test.p);
        write_lines(&lines, f);
        if (by)
            eae_buffer_printf(&f->caption, "Groups: %s. p: log-rank test. ", by);
    }
    free(t);
    free(event);
    eae_levels_free(&groups);
    eae_names_free(&lines);
    return status;
}

int eae_figure_km(const eae_bundle *b, const char *name, const eae_figure_options *o, eae_figure *f)
{
    eae_frame *data = NULL;
    const eae_frame *predicted = NULL;
    eae_predictions p = {0};
    eae_figure_init(f, "km", 3.5, 2.9);
    for (int i = 0; i < b->count && !predicted; i++) {
        if (b->frame[i]->kind == EAE_KIND_PREDICTION)
            predicted = b->frame[i];
    }
    if (predicted) {
        int status = eae_predictions_open(&p, predicted, name);
        if (status == EAE_OK)
            status = draw_predictions(&p, name, o, f);
        eae_predictions_close(&p);
        return status;
    }
    int status = eae_bundle_find(b, EAE_KIND_DATA, &data);
    if (status == EAE_OK && !data)
        status = eae_fail("%s: neither predictions nor data", name);
    return status == EAE_OK ? draw_data(data, name, o, f) : status;
}
