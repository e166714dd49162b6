/*
 * score_report.h - the tables of eae-score: a value per split, summaries, points of curves,
 * comparisons, and what is kept of many candidates.
 */
#ifndef EAE_EVAL_SCORE_REPORT_H
#define EAE_EVAL_SCORE_REPORT_H

#include "eval/score/compare.h"
#include "eval/score/narrow.h"
#include "eval/score/stability.h"
#include "matrix/report.h"

typedef enum eae_ci { EAE_CI_CORRECTED, EAE_CI_DELONG, EAE_CI_BOOTSTRAP } eae_ci;
typedef enum eae_curve_kind {
    EAE_CURVE_NONE,
    EAE_CURVE_ROC,
    EAE_CURVE_PR,
    EAE_CURVE_SIZE /* a summary, by size */
} eae_curve_kind;

typedef struct eae_score_options {
    eae_level level;
    bool summary;
    bool cuts; /* report the thresholds as a metric */
    eae_ci ci; /* other than corrected: candidates for themselves only */
    int64_t replicates;
    eae_curve_kind curve;
    bool ordered; /* a summary from the best to the worst */
    int64_t top;  /* of that only so many; also of what --narrow keeps; 0: all */
    eae_tie tie;
    bool compare;
    eae_reference reference;
    const char *against; /* the description of a reference, or NULL */
    bool narrow;
    eae_narrow_rules rules;
    const eae_selectors *selectors; /* narrow: what is known of features; NULL: nothing */
    uint64_t seed;
    int threads;
    bool json;
} eae_score_options;

/* A report with the columns of these options; perms: with the columns perms and p. */
eae_report *eae_score_report_new(const eae_score_options *options, bool perms);

/* Add the lines of one prediction frame. Fails where the interval or the curve does not apply:
 * EAE_USAGE for another task or for more than two classes (DeLong); and as eae_compare() and
 * eae_narrow() do. */
int eae_score_report_add(eae_report *r, const eae_scores *s, const eae_score_options *options,
                         bool perms);

/* The summary of these groups with the interval that is asked for; summary as in eae_summarise().
 */
int eae_score_summarise(const eae_scores *s, const eae_groups *g, const eae_score_options *options,
                        eae_summary *summary);

/* The cells model spec param size; those that a level puts together are NA. */
void eae_score_report_lead(eae_report *r, const eae_predictions *p, int candidate, eae_level level);

/* ---- choice_report.c --------------------------------------------------------------------- */

eae_report *eae_compare_report_new(const eae_score_options *options);
int eae_compare_report_add(eae_report *r, const eae_scores *s, const eae_score_options *options);
eae_report *eae_narrow_report_new(const eae_score_options *options);
int eae_narrow_report_add(eae_report *r, const eae_scores *s, const eae_score_options *options);

/* A line for each measure of each line of stability, as a whole report. */
eae_report *eae_stability_report(const eae_selectors *s, const eae_stability_lines *lines,
                                 bool json);

#endif
