/* options.c - see options.h. */
#include "cache/options.h"

const eae_option eae_cache_place_options[] = {
    {.name = "dir",
     .type = EAE_OPT_FILE,
     .arg = "DIR",
     .help = "the cache (default: $EAE_CACHE_DIR, $XDG_CACHE_HOME/eae, ~/.cache/eae)"},
    {.name = "trust",
     .type = EAE_OPT_FLAG,
     .help = "use caches that others own or may write to as well"},
    {0}};

const eae_option eae_cache_request_options[] = {
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

const eae_option eae_cache_name_options[] = {
    {.name = "name",
     .type = EAE_OPT_TEXT,
     .arg = "TEXT",
     .conflicts = "env,no-stdin",
     .help = "the key of TEXT and the --input files, in place of a command"},
    {0}};

const eae_option eae_cache_gc_options[] = {
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
