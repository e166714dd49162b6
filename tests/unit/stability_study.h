/*
 * stability_study.h - the study of tests/expected/stability.py as frames: ranks of the specs
 * `weight` and `random`, weights of the spec `lasso`, all of a model svm with param 1; 12 splits,
 * 60 features. The frame of weights has its features in another order, a covariate among them.
 */
#ifndef EAE_TESTS_STABILITY_STUDY_H
#define EAE_TESTS_STABILITY_STUDY_H

#include "base/memory.h"
#include "eval/score/stability.h"
#include "table.h"

#define DATA "tests/data/expected/"

enum { STUDY_FRAMES = 3, STUDY_FEATURES = 60, STUDY_SPLITS = 12 };

typedef struct {
    eae_frame *frame[STUDY_FRAMES];
    eae_selectors selectors;
} stability_study;

static inline void stability_annotate(eae_frame *f, const char *source, bool ranks)
{
    static const char *const column[] = {"model", "spec", "param", "size", "plan", "part"};
    const char *value[] = {"svm", source, "1", "60", "abcd", "weights"};
    for (int k = 0; k < (ranks ? 5 : 6); k++) {
        eae_annot *a = eae_axis_add(&f->rows, column[k], EAE_ANNOT_TEXT);
        for (int r = 0; r < STUDY_SPLITS; r++)
            eae_annot_set_text(a, r, value[k]);
    }
    eae_annot *split = eae_axis_add(&f->rows, "split", EAE_ANNOT_I64);
    for (int r = 0; r < STUDY_SPLITS; r++)
        split->i64[r] = r + 1;
    eae_annot *perm = eae_axis_add(&f->rows, "perm", EAE_ANNOT_I64);
    for (int r = 0; r < STUDY_SPLITS; r++)
        perm->i64[r] = 0;
}

/* Column of a feature: with a covariate in front the features run backwards. */
static inline int stability_column(int feature, bool covariate)
{
    return covariate ? STUDY_FEATURES - feature : feature;
}

static inline eae_frame *stability_frame(const table *t, int first, const char *source)
{
    bool ranks = strcmp(source, "lasso") != 0;
    int cols = STUDY_FEATURES + !ranks;
    eae_frame *f;
    if (eae_frame_new(&f, ranks ? EAE_KIND_RANK : EAE_KIND_MODEL, ranks ? EAE_I32 : EAE_F64,
                      STUDY_SPLITS, cols) != EAE_OK)
        abort();
    stability_annotate(f, source, ranks);
    for (int r = 0; r < STUDY_SPLITS; r++) {
        char *rest = NULL, *w = strtok_r(t->cell[first + r][2], " ", &rest);
        for (int j = 0; j < STUDY_FEATURES; j++, w = strtok_r(NULL, " ", &rest)) {
            int at = r * cols + stability_column(j, !ranks);
            if (ranks)
                ((int32_t *)f->payload)[at] = atoi(w);
            else
                eae_frame_f64(f)[at] = strcmp(w, "NA") == 0 ? NAN : atof(w);
        }
        if (!ranks)
            eae_frame_f64(f)[r * cols] = 1; /* the covariate */
    }
    eae_annot *role = ranks ? NULL : eae_axis_add(&f->cols, "role", EAE_ANNOT_TEXT);
    for (int c = 0; c < cols; c++) {
        bool covariate = !ranks && c == 0;
        char *name = covariate ? eae_strdup("@age")
                               : eae_sprintf("f%d", ranks ? c + 1 : STUDY_FEATURES - c + 1);
        eae_names_add(&f->cols.names, name, strlen(name));
        free(name);
        if (role)
            eae_annot_set_text(role, c, covariate ? "covariate" : "feature");
    }
    return f;
}

static inline stability_study stability_open(void)
{
    stability_study x;
    table t = table_read(DATA "stability_rows.tsv");
    for (int i = 0; i < STUDY_FRAMES; i++)
        x.frame[i] = stability_frame(&t, i * STUDY_SPLITS, t.cell[i * STUDY_SPLITS][0]);
    table_free(&t);
    if (eae_selectors_open(&x.selectors, x.frame, STUDY_FRAMES) != EAE_OK)
        abort();
    return x;
}

static inline void stability_close(stability_study *x)
{
    eae_selectors_close(&x->selectors);
    for (int i = 0; i < STUDY_FRAMES; i++)
        eae_frame_free(x->frame[i]);
}

/* The sets of one source at one size. */
static inline eae_feature_sets stability_sets(const stability_study *x, const char *source,
                                              double size)
{
    int i = strcmp(source, "weight") == 0 ? 0 : strcmp(source, "random") == 0 ? 1 : 2;
    double sizes[STUDY_SPLITS];
    for (int r = 0; r < STUDY_SPLITS; r++)
        sizes[r] = size;
    int found = eae_selectors_find(&x->selectors, &x->frame[i]->rows, 11, i < 2);
    eae_feature_sets sets;
    if (found < 0 || eae_feature_sets_make(&x->selectors, found, sizes, &sets) != EAE_OK)
        abort();
    return sets;
}

#endif
