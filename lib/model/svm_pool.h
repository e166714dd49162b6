/*
 * svm_pool.h - the feature with the smallest weight, step after step, without looking at all.
 *
 * A feature's weight is w_j = sum over the training rows of z_ij b_i, with a vector b of its own
 * for each of `sides` machines; its score is sqrt(sum over sides w_j^2). The features left are in
 * nested sets, near < inside < wide < all, and each set but the last has an epoch: all features of
 * the next larger set were scored there. With b_e the b of an epoch, any a > 0, d = b - a b_e:
 *
 *     score_j(b) >= a score_j(b_e) - |z_j| |d|        (Cauchy-Schwarz, over rows and sides
 * together)
 *
 * The a that makes d shortest tells a change of length from one of direction. While this bound says
 * that nothing outside a set can be among the two smallest, nobody looks there; when it breaks, the
 * next larger set is scored again and the smaller ones are chosen anew. How well the bound holds is
 * a concave function of |d| / a, F(x) = min over j outside of (score_j - |z_j| x); a few of its
 * values are kept and the chords between them used, which lie below it.
 *
 * The features inside are kept in whole numbers: with z = s q + (at most s/2 in each row) and
 * d = t p + (at most t/2), q and p of some 12 bits, b_e where the set was made,
 *
 *     |w_j(b) - a w_j(b_e) - s t q'p| <= sqrt(n) / 2 (|s q| t + s |d|)
 *
 * which is a thousand times sharper and costs little. At every step the near ones are looked at in
 * this way, and the handful that is left is scored from z in f64, by one kernel with one order of
 * operations. These scores alone decide: so what is picked does not depend on the sets, and equal
 * features have equal scores. Equal scores: the lower column. Bounds allow for the rounding of the
 * values they are made of.
 *
 * Features that cannot have a weight (constant over the training rows, and centred or beside a free
 * intercept) have score 0 and go in the order of columns.
 */
#ifndef EAE_MODEL_SVM_POOL_H
#define EAE_MODEL_SVM_POOL_H

#include "kernels/kernels.h"

typedef struct eae_svm_pool eae_svm_pool;

typedef struct eae_svm_pool_spec {
    const eae_kernels *kernels;
    const eae_features *features;
    const int64_t *row; /* n training rows of `features`; repeats allowed */
    int64_t n;
    const int64_t *active; /* count, increasing */
    int64_t count;
    int sides;
    bool free_bias;
    int threads; /* for the norms */
} eae_svm_pool_spec;

typedef struct eae_svm_pick {
    int64_t feature;
    double square;   /* its score, squared */
    double next;     /* the second smallest, squared; INFINITY where there is none */
    const double *w; /* sides: its weights */
    const double *z; /* n: its values; NULL where all are 0 */
} eae_svm_pick;

/* What spec points to outlives the pool. */
int eae_svm_pool_new(eae_svm_pool **pool, const eae_svm_pool_spec *spec);
void eae_svm_pool_free(eae_svm_pool *pool);
/* The smallest at b (n x sides). w and z are valid until the next call. */
int eae_svm_pool_pick(eae_svm_pool *pool, const double *b, eae_svm_pick *pick);
/* Take out what was picked last. */
void eae_svm_pool_remove(eae_svm_pool *pool);
/* The features left, increasing; returns how many. `active` may be NULL. */
int64_t eae_svm_pool_left(const eae_svm_pool *pool, int64_t *active);
/* Features looked at so far: in whole numbers, in f64 to decide, in f64 for a set; and how many
 * were made whole numbers. */
void eae_svm_pool_work(const eae_svm_pool *pool, int64_t work[4]);

#endif
