/*
 * svg.h - what gnuplot's SVG lacks: a title and a description for those who do not see it, sharp
 * cells of images, and names of its own where several stand in one page.
 */
#ifndef EAE_PLOT_SVG_H
#define EAE_PLOT_SVG_H

#include "base/memory.h"

/* Replaces gnuplot's own titles ("Gnuplot", "gnuplot_plot_1") and description. The picture is well
 * formed XML before and after. */
void eae_svg_finish(eae_buffer *svg, const char *title, const char *description);

/* Appends the picture for a page of HTML: from <svg on, every id and every reference to one with
 * `prefix` (letters and digits) before it. */
void eae_svg_inline(eae_buffer *html, const eae_buffer *svg, const char *prefix);

#endif
