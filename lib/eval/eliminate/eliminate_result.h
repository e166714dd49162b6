/*
 * eliminate_result.h - the frames of a family of eliminations, put together from paths that come in
 * any order.
 *
 * A run is an outer split, a labeling and a parameter, in this order. Only those of the real labels
 * have ranks and models, behind the final ones where there are any.
 */
#ifndef EAE_EVAL_ELIMINATE_RESULT_H
#define EAE_EVAL_ELIMINATE_RESULT_H

#include "eval/eliminate/eliminate_path.h"

typedef struct eae_path_frames {
    const eae_path_plan *of;
    int64_t outer_count; /* splits of this shard */
    bool final;          /* an elimination on all rows comes first */
    bool inner;          /* splits choose a size of their own */
    eae_frame *rank;
    eae_result_row *rank_row;
    eae_frame *prediction; /* NULL without a plan */
    eae_result_row *prediction_row;
    int64_t rows_per_run;
    eae_frame *model; /* of the chosen sizes; NULL: none is asked for */
    eae_result_row *model_row;
    int64_t models_per_run;
    eae_result_row *path_row; /* runs: what is to be counted of each */
} eae_path_frames;

/* The first four members are set, the others zero. To be closed in any case. */
int eae_path_frames_open(eae_path_frames *frames);
void eae_path_frames_close(eae_path_frames *frames);

/* A path of outer split `task` of this shard (-1: of all rows). chosen: a size to go on with, or
 * -1. Paths may come from several threads. */
void eae_path_frames_take(eae_path_frames *frames, int64_t task, const eae_path *path,
                          int64_t chosen);
/* Once all labelings of a split and parameter are there. An elimination by trial stops where it
 * does: permuted labels have rows at the sizes that the real ones got to in this split, undefined
 * where they did not get so far themselves. */
void eae_path_frames_match(eae_path_frames *frames, int64_t task, int param);
/* Everything into *out, without the sizes that were not reached. */
int eae_path_frames_finish(eae_path_frames *frames, eae_eliminate_output *out);

#endif
