/*
 * figure.h - what each kind of figure shows: from reports, streams and tables to the numbers and
 * names that a template draws, and a sentence that says what is seen.
 *
 * A maker of a figure takes a table (tidy.h) or frames (matrix/stream.h), and fills in the script,
 * the caption and, where the reader of the bare picture must be told something, the note that is
 * drawn in it. All numbers are made here, in f64, independent of threads; templates only draw.
 */
#ifndef EAE_PLOT_FIGURE_H
#define EAE_PLOT_FIGURE_H

#include "matrix/stream.h"
#include "plot/script.h"
#include "plot/tidy.h"

/* Lines that can be told apart by colour, dashes and marks; boxes, sets and names in one figure. */
enum { EAE_SERIES_MAX = 8, EAE_BOXES_MAX = 40, EAE_LABEL_MOST = 40 };

typedef struct eae_figure {
    const char *kind;
    eae_script script;
    eae_buffer caption;   /* sentences: what is shown, and how to read it */
    eae_buffer note;      /* drawn below the figure; empty: nothing */
    double width, height; /* inches */
    int lines;            /* of characters on a terminal; 0: the default */
} eae_figure;

typedef struct eae_figure_options {
    const char *metric;   /* NULL: the first of the report */
    int64_t top;          /* sets, names or features to show; -1: the figure's own number */
    double width, height; /* of the picture in inches, where they are given, else 0: what room
                             there is for names */
    double text;          /* points of its text; 0: by the width */
    double alpha;         /* significance for volcano and enrich */
    const char *colour;   /* annotation for the colour; NULL: label */
    const char *shape;    /* annotation for the marks; NULL: none */
    const char *model;    /* the candidate to show, as eae-score names it; NULL: the only one */
    bool first_model;     /* km: of several candidates take the first */
    bool by_cluster;      /* heatmap: samples in the order of a clustering, else by label */
    bool standardise;     /* pca: features at unit variance */
    int64_t repeat;       /* km: the repeat that is drawn */
    const eae_names *features;         /* heatmap: these; NULL: chosen by rank or variance */
    const struct eae_kernels *kernels; /* kernels.h */
    int threads;
} eae_figure_options;

/* Room for a figure of that kind and size in inches. */
void eae_figure_init(eae_figure *f, const char *kind, double width, double height);
void eae_figure_free(eae_figure *f);

typedef int (*eae_table_figure)(eae_tidy *t, const eae_figure_options *o, eae_figure *f);
typedef int (*eae_frame_figure)(const eae_bundle *b, const char *name, const eae_figure_options *o,
                                eae_figure *f);

/* One row for each kind that draws one figure. */
typedef struct eae_figure_kind {
    const char *name;
    const char *what;       /* for --help and messages */
    eae_table_figure table; /* exactly one of the two */
    eae_frame_figure frame;
} eae_figure_kind;

extern const eae_figure_kind eae_figure_kinds[]; /* ends with .name == NULL */
/* NULL if there is none of that name. */
const eae_figure_kind *eae_figure_kind_find(const char *name);

/* ---- the kinds --------------------------------------------------------------------------- */

/* figure_curve.c: the points of eae-score --curve roc | pr */
int eae_figure_roc(eae_tidy *t, const eae_figure_options *o, eae_figure *f);
int eae_figure_pr(eae_tidy *t, const eae_figure_options *o, eae_figure *f);
/* figure_size.c: eae-score --summary or --curve size, and --stability, over sizes */
int eae_figure_size(eae_tidy *t, const eae_figure_options *o, eae_figure *f);
int eae_figure_stability(eae_tidy *t, const eae_figure_options *o, eae_figure *f);
/* figure_box.c: the values of splits, by candidate */
int eae_figure_box(eae_tidy *t, const eae_figure_options *o, eae_figure *f);
/* figure_features.c: a univariate table; sets of an enrichment */
int eae_figure_volcano(eae_tidy *t, const eae_figure_options *o, eae_figure *f);
int eae_figure_enrich(eae_tidy *t, const eae_figure_options *o, eae_figure *f);
/* figure_scaling.c: time against size */
int eae_figure_scaling(eae_tidy *t, const eae_figure_options *o, eae_figure *f);
/* figure_pca.c, figure_heatmap.c: a data frame; the latter also looks at ranks and models */
int eae_figure_pca(const eae_bundle *b, const char *name, const eae_figure_options *o,
                   eae_figure *f);
int eae_figure_heatmap(const eae_bundle *b, const char *name, const eae_figure_options *o,
                       eae_figure *f);
/* figure_km.c: predictions of survival, or a data frame with time, status and groups */
int eae_figure_km(const eae_bundle *b, const char *name, const eae_figure_options *o,
                  eae_figure *f);

/* ---- shared by the makers (figure.c) ------------------------------------------------------- */

/* Write the first `shown` labels as the array `name`, shortened to `most` characters. */
void eae_figure_labels(eae_figure *f, const char *name, const eae_names *labels, int64_t shown,
                       int most);
/* How many of `count` things are shown; says so in a note on stderr and in the figure if not all.
 */
int eae_figure_limit(eae_figure *f, int count, int most, const char *what);
/* The metric asked for, or that of the first row; keeps its rows. Fails where there is none. */
int eae_figure_metric(eae_tidy *t, int column, const char *metric, char **name);
/* A metric's name as the title of an axis: "AUC", "balanced accuracy"; itself if not known. */
const char *eae_metric_title(const char *metric);
/* Says in a note on stderr and in the figure that `count` (0: nothing) values are not finite. */
void eae_figure_left_out(eae_figure *f, int64_t count);
/* A step of 1, 2 or 5 times a power of ten that goes into `span` at most `tics` times. */
double eae_tic_step(double span, int tics);
/* y_low, y_high, y_tic, y_tic_wide: what holds low .. high with some room, not beyond 1 for a
 * metric that ends there; chance: that of the metric if it is not far outside, else NaN. */
void eae_figure_range(eae_figure *f, const char *metric, double chance, double low, double high);

#endif
