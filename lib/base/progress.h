/*
 * progress.h - how far a long computation is, for a person who is watching.
 *
 * A line on stderr, rewritten in place, with count, rate and time left; only if stderr is a
 * terminal, not with -q, and only once the work has taken a second. One computation at a time per
 * process. Threads: eae_progress_add() may be called from any.
 */
#ifndef EAE_BASE_PROGRESS_H
#define EAE_BASE_PROGRESS_H

#include <stdint.h>

#include "base/status.h"

/* `what` is a plural noun: "splits", "rows"; kept by reference. */
void eae_progress_start(const char *what, int64_t total);
void eae_progress_add(int64_t done);
/* For work that is done again and again, nobody knows how often: from 0 again, and the line begins
 * with what the format says. */
void eae_progress_again(const char *fmt, ...) EAE_PRINTF(1, 2);
/* Take the line away. */
void eae_progress_end(void);

#endif
