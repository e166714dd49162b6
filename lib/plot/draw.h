/*
 * draw.h - from a figure to bytes: the script, the template, gnuplot.
 *
 * The script of a figure is whole: size and format, variables and data (script.h), then the text of
 * share/plot/style.gp and of share/plot/KIND.gp. gnuplot reads nothing else: its start-up files are
 * left out (-d), and the environment variables that it looks at are set. So the same figure
 * gives the same bytes on one machine (fonts and gnuplot's version count); the date that
 * a PDF would carry is blanked.
 */
#ifndef EAE_PLOT_DRAW_H
#define EAE_PLOT_DRAW_H

#include "base/memory.h"
#include "plot/figure.h"

typedef enum eae_format {
    EAE_FORMAT_SVG,
    EAE_FORMAT_PNG,
    EAE_FORMAT_PDF,
    EAE_FORMAT_TERM
} eae_format;

typedef struct eae_drawing {
    eae_format format;
    double width, height; /* inches, or characters for a terminal; 0: the figure's own */
    double text;          /* points; 0: by the width */
    const char *title;    /* NULL: none */
    const char *x_title;  /* of the axes; NULL: the figure's own */
    const char *y_title;
    const char *template_file; /* instead of share/plot/KIND.gp; NULL */
    const char *tmpdir;
} eae_drawing;

/* "svg", "png", "pdf", "term" by the end of a name; -1 where it is none. */
int eae_format_of_name(const char *path);
/* The end of the name of a picture of some other kind (jpg, eps, ...)? */
bool eae_format_is_foreign(const char *path);

/* The folder share/plot: $EAE_SHARE/plot, else ../share/eae/plot or ../share/plot seen from the
 * program, or from the folders above it. The caller frees; NULL with the message set. */
char *eae_template_folder(void);

/* The whole script of a figure. */
int eae_figure_script(const eae_figure *figure, const eae_drawing *drawing, eae_buffer *script);
/* The picture. Fails with one line where gnuplot is not there, or ends with an error. */
int eae_figure_draw(const eae_figure *figure, const eae_drawing *drawing, eae_buffer *picture);

#endif
