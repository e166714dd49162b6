/*
 * score_options.h - the options of eae-score, and what follows from them.
 */
#ifndef EAE_EVAL_SCORE_OPTIONS_H
#define EAE_EVAL_SCORE_OPTIONS_H

#include "base/options.h"
#include "eval/score/score_report.h"

/* --metrics --threshold --by --summary --ci --curve */
extern const eae_option eae_score_metric_options[];
/* --compare --against --baseline --narrow --top --tie --stability --sizes */
extern const eae_option eae_score_choice_options[];
/* --model --all-models --predict */
extern const eae_option eae_score_model_options[];

/* EAE_USAGE with a message where the command line is at fault. Texts are owned by `o`. */
int eae_score_options_parse(const eae_options *o, eae_score_options *score,
                            eae_threshold_rule *rule);

#endif
