/*
 * html.h - text, tables and the frame of a page. Whatever comes from data goes through
 * eae_html_text(): it can neither begin a tag nor end an attribute.
 */
#ifndef EAE_PLOT_HTML_H
#define EAE_PLOT_HTML_H

#include "base/memory.h"
#include "plot/tidy.h"

/* Plain text (script.h), with & < > " ' as references. Right for XML too. */
void eae_html_text(eae_buffer *b, const char *text);

/* From the doctype to the beginning of the body: title, style, and a policy under which nothing is
 * run and nothing is fetched. */
void eae_html_begin(eae_buffer *b, const char *title);
void eae_html_end(eae_buffer *b);

/* The first `most` rows; numbers to four digits, aligned. What is the same in all rows of model,
 * spec, param, size and split stands in the caption instead, which also says where rows are left
 * out. Of the other columns those named in `shown` (ends with NULL), or all where it is NULL, are
 * there; at most 20. */
void eae_html_table(eae_buffer *b, const eae_tidy *t, int64_t most, const char *const *shown);

#endif
