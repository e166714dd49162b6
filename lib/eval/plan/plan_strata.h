/*
 * plan_strata.h - what a plan has to respect: classes, strata and groups of the samples, and the
 * units that are dealt out. Used by the plan_*.c files only.
 *
 * A `class` is what a model must have seen in training: a level of a text label, or, for survival
 * data, event and censored. A `cell` is a stratum: class x the levels of further annotations;
 * cells are numbered by class first, so that the cells of a class are neighbours. A `unit` is what
 * goes to one side as a whole: a sample, or all samples of a group.
 */
#ifndef EAE_EVAL_PLAN_STRATA_H
#define EAE_EVAL_PLAN_STRATA_H

#include "eval/plan/plan.h"

/* The values of an annotation column as numbers 0 .. count-1 in byte order of their texts, which
 * does not depend on how the column is stored; -1 where missing. */
typedef struct eae_levels {
    int64_t count;
    int64_t *code;
    eae_names names;
} eae_levels;

void eae_levels_make(const eae_annot *a, int64_t n, eae_levels *levels);
void eae_levels_free(eae_levels *levels);

/* Per sample; all arrays `samples` long. */
typedef struct eae_strata {
    int64_t samples;
    const char *what;    /* "class" or "status": the word for messages */
    int64_t class_count; /* 1 where there are no classes to keep apart */
    int64_t *class_of;   /* -1: no label, unused in the plan */
    eae_names class_names;
    bool *needed; /* per class: a training set without it is of no use */
    int64_t cell_count;
    int64_t *cell_of;
    bool stratified; /* more than one cell is wanted */
    bool grouped;
    eae_levels group; /* filled when grouped */
} eae_strata;

/* Fails for: equal sample names, a column that does not exist, a class without samples, one class
 * only, a sample without group, --stratify columns that are all different. */
int eae_strata_make(const eae_plan_spec *spec, const eae_frame *data, eae_strata *strata);
void eae_strata_free(eae_strata *strata);

/* The sample's name, or s<number> in buf[EAE_NUMBER_TEXT] where there are no names. */
const char *eae_sample_name(const eae_names *names, int64_t i, char *buf);

typedef struct eae_units {
    int64_t count;
    int64_t samples; /* in all units together */
    int64_t *first;  /* count + 1 long: unit u has member[first[u]] .. member[first[u + 1] - 1] */
    int64_t *member; /* sample numbers */
    int64_t *cell;   /* of the unit: that of most of its samples (equal: the lowest) */
} eae_units;

/* The units of the samples row[0..n-1] (increasing). */
void eae_units_make(const eae_strata *strata, const int64_t *row, int64_t n, eae_units *units);
void eae_units_free(eae_units *units);

/* How many units have a sample of each class; count[class_count]. */
void eae_units_with_class(const eae_units *units, const eae_strata *strata, int64_t *count);

/* plan_warn.c: Cramer's V of label and annotations; groups torn apart by the plan. */
void eae_plan_warn_confounded(const eae_frame *data, const char *except);
void eae_plan_warn_groups(const eae_frame *plan, const eae_frame *data);
/* Uncorrected Cramer's V of two codings of n samples (-1 left out); NaN where undefined. */
double eae_cramers_v(const int64_t *a, int64_t a_count, const int64_t *b, int64_t b_count,
                     int64_t n);

/* plan.c: inner splits use training samples of their parents only; splits are numbered 1 .. n. */
int eae_plan_check_parents(const eae_frame *plan);
/* plan_make.c: fill the annotation `plan` in. */
void eae_plan_set_hash(eae_frame *plan);
/* plan_make.c: fails when a training set of the plan lacks a class, naming both. */
int eae_plan_check_classes(const eae_frame *plan, const eae_strata *strata);

#endif
