/*
 * slurm_text.h - what Slurm's clients print, read leniently.
 *
 * The formats are those asked for with the constants below; lines that do not fit (banners,
 * warnings) are passed over. Met with Slurm 22.05.
 */
#ifndef EAE_EXEC_SLURM_TEXT_H
#define EAE_EXEC_SLURM_TEXT_H

#include <stdbool.h>

#include "exec/backend.h"
#include "exec/backends/queue_text.h"

#define EAE_SLURM_JOB_FORMAT "%F|%K|%T|%j|%N|%r"
#define EAE_SLURM_HOST_FORMAT "%N|%T|%C|%m|%e|%O|%G"
#define EAE_SLURM_QUEUE_FORMAT "%P|%a|%l"

/* sbatch --parsable: "3", or "3;cluster", on a line of its own. */
bool eae_slurm_submitted(const char *text, int64_t *id);
/* squeue -h -r -o EAE_SLURM_JOB_FORMAT: one job a line, appended. */
void eae_slurm_jobs(const char *text, eae_queue_jobs *jobs);
/* The state of a job by its word: "COMPLETED", "CANCELLED by 0". */
eae_queue_state eae_slurm_state(const char *word);
/* sinfo -h -N -o EAE_SLURM_HOST_FORMAT; a host of several partitions counts once. */
void eae_slurm_hosts(const char *text, eae_site *site);
/* sinfo -h -o EAE_SLURM_QUEUE_FORMAT: a partition once. The default one has lost its asterisk. */
void eae_slurm_queues(const char *text, eae_site *site);
/* scontrol show config: "MaxArraySize            = 1001"; `fallback` where it is not said. */
int64_t eae_slurm_setting(const char *text, const char *name, int64_t fallback);

#endif
