/*
 * options.h - the commands of eae-cache: synopsis, option table and first words of help of each.
 */
#ifndef EAE_CACHE_OPTIONS_H
#define EAE_CACHE_OPTIONS_H

#include "base/options.h"

extern const eae_program eae_cache_run_program;
extern const eae_program eae_cache_key_program;
extern const eae_program eae_cache_get_program;
extern const eae_program eae_cache_put_program;
extern const eae_program eae_cache_ls_program;
extern const eae_program eae_cache_stat_program;
extern const eae_program eae_cache_explain_program;
extern const eae_program eae_cache_diff_program;
extern const eae_program eae_cache_replay_program;
extern const eae_program eae_cache_gc_program;
extern const eae_program eae_cache_pin_program;
extern const eae_program eae_cache_unpin_program;
extern const eae_program eae_cache_fsck_program;
extern const eae_program eae_cache_export_program;
extern const eae_program eae_cache_import_program;
extern const eae_program eae_cache_push_program;
extern const eae_program eae_cache_pull_program;
extern const eae_program eae_cache_serve_program;

#endif
