/*
 * score_report.h - the tables of eae-score: a value per split, summaries, points of curves.
 */
#ifndef EAE_EVAL_SCORE_REPORT_H
#define EAE_EVAL_SCORE_REPORT_H

#include "eval/summary.h"
#include "matrix/report.h"

typedef enum eae_ci { EAE_CI_CORRECTED, EAE_CI_DELONG, EAE_CI_BOOTSTRAP } eae_ci;
typedef enum eae_curve_kind { EAE_CURVE_NONE, EAE_CURVE_ROC, EAE_CURVE_PR } eae_curve_kind;

typedef struct eae_score_options {
    eae_level level;
    bool summary;
    bool cuts; /* report the thresholds as a metric */
    eae_ci ci; /* other than corrected: candidates for themselves only */
    int64_t replicates;
    eae_curve_kind curve;
    uint64_t seed;
    int threads;
    bool json;
} eae_score_options;

/* A report with the columns of these options; perms: with the columns perms and p. */
eae_report *eae_score_report_new(const eae_score_options *options, bool perms);

/* Add the lines of one prediction frame. Fails where the interval or the curve does not apply:
 * EAE_USAGE for another task or for more than two classes (DeLong). */
int eae_score_report_add(eae_report *r, const eae_scores *s, const eae_score_options *options,
                         bool perms);

#endif
