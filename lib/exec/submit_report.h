/*
 * submit_report.h - what there is, as tables (base/report.h): the jobs of a batch, batches, the
 * hosts and queues of a place. The columns are those of eae-submit(1).
 */
#ifndef EAE_EXEC_SUBMIT_REPORT_H
#define EAE_EXEC_SUBMIT_REPORT_H

#include "base/report.h"
#include "exec/backend.h"
#include "exec/submit.h"

/* What a batch as a whole is doing: running, done, stopped or failed. */
const char *eae_submit_batch_state(const eae_dispatch_counts *n, int64_t jobs, bool client);

/* All of them new: the caller frees them, also where a status is not EAE_OK. */

/* What would be run: job and command. */
eae_report *eae_submit_report_commands(const eae_batch *b, bool json);
/* A row for each job of a batch. */
int eae_submit_report_jobs(const eae_batch *b, bool json, eae_report **r);
/* A row for each batch of ROOT; of those that are not done only with `open_only`. One that cannot
 * be read is warned about and left out. */
int eae_submit_report_batches(const char *root, bool open_only, bool json, eae_report **r);
eae_report *eae_site_report_hosts(const eae_site *site, bool json);
eae_report *eae_site_report_queues(const eae_site *site, bool json);

#endif
