/*
 * train_options.h - the options of models and preprocessing that programs share, and how a
 * specification follows from them.
 *
 * Functions return EAE_USAGE with a message where the command line is at fault.
 */
#ifndef EAE_EVAL_TRAIN_OPTIONS_H
#define EAE_EVAL_TRAIN_OPTIONS_H

#include "base/options.h"
#include "eval/train/train_spec.h"
#include "matrix/stream.h"

/* --loss --bias --cost --lambda --class-weight --tol --max-iter */
extern const eae_option eae_model_options[];
/* --alpha, --ties: of models with an l1 penalty, and of times */
extern const eae_option eae_sparse_options[];
extern const eae_option eae_cox_options[];
/* --scale --filter --impute --adjust --covariates */
extern const eae_option eae_preparation_options[];

/* The model that operand 0 names, one of models[0 .. count-1]. */
int eae_train_model(const eae_options *o, const eae_model *models, size_t count,
                    eae_train_spec *spec);
/* An option that says nothing to the chosen model is a mistake, not a wish: for each of the
 * `count` options the set of models that take it, bit 1 << model. */
typedef struct eae_option_models {
    const char *option;
    unsigned models;
} eae_option_models;
int eae_train_refuse(const eae_options *o, const eae_option_models *fits, size_t count,
                     const eae_train_spec *spec);
/* Of the two tables above: which models take each. */
int eae_train_refuse_shared(const eae_options *o, const eae_train_spec *spec);

/* Is operand 0 "exec:CMD"? Then spec->external is to be set before the specification is made. */
bool eae_train_is_external(const eae_options *o);

/* --alpha and --ties, or what the model has without them. */
int eae_train_penalty(const eae_options *o, eae_train_spec *spec);
/* Everything that the two tables say, threads and seed; spec->model (and ties, alpha) is set,
 * spec->text is made. shard and shards are 1. */
int eae_train_spec_from_options(const eae_options *o, eae_train_spec *spec);
/* --tune METRIC, where it is given; after the specification is there, whose text it goes into. */
int eae_train_tune(const eae_options *o, eae_train_spec *spec);
/* "I/N" with I from 1 to N; NULL is 1/1. EAE_USAGE with a message. */
int eae_shard_parse(const char *text, int *shard, int *shards);
/* --shard I/N */
int eae_train_shard(const eae_options *o, eae_train_spec *spec);

/* The designs of --adjust and --covariates, once the data are there. */
int eae_train_designs(const eae_options *o, const eae_frame *data, eae_train_spec *spec);

/* The data frame, which must be there, with names on both axes, and the plan, checked against it;
 * NULL if there is none. */
int eae_train_frames(const eae_bundle *in, eae_frame **data, eae_frame **plan);

#endif
