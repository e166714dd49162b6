/*
 * submit_options.h - the options of eae-submit that say what runs, where, and when; and the
 * settings they become: NAME=VALUE, as a batch keeps them and back ends read them (backend.h).
 */
#ifndef EAE_EXEC_SUBMIT_OPTIONS_H
#define EAE_EXEC_SUBMIT_OPTIONS_H

#include "base/options.h"
#include "exec/batch.h"

extern const eae_option eae_submit_job_options[];
/* Each but --on must be in the `settings` of the back end it is given with. */
extern const eae_option eae_submit_place_options[];
extern const eae_option eae_submit_pace_options[];

/* The options of the last two tables that were given (without `paced`: of the first of these), and
 * --threads; over those of `before`, or NULL. EAE_USAGE with a message where
 * one says nothing to the chosen place, or is not well formed. */
int eae_submit_settings(const eae_options *o, bool paced, const eae_names *before,
                        eae_names *settings);

/* The jobs that the operands and the first table ask for. `has_dashes`: "--" is on the command
 * line, so the operands are a command and not the name of a file. */
int eae_submit_jobs(const eae_options *o, bool has_dashes, eae_batch *b);

#endif
