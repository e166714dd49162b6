/*
 * eliminate_path.h - one elimination from beginning to end: the walk along the schedule of sizes,
 * what it leaves, and its milestones.
 */
#ifndef EAE_EVAL_ELIMINATE_PATH_H
#define EAE_EVAL_ELIMINATE_PATH_H

#include "eval/eliminate/eliminate.h"
#include "eval/eliminate/eliminate_run.h"
#include "eval/train/train_result.h"

/* So many single steps in a row, or more, are worth what exact elimination begins with. */
enum { EAE_PATH_FEW_STEPS = 8 };

struct eae_ground; /* eliminate_ground.h */

/* What all paths of a family share. */
typedef struct eae_path_plan {
    const eae_run *run;
    const eae_eliminate_spec *how;
    const eae_frame *plan; /* inner splits are looked for here; may be NULL */
    const eae_schedule *schedule;
    const eae_labelings *labels;
    eae_checkpoint *checkpoint; /* NULL where none is asked for */
    int sides;
    int threads; /* inside of one path */
} eae_path_plan;

/* What one path leaves: everything that is to be known of it, and what its checkpoint holds. Sizes
 * are those of the schedule that are shown. */
typedef struct eae_path {
    const eae_path_plan *of;
    const eae_split *split;
    int param;
    int64_t perm;        /* labeling */
    int64_t test;        /* held-out rows */
    bool *reached;       /* per size: an elimination by trial may stop before */
    double *value;       /* sizes x sides x test: held-out values */
    eae_result_row *row; /* sizes x sides */
    double *figure;      /* per size: the selection's metric of the held-out values, NaN without */
    int32_t *rank;       /* cols; NULL for permuted labels */
    eae_result_row rank_row;
    int64_t keep;  /* the size whose model is kept; -1: none */
    double *model; /* its rows of a model frame (fold_rows.h), where keep was reached */
    eae_result_row *model_row;
    int64_t model_rows, width;
} eae_path;

/* Run it, or take it from the checkpoint. keep: -1, or the position among the sizes shown of the
 * model to keep. Permuted labels by which nothing can be learned give undefined rows at all sizes.
 */
int eae_path_run(eae_path *path, const struct eae_ground *ground, int64_t perm, int64_t keep);
void eae_path_free(eae_path *path);

#endif
