/*
 * submit_programs.h - the commands of eae-submit: synopsis, option table and first words of help of
 * each. The options that become settings of a batch are in submit_options.h.
 */
#ifndef EAE_EXEC_SUBMIT_PROGRAMS_H
#define EAE_EXEC_SUBMIT_PROGRAMS_H

#include "base/options.h"

extern const eae_program eae_submit_run_program;
extern const eae_program eae_submit_resume_program;
extern const eae_program eae_submit_status_program;
extern const eae_program eae_submit_wait_program;
extern const eae_program eae_submit_cancel_program;
extern const eae_program eae_submit_ls_program;
extern const eae_program eae_submit_rm_program;
extern const eae_program eae_submit_log_program;
extern const eae_program eae_submit_hosts_program;
extern const eae_program eae_submit_queues_program;
extern const eae_program eae_submit_ping_program;
extern const eae_program eae_submit_work_program;
extern const eae_program eae_submit_serve_program;

#endif
