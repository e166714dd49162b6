/* options.c - see options.h. */
#include "cache/options.h"

static const eae_option place_options[] = {
    {.name = "dir",
     .type = EAE_OPT_FILE,
     .arg = "DIR",
     .help = "the cache (default: $EAE_CACHE_DIR, $XDG_CACHE_HOME/eae, ~/.cache/eae)"},
    {.name = "trust",
     .type = EAE_OPT_FLAG,
     .help = "use caches that others own or may write to as well"},
    {0}};

static const eae_option request_options[] = {
    {.name = "input",
     .type = EAE_OPT_FILE,
     .arg = "FILE",
     .many = true,
     .help = "FILE is read as well, though no word of CMD says so (may be repeated)"},
    {.name = "env",
     .type = EAE_OPT_TEXT,
     .arg = "NAME",
     .many = true,
     .help = "the variable NAME counts as well (may be repeated)"},
    {.name = "no-stdin", .type = EAE_OPT_FLAG, .help = "CMD reads no standard input"},
    {0}};

static const eae_option name_options[] = {
    {.name = "name",
     .type = EAE_OPT_TEXT,
     .arg = "TEXT",
     .conflicts = "env,no-stdin",
     .help = "the key of TEXT and the --input files, in place of a command"},
    {0}};

static const eae_option gc_options[] = {
    {.name = "max-size",
     .type = EAE_OPT_SIZE,
     .arg = "SIZE",
     .help = "remove what was used least recently, down to SIZE (with K M G T)"},
    {.name = "max-age",
     .type = EAE_OPT_TEXT,
     .arg = "TIME",
     .help = "remove what was not used for TIME: a number, then s, m, h, d or w"},
    {.name = "dry-run", .type = EAE_OPT_FLAG, .help = "only say what would be removed"},
    {0}};

#define EAE_CACHE_GROUPS {"Cache", place_options}, EAE_GROUP_COMMON

#define KEY_GROUP \
    { \
        "Key", request_options \
    }
#define NAME_GROUP \
    { \
        "Names", name_options \
    }

/* A command about keys, without options of its own. */
#define PLAIN(id, words, least, most, text, how) \
    const eae_program eae_cache_##id##_program = {.name = "eae-cache " #id, \
                                                  .summary = text, \
                                                  .example = how, \
                                                  .operands = words, \
                                                  .min_operands = least, \
                                                  .max_operands = most, \
                                                  .groups = {EAE_CACHE_GROUPS}}

const eae_program eae_cache_run_program = {
    .name = "eae-cache run",
    .summary = "run CMD, or give what it gave before",
    .example = "  eae-split --kfold 5 expr.eae | eae-cache run -- eae-train svm > svm.eae",
    .operands = "-- CMD [ARG...]",
    .min_operands = 1,
    .max_operands = -1,
    .prefix = true,
    .groups = {KEY_GROUP, EAE_CACHE_GROUPS}};

const eae_program eae_cache_key_program = {.name = "eae-cache key",
                                           .summary =
                                               "print the key of CMD; exit 3 if it has no result",
                                           .example = "  eae-cache key -- eae-train svm plan.eae",
                                           .operands = "-- CMD [ARG...]",
                                           .max_operands = -1,
                                           .prefix = true,
                                           .groups = {KEY_GROUP, NAME_GROUP, EAE_CACHE_GROUPS}};

const eae_program eae_cache_explain_program = {
    .name = "eae-cache explain",
    .summary = "say which parts of the request of CMD are new",
    .example = "  eae-cache explain -- eae-train svm plan.eae",
    .operands = "-- CMD [ARG...]",
    .max_operands = -1,
    .prefix = true,
    .groups = {KEY_GROUP, NAME_GROUP, EAE_CACHE_GROUPS}};

const eae_program eae_cache_gc_program = {.name = "eae-cache gc",
                                          .summary = "make room",
                                          .example = "  eae-cache gc --max-size 20G --max-age 90d",
                                          .operands = "",
                                          .groups = {{"What goes", gc_options}, EAE_CACHE_GROUPS}};

PLAIN(get, "KEY", 1, 1, "write the result of a key; exit 3 if there is none",
      "  eae-cache get 7f3a > svm.eae");
PLAIN(put, "KEY [FILE]", 1, 2, "store FILE, or standard input, as the result of a key",
      "  key=$(eae-cache key --name panel-7 --input genes.txt)\n"
      "  make-panel genes.txt | eae-cache put $key");
PLAIN(ls, "", 0, 0, "list the entries", "  eae-cache ls | sort -k 5n");
PLAIN(stat, "[KEY]", 0, 1, "say how large the cache is, or all that is known of an entry",
      "  eae-cache stat\n  eae-cache stat 7f3a");
PLAIN(diff, "KEY KEY", 2, 2, "say in which parts two requests differ",
      "  eae-cache diff 7f3a 09c1");
PLAIN(replay, "KEY", 1, 1, "run the command of an entry again, and compare",
      "  eae-cache replay 7f3a");
PLAIN(pin, "KEY...", 1, -1, "never evict these entries", "  eae-cache pin 7f3a");
PLAIN(unpin, "KEY...", 1, -1, "let them go like others again", "  eae-cache unpin 7f3a");
PLAIN(fsck, "", 0, 0, "verify all entries and objects", "  eae-cache fsck");
PLAIN(export, "[KEY...]", 0, -1, "write entries and their objects as a tar file",
      "  eae-cache export -o results.tar.zst");
PLAIN(import, "[FILE]", 0, 1, "take the entries of a tar file",
      "  eae-cache import results.tar.zst");
PLAIN(push, "HOST [KEY...]", 1, -1, "copy entries that HOST lacks to its cache, over ssh",
      "  eae-cache push node7");
PLAIN(pull, "HOST [KEY...]", 1, -1, "copy entries of the cache of HOST that are lacking here",
      "  eae-cache pull node7");
PLAIN(serve, "", 0, 0, "answer a push or pull on standard input and output",
      "  ssh -- node7 eae-cache serve");
