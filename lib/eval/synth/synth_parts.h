/*
 * synth_parts.h - what the files of lib/eval/synth*.c share.
 *
 *     synth.c         made, freed, the axes
 *     synth_base.c    mean and sd of each feature
 *     synth_plant.c   which features have signal
 *     synth_noise.c   deviates of cells, correlated in blocks and groups; cells
 *     synth_outcome.c classes, groups, times
 */
#ifndef EAE_EVAL_SYNTH_PARTS_H
#define EAE_EVAL_SYNTH_PARTS_H

#include "eval/synth/synth.h"

/* Which sequence of EAE_RANDOM_SYNTH_BASE is for what. Part of the key: never renumber. */
enum { SYNTH_BASE_FEATURE = 0, SYNTH_BASE_PLANTED = 1 };

/* The features planted, or those that mark one class: columns in ascending order. */
typedef struct {
    int64_t count;
    int64_t *column;
    float *lift; /* added to the samples of the class */
} eae_synth_marks;

struct eae_synth {
    eae_synth_options options; /* classes and balance as they are; base NULL */
    int64_t cols;
    eae_names names;        /* of the base's features; empty: f1 .. */
    float *centre;          /* mean of each feature in a class that it does not mark */
    float *scale;           /* sd of the noise of each feature */
    int64_t planted;        /* NULL below when there are none */
    int64_t *column;        /* the planted features, ascending */
    double *truth;          /* of each of them */
    int32_t *marked;        /* the class that each marks */
    eae_synth_marks *marks; /* of each class; NULL for survival */
    /* weights of what a deviate is made of: own and shared by a block; own and shared by a group */
    float own, block, single, group;
    uint64_t missing; /* a word below this makes a cell missing; 2^32: all */
};

/* mean[j] and sd[j] of each feature; from the base, its names as well. */
void eae_synth_built_in(const eae_synth *s, double *mean, double *sd);
int eae_synth_from_base(eae_synth *s, const eae_frame *base, double *mean, double *sd);

/* Choose the planted features; then, with the base, what cells are computed from. */
void eae_synth_plant(eae_synth *s);
void eae_synth_set_levels(eae_synth *s, const double *mean, const double *sd);
void eae_synth_free_marks(eae_synth *s);

/* floor(i parts / n): the part that element i of n belongs to; and the first element of a part. */
int64_t eae_synth_part_of(int64_t i, int64_t n, int64_t parts);
int64_t eae_synth_part_begin(int64_t part, int64_t n, int64_t parts);

/* Class of a sample; whose label, time and status a sample has: its group, or itself. */
int eae_synth_class_of(const eae_synth *s, int64_t row);
int64_t eae_synth_unit_of(const eae_synth *s, int64_t row);
/* Standard deviate of one unit at one feature: the planted signal of survival acts on it. */
float eae_synth_unit_deviate(const eae_synth *s, int64_t unit, int64_t column);
/* Row annotations of f: label or time and status, group. */
void eae_synth_outcomes(const eae_synth *s, eae_frame *f, int threads);

#endif
