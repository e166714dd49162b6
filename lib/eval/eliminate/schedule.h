/*
 * schedule.h - the sizes that an elimination stops at on its way from all features to few.
 */
#ifndef EAE_EVAL_SCHEDULE_H
#define EAE_EVAL_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

/* How many features go at a time: `percent` of what remains, at least one, while more than `below`
 * remain; then `number`. percent 0: always `number`. */
typedef struct eae_step {
    double percent;
    int64_t number;
    int64_t below;
} eae_step;

/* "N", "P%" or "P%:N@M"; EAE_USAGE with a message. */
int eae_step_parse(const char *text, eae_step *step);

typedef struct eae_schedule {
    int64_t *size; /* decreasing: all features first, `until` last */
    bool *shown;   /* is there to be a model (predictions) at this size? */
    int64_t count;
    int64_t shown_count;
} eae_schedule;

/* From `from` features to `until` (<= from), stopping at each of the sizes asked for that lies
 * between. Those are shown; without any, all of a path of at most 1,000 sizes, else 200 log-spaced
 * ones, the first and the last among them. `also` (0: none) is a further size to stop at and to
 * show. Fails for a size above `from` or below `until`. */
int eae_schedule_make(const eae_step *step, int64_t from, int64_t until, const int64_t *sizes,
                      int64_t size_count, int64_t also, eae_schedule *schedule);
void eae_schedule_free(eae_schedule *schedule);

#endif
