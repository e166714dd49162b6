/* submit_programs.c - see submit_programs.h. */
#include "exec/submit_programs.h"

#include "exec/submit_options.h"

static const eae_option run_options[] = {
    {.name = "dry-run", .type = EAE_OPT_FLAG, .help = "print the jobs, run nothing"},
    {.name = "detach",
     .type = EAE_OPT_FLAG,
     .help = "print the batch and go on in the background; eae-submit wait has the outputs"},
    {.name = "fresh",
     .type = EAE_OPT_FLAG,
     .help = "a new batch, also where an earlier one with these jobs is not finished"},
    {0}};

static const eae_option batch_options[] = {
    {.name = "dir",
     .type = EAE_OPT_FILE,
     .arg = "DIR",
     .help = "where batches are (default: $XDG_STATE_HOME/eae/batches)"},
    {0}};

static const eae_option rm_options[] = {
    {.name = "older",
     .type = EAE_OPT_TEXT,
     .arg = "AGE",
     .help =
         "those in which nothing happened for longer than 30d, 12h, ...; without BATCH: of all"},
    {.name = "dry-run", .type = EAE_OPT_FLAG, .help = "say what would be removed"},
    {0}};

static const eae_option log_options[] = {
    {.name = "stdout", .type = EAE_OPT_FLAG, .help = "its standard output instead"}, {0}};

#define WHERE \
    {"Where", eae_submit_place_options}, \
    { \
        "When, how often, how long", eae_submit_pace_options \
    }
#define LAST {"Batches", batch_options}, EAE_GROUP_COMMON

const eae_program eae_submit_run_program = {
    .name = "eae-submit run",
    .summary = "run a filter in shards, or the commands of a file",
    .example =
        "  eae-split --kfold 5 expr.eae | eae-submit run --shards 20 -- eae-rfe svm > rfe.eae\n"
        "  eae-submit run --on ssh --hosts a,b jobs.txt",
    .operands = "[FILE | -- COMMAND...]",
    .max_operands = -1,
    .groups = {{"Jobs", eae_submit_job_options}, WHERE, {"This run", run_options}, LAST}};

const eae_program eae_submit_resume_program = {.name = "eae-submit resume",
                                               .summary = "run what is missing of a batch",
                                               .example = "  eae-submit resume 3f9a01 > rfe.eae",
                                               .operands = "BATCH",
                                               .min_operands = 1,
                                               .max_operands = 1,
                                               .groups = {WHERE, LAST}};

#define SIMPLE_PROGRAM(id, command, what, line, words, least, most) \
    const eae_program id = {.name = "eae-submit " command, \
                            .summary = what, \
                            .example = "  eae-submit " line, \
                            .operands = words, \
                            .min_operands = least, \
                            .max_operands = most, \
                            .groups = {LAST}}

SIMPLE_PROGRAM(eae_submit_status_program, "status",
               "the jobs of a batch, or the batches that are not over", "status 3f9a01", "[BATCH]",
               0, 1);
SIMPLE_PROGRAM(eae_submit_wait_program, "wait", "wait for a batch to end, and give its outputs",
               "wait 3f9a01 > rfe.eae", "BATCH", 1, 1);
SIMPLE_PROGRAM(eae_submit_cancel_program, "cancel", "end a batch, or one of its jobs",
               "cancel 3f9a01:7", "BATCH[:JOB]", 1, 1);
SIMPLE_PROGRAM(eae_submit_ls_program, "ls", "all batches", "ls", "", 0, 0);

const eae_program eae_submit_rm_program = {
    .name = "eae-submit rm",
    .summary = "remove batches with all they have kept",
    .example = "  eae-submit rm 3f9a01\n  eae-submit rm --older 30d --dry-run",
    .operands = "[BATCH...]",
    .max_operands = -1,
    .groups = {{"Which", rm_options}, LAST}};

const eae_program eae_submit_log_program = {.name = "eae-submit log",
                                            .summary = "what a job said on its standard error",
                                            .example = "  eae-submit log 3f9a01:7",
                                            .operands = "BATCH:JOB",
                                            .min_operands = 1,
                                            .max_operands = 1,
                                            .groups = {{"Which", log_options}, LAST}};

#define PLACE_PROGRAM(id, command, what) \
    const eae_program id = {.name = "eae-submit " command, \
                            .summary = what, \
                            .example = "  eae-submit " command " --on slurm", \
                            .operands = "", \
                            .groups = {{"Where", eae_submit_place_options}, EAE_GROUP_COMMON}}

PLACE_PROGRAM(eae_submit_hosts_program, "hosts",
              "hosts of a place: alive, slots, load, memory, GPUs");
PLACE_PROGRAM(eae_submit_queues_program, "queues", "queues of a place");
PLACE_PROGRAM(eae_submit_ping_program, "ping", "does a place answer?");

const eae_program eae_submit_work_program = {.name = "eae-submit work",
                                             .summary = "run a chunk of a batch: for back ends",
                                             .example = "  eae-submit work DIR 7",
                                             .operands = "DIR CHUNK",
                                             .min_operands = 2,
                                             .max_operands = 2,
                                             .groups = {EAE_GROUP_COMMON}};

const eae_program eae_submit_serve_program = {.name = "eae-submit serve",
                                              .summary = "serve a client over ssh: for --on ssh",
                                              .example = "  ssh HOST eae-submit serve",
                                              .operands = "",
                                              .groups = {EAE_GROUP_COMMON}};
