/*
 * enrich_options.h - the option tables of eae-enrich, and what they ask for.
 */
#ifndef EAE_EVAL_ENRICH_OPTIONS_H
#define EAE_EVAL_ENRICH_OPTIONS_H

#include "eval/enrich/enrich.h"

extern const eae_option eae_enrich_set_options[];  /* where the sets come from, and the universe */
extern const eae_option eae_enrich_list_options[]; /* which genes are asked about */
extern const eae_option eae_enrich_test_options[]; /* how, and what is shown */

typedef struct eae_enrich_request {
    eae_enrich_settings settings;
    eae_genes_rule rule;
    int shard, shards;
    const eae_names *sets; /* GMT files; NULL: none */
    const char *obo, *gaf; /* NULL: none */
    const char *map;       /* features to genes; NULL: features are genes */
    const char *lists;     /* a file of lists; NULL: the operands */
} eae_enrich_request;

/* EAE_USAGE, with a message, for options that do not fit together. What it points to is `o`'s. */
int eae_enrich_options_parse(const eae_options *o, eae_enrich_request *request);

/* The families of --sets, --obo and --gaf. e->settings is set. */
int eae_enrich_read_sets(const eae_enrich_request *request, eae_enrich *e);
/* The lists of --lists. */
int eae_enrich_read_lists(const eae_enrich_request *request, eae_enrich *e, eae_signatures *lists);
/* The one list of plain text; `source` is for messages. */
int eae_enrich_read_text(const eae_enrich_request *request, eae_enrich *e, const eae_buffer *text,
                         const char *source, eae_signatures *lists);
/* The lists of frames. */
int eae_enrich_read_frames(const eae_enrich_request *request, eae_enrich *e,
                           eae_frame *const *frame, int n, eae_signatures *lists);

#endif
