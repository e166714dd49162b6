/* svm_pool_parts.h - what the parts of svm_pool.h share; not for other modules.
 *
 *   svm_pool.c        new, free, pick, remove
 *   svm_pool_near.c   features in whole numbers, their bounds, the scores that decide
 *   svm_pool_sets.c   the sets, their bounds, choosing them anew
 */
#ifndef EAE_MODEL_SVM_POOL_PARTS_H
#define EAE_MODEL_SVM_POOL_PARTS_H

#include "model/svm_pool.h"

/* Sets: near, inside, wide; what is outside of each, up to the next larger one. */
enum { EAE_POOL_NEAR, EAE_POOL_INSIDE, EAE_POOL_WIDE, EAE_POOL_SETS, EAE_POOL_GRID = 4 };

/* In slot[]: the feature is no longer there. */
#define EAE_POOL_GONE INT64_MIN

/* Sets are chosen with this to spare, relative, against what bounds allow for rounding. */
#define EAE_POOL_HAIR 1e-10

typedef struct eae_pool_entry {
    double score; /* a lower bound */
    double upper; /* an upper one */
    double norm;
    int64_t feature;
    int64_t at;    /* where its weights are */
    int64_t place; /* its slot, -1 */
} eae_pool_entry;

typedef struct eae_pool_epoch {
    double *b;                                 /* n x sides: where the scores are from */
    double size;                               /* |b|^2 */
    double x[EAE_POOL_GRID], f[EAE_POOL_GRID]; /* F at some values of |d| / a */
    bool everything;                           /* nothing is outside */
    double a, r;                               /* |present - a b| <= r */
    double reach; /* of the set: |d| / a within which nothing outside can come among the smallest */
    int64_t since; /* the step at which it was made; 0: never */
} eae_pool_epoch;

typedef struct eae_pool_extent {
    double norm; /* |z_j| */
    double raw;  /* the largest value before z, in units of z: for rounding */
} eae_pool_extent;

struct eae_svm_pool {
    eae_svm_pool_spec spec;
    int64_t ld, step, left;
    bool side_by_side;       /* the training rows are one after the other */
    int whole;               /* the largest whole number: sums of products fit 31 bits */
    eae_pool_extent *extent; /* cols */
    double *across;          /* rows x sides: b at its rows */
    double *present;         /* n x sides: b */
    eae_pool_epoch epoch[EAE_POOL_SETS];

    /* Features inside, in slots: the near ones first. Arrays of `room` slots. */
    int64_t near, inside, room;
    int64_t *member; /* features */
    int64_t *slot;   /* cols: where a feature is; -1: not inside; or gone */
    int16_t *q;      /* x ld: z = scale q */
    double *scale;
    double *size;          /* a bound of |scale q| */
    double *margin;        /* rounding of w */
    double *w_then;        /* sides x room: at the epoch of the set */
    double *lower, *upper; /* bounds of scores, for as many slots as were asked for */
    int32_t *dot;
    int16_t *p; /* ld: d in whole numbers */
    double *d;  /* n */

    int64_t *list[2]; /* wide but not inside, the rest */
    int64_t count[2];
    eae_pool_entry *work; /* as many as there are features */
    double *w;            /* the same x sides */

    /* What is scored in f64. */
    int64_t found, found_room;
    int64_t *candidate;   /* features */
    double *z;            /* found_room x ld */
    double *found_w;      /* x sides */
    int64_t best, second; /* places among the candidates, -1 */
    bool scored;          /* at the present b */

    int64_t *null; /* features without a weight, increasing */
    int64_t null_count, null_next;
    double *scratch; /* ld */
    double *zero;    /* sides */
    int64_t picked;  /* a feature; -1: the next of null */
    int64_t done[4];
};

double eae_pool_raw(const eae_features *features, int64_t at);
/* z (n) of feature j */
void eae_pool_values(const eae_svm_pool *pool, int64_t j, double *z);
double eae_pool_square(const double *w, int64_t n);

/* The features of work[0 .. count-1] become those inside; the epoch of the set is now. */
int eae_pool_fill(eae_svm_pool *pool, int64_t count);
/* The near ones anew, from those inside. */
void eae_pool_choose_near(eae_svm_pool *pool);
/* The epoch of a set is now. */
void eae_pool_begin(eae_svm_pool *pool, eae_pool_epoch *epoch);
/* lower and upper of slots 0 .. count-1 at the present b */
void eae_pool_bounds(eae_svm_pool *pool, int64_t count);
/* The two smallest scores of the near ones at the present b, in best and second. */
int eae_pool_score(eae_svm_pool *pool);
/* Square of the score of a candidate; INFINITY for -1. */
double eae_pool_found(const eae_svm_pool *pool, int64_t k);
void eae_pool_leave(eae_svm_pool *pool, int64_t j);

void eae_pool_move(eae_svm_pool *pool, const double *b);
/* The largest set whose bound does not hold; -1: what was found is the smallest of all. */
int eae_pool_broken(eae_svm_pool *pool);
/* Choose `set` and the smaller ones anew. */
int eae_pool_choose(eae_svm_pool *pool, int set);

#endif
