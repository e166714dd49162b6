#ifndef EAE_PLOT_PAGE_H
#define EAE_PLOT_PAGE_H
#include "plot/figure.h"
typedef struct eae_page_options {
    const char *title; /* NULL: "eAE report" */
    const eae_figure_options *figure;
    const eae_import *import;
    uint64_t memory;
    const char *tmpdir;
} eae_page_options;
int eae_page_make(const eae_names *files, const eae_page_options *o, eae_buffer *html);
#endif
