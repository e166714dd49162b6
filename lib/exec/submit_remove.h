/*
 * submit_remove.h - batches that are not wanted any more, removed with their journals, inputs,
 * outputs and logs. Files elsewhere that were the input of a batch are not touched.
 *
 * A batch that a client runs, or waits for (--after), or of which jobs may be with a scheduler or
 * on a host, stays. The lock of a batch is held while it goes, and its folder is moved out of sight
 * first: a client that comes meanwhile finds no batch, and one that is killed on the way leaves
 * what the next one, or the next run, clears away.
 */
#ifndef EAE_EXEC_SUBMIT_REMOVE_H
#define EAE_EXEC_SUBMIT_REMOVE_H

#include "base/report.h"
#include "exec/submit.h"

typedef struct eae_removal {
    const char *root;
    const eae_names *ids; /* or beginnings of them; none: all batches */
    bool limit_age;       /* only where nothing was written for more than max_age seconds */
    int64_t max_age;
    bool dry_run; /* say what would go */
    bool json;
} eae_removal;

/* *report, which the caller frees: a row for each that went. Of those that stay, one line each is
 * said; EAE_FAIL with a message where they were named (and the others went all the same). An ID
 * that is no batch is EAE_FAIL before any is removed. */
int eae_submit_remove(const eae_removal *rules, eae_report **report);

#endif
