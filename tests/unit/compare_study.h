/*
 * compare_study.h - the study of tests/expected/compare.py as a prediction frame, and scored: six
 * candidates, 3 repeats of 4 folds, 48 samples of the classes control and case with time and
 * status.
 */
#ifndef EAE_TESTS_COMPARE_STUDY_H
#define EAE_TESTS_COMPARE_STUDY_H

#include "base/memory.h"
#include "eval/score/candidate.h"
#include "eval/score/order.h"
#include "table.h"

#define DATA "tests/data/expected/"

static inline eae_frame *compare_study(void)
{
    static const char *const text[] = {"model", "spec", "param", "size"};
    static const char *const whole[] = {"split", "repeat", "fold"};
    table samples = table_read(DATA "compare_samples.tsv");
    table rows = table_read(DATA "compare_predictions.tsv");
    eae_frame *f;
    if (eae_frame_new(&f, EAE_KIND_PREDICTION, EAE_F64, rows.rows, samples.rows) != EAE_OK)
        abort();
    for (int k = 0; k < 4; k++) {
        eae_annot *a = eae_axis_add(&f->rows, text[k], EAE_ANNOT_TEXT);
        for (int r = 0; r < rows.rows; r++)
            eae_annot_set_text(a, r, rows.cell[r][k]);
    }
    for (int k = 0; k < 3; k++) {
        eae_annot *a = eae_axis_add(&f->rows, whole[k], EAE_ANNOT_I64);
        for (int r = 0; r < rows.rows; r++)
            a->i64[r] = atoi(rows.cell[r][4 + k]);
    }
    for (int r = 0; r < rows.rows; r++) {
        char *rest = NULL, *w = strtok_r(rows.cell[r][7], " ", &rest);
        for (int j = 0; j < samples.rows; j++, w = strtok_r(NULL, " ", &rest))
            eae_frame_f64(f)[r * samples.rows + j] = strcmp(w, "NA") == 0 ? NAN : atof(w);
    }
    eae_annot *label = eae_axis_add(&f->cols, "label", EAE_ANNOT_TEXT);
    eae_names_add(&label->dict, "control", 7);
    for (int j = 0; j < samples.rows; j++)
        eae_annot_set_text(label, j, samples.cell[j][1]);
    for (int k = 2; k < 4; k++) {
        eae_annot *a = eae_axis_add(&f->cols, k == 2 ? "time" : "status", EAE_ANNOT_F64);
        for (int j = 0; j < samples.rows; j++)
            a->f64[j] = atof(samples.cell[j][k]);
    }
    table_free(&samples);
    table_free(&rows);
    return f;
}

typedef struct {
    eae_frame *frame;
    eae_predictions p;
    eae_scores s;
    eae_summary *summary;
} study;

/* Takes the frame; the metrics are separated by commas. */
static inline study *study_of(eae_frame *frame, const char *metrics)
{
    study *x = EAE_NEW(study);
    eae_threshold_rule rule = {0};
    eae_names names = {0};
    for (const char *at = metrics; *at;) {
        size_t n = strcspn(at, ",");
        eae_names_add(&names, at, n);
        at += n + (at[n] == ',');
    }
    x->frame = frame;
    if (eae_predictions_open(&x->p, frame, "study") != EAE_OK ||
        eae_scores_choose(&x->s, &x->p, &names) != EAE_OK ||
        eae_scores_compute(&x->s, &rule, 2) != EAE_OK) {
        fprintf(stderr, "%s\n", eae_message());
        abort();
    }
    eae_names_free(&names);
    eae_groups g;
    eae_groups_make(&g, &x->p, EAE_BY_SPLIT);
    x->summary = EAE_NEW_ARRAY(eae_summary, g.count * (x->s.metric_count + 1));
    if (eae_summarise(&x->s, &g, 2, x->summary) != EAE_OK)
        abort();
    eae_groups_free(&g);
    return x;
}

static inline void study_free(study *x)
{
    free(x->summary);
    eae_scores_free(&x->s);
    eae_predictions_close(&x->p);
    eae_frame_free(x->frame);
    free(x);
}

/* The candidate of that name, which is there. */
static inline int study_candidate(const study *x, const char *name)
{
    int found;
    if (eae_candidate_find(&x->p, "test", name, &found) != EAE_OK)
        abort();
    return found;
}

/* Change one text annotation of all rows of a candidate. */
static inline void study_rename(eae_frame *f, const char *param, const char *size,
                                const char *column, const char *value)
{
    eae_annot *a = eae_axis_find(&f->rows, "param"), *b = eae_axis_find(&f->rows, "size");
    for (int64_t r = 0; r < f->rows.count; r++) {
        if (strcmp(eae_annot_text(a, r), param) == 0 && strcmp(eae_annot_text(b, r), size) == 0)
            eae_annot_set_text(eae_axis_find(&f->rows, column), r, value);
    }
}

#endif
