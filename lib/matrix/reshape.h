/*
 * reshape.h - which samples and features a frame has: keep and drop by name, strip version
 * suffixes, collapse probes to genes, join blocks side by side.
 *
 * Samples are the rows of data frames and the columns of split and prediction frames; features are
 * the columns of data, model and rank frames. Functions that take eae_frame ** replace the frame;
 * after a failure the old one is still there. Single-threaded.
 */
#ifndef EAE_MATRIX_RESHAPE_H
#define EAE_MATRIX_RESHAPE_H

#include "matrix/frame.h"

typedef enum eae_subject { EAE_SAMPLES, EAE_FEATURES } eae_subject;

/* Keep (or, with `drop`, leave out) what is named, in the order of the frame. A frame without that
 * axis stays as it is. A name that is not there is an error that gives three of them; so is
 * leaving nothing, and choosing samples of a split frame, whose hash they are part of. `option`
 * begins the message: "--samples". */
int eae_keep_names(eae_frame **f, eae_subject subject, const eae_names *names, bool drop,
                   const char *option);

/* Take the version off Ensembl and RefSeq accessions (ENSG00000141510.12, NM_000546.6) among the
 * feature names; others, such as the gene NKX2.1, stay. Two features that become equal are an
 * error. *changed: how many names were stripped. */
int eae_strip_versions(eae_frame *f, int64_t *changed);

typedef enum eae_collapse {
    EAE_COLLAPSE_MAXMEAN, /* the probe with the highest mean; equal means: the first */
    EAE_COLLAPSE_MEAN,    /* the mean of the probes, sample by sample */
    EAE_COLLAPSE_MEDIAN
} eae_collapse;

/* Replace features by what the map gives for them: two columns, tab- or comma-separated, feature
 * and gene; more columns are ignored, # begins a comment line. A feature that is absent or mapped
 * to nothing, "" or "---", is unmapped; one mapped to several ("A///B", or two lines) is ambiguous:
 * both are dropped, and counted in a note. Genes stand in the order of their first feature. Missing
 * values are left out. maxmean keeps feature annotations and adds `probe`; the others drop them. */
int eae_collapse_features(eae_frame **f, const char *map, eae_collapse how);

/* Data frames side by side by sample name: feature x of block b becomes "b:x". Samples that all
 * blocks have, in the order of the first; with `all`, those of any, missing values filled with NaN.
 * Row annotations are those of all blocks: where two blocks have one of the same name, what the
 * first lacks is taken from the second, and values that contradict one another are an error. */
int eae_join_blocks(eae_frame *const *block, const eae_names *prefix, bool all, eae_frame **joined);

#endif
