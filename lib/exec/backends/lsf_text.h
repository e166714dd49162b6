/*
 * lsf_text.h - what the clients of OpenLava and LSF print, read leniently.
 *
 * The tables have no form that could be asked for (OpenLava has no bjobs -o), so rows are found by
 * what they look like; banners, headers and what does not fit are passed over. Met with
 * OpenLava 2.2; LSF by its manuals.
 */
#ifndef EAE_EXEC_LSF_TEXT_H
#define EAE_EXEC_LSF_TEXT_H

#include <stdbool.h>

#include "exec/backend.h"
#include "exec/backends/queue_text.h"

/* bsub: the first "Job <N> is submitted". */
bool eae_lsf_submitted(const char *text, int64_t *id);
/* "PEND", "SSUSP", ... */
eae_queue_state eae_lsf_state(const char *word);
/* bjobs -A: one array a line; false if there is no row for `id`. */
bool eae_lsf_array(const char *text, int64_t id, eae_queue_counts *counts);
/* bjobs -w: one job or element a line, appended; a name may hold blanks. */
void eae_lsf_jobs(const char *text, eae_queue_jobs *jobs);
/* bhosts: slots and jobs; lsload: load and memory of hosts already there. */
void eae_lsf_hosts(const char *text, eae_site *site);
void eae_lsf_loads(const char *text, eae_site *site);
/* bqueues, and bqueues -l for the windows of queues already there. */
void eae_lsf_queues(const char *text, eae_site *site);
void eae_lsf_windows(const char *text, eae_site *site);
/* A number after NAME and "=" or ":", wherever it stands: "MAX_JOB_ARRAY_SIZE = 1000". */
int64_t eae_lsf_setting(const char *text, const char *name, int64_t fallback);
/* lsid: "My cluster name is lo", "My master name is olhost". */
bool eae_lsf_cluster(const char *text, char cluster[EAE_QUEUE_WORD], char master[EAE_QUEUE_WORD]);
/* stderr of a client whose daemon does not answer: it would try for ever. */
bool eae_lsf_waiting(const char *errors);
/* stderr of bkill: the job has ended, or is not known any more; so nothing is left to cancel. */
bool eae_lsf_gone(const char *errors);

#endif
