/*
 * page.h - one self-contained HTML page about all files of an analysis.
 *
 * What a file is is told by its content: an eae stream by its first bytes, a report by its columns
 * (page_table.c), and a text with many
 * columns, or with the column that --label or --time names, is a data matrix. A section for
 * each file has figures (SVG inside the page), tables, a sentence on how to read them, and for
 * streams the commands that made them. A figure that cannot be made of what is there (no survival
 * times, missing values) leaves its reason in the page; without gnuplot there is no page.
 *
 * No script, no network, nothing that changes from run to run: the same files give the same bytes.
 */
#ifndef EAE_PLOT_PAGE_H
#define EAE_PLOT_PAGE_H

#include "plot/figure.h"

#define EAE_PAGE_THINNED \
    "The table has the first metric, at some of the sizes; the file has all of them."

typedef struct eae_page_options {
    const char *title;                /* NULL: "eAE report" */
    const eae_figure_options *figure; /* kernels, threads, choices that apply to all figures */
    const eae_import *import;
    uint64_t memory;
    const char *tmpdir;
} eae_page_options;

typedef struct eae_page {
    const eae_page_options *o;
    eae_buffer body;
    eae_buffer contents; /* links to the sections */
    int sections, figures;
    eae_bundle *stream; /* those read so far: a heatmap takes data from one, ranks from another */
    int streams;
} eae_page;

/* files: paths, "-" for standard input; at least one. */
int eae_page_make(const eae_names *files, const eae_page_options *o, eae_buffer *html);

/* ---- parts (page.c) ------------------------------------------------------------------------ */

void eae_page_section(eae_page *page, const char *name, const char *what);
void eae_page_paragraph(eae_page *page, const char *text);
/* Draws the figure with its caption, or where `status` says that its maker failed, the message. */
int eae_page_figure(eae_page *page, int status, const eae_figure *figure);
/* A figure of the table, which it may change. */
int eae_page_table_figure(eae_page *page, const char *kind, eae_tidy *t);
/* Parse a copy of a report's text. */
int eae_page_table_of(const char *body, size_t length, const char *name, eae_tidy *t);

/* ---- page_table.c, page_stream.c ----------------------------------------------------------- */

/* Has some candidate several sizes, so that a curve can be drawn over them? */
bool eae_page_has_sizes(const eae_tidy *t);
/* Of a long summary over sizes, in place: the first metric, at no more than `most` sizes evenly
 * spread over the lines, and what was selected. True where lines were left out. */
bool eae_page_thin_sizes(eae_tidy *t, int64_t most);
/* The section of a report; takes `text` over. */
int eae_page_table(eae_page *page, char *text, size_t length, const char *name);
/* The section of a stream. */
int eae_page_stream(eae_page *page, const eae_bundle *b, const char *name);
/* Features over samples, where data and ranks (or weights) came, in one file or in two. */
int eae_page_map(eae_page *page);

#endif
