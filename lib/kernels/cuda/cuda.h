/*
 * cuda.h - the inside of libeae-cuda.so: the table of kernels on one NVIDIA device.
 *
 *   table.c      the exported symbol, the table, the check of the device when it is opened
 *   memory.c     the lock, the workspace, data that is kept on the device
 *   plan.c       how much goes into a panel; which calls pay
 *   feed.c       panels of a source (kernels.h) on their way to the device
 *   products.c   gram, gram_apply, decision, multiply
 *   sums.c       weights, moments
 *   features.c   feature_weights, feature_gram
 *   machines.c   svm_solve
 *   device.h     what the .cu files do, as plain C
 *
 * Who computes what
 *
 *   gram, gram_apply, decision, multiply   device: products of matrices, by our own kernel
 *   weights, moments                       device: a thread a feature, rows in order (the
 *                                          reference's bits)
 *   feature_weights, feature_gram          device
 *   svm_solve                              device: a block for each machine, to the end
 *   turn, rough_make, rough_dots           processor: as many bytes as operations, and the result
 *                                          is wanted there
 *   row_values, row_update                 processor: blocks of rows come from the disk, and are
 *                                          read once; the way to the device is slower than memory
 *   cholesky, cholesky_solve, eigen,       processor: small matrices, one after the other
 *   least_squares
 *
 * "Processor" is the table that the program had loaded before (libeae-cpu.so, else the reference).
 * With --backend cuda all of the first three rows goes to the device; with --backend auto a call
 * does where eae_cuda_pays() says so.
 *
 * Memory
 *
 *   One workspace, taken when first needed and made larger when a call needs more; seven eighths of
 *   what the device has free at most. A call says what it needs per slice of features (z, the
 * values on their way, the slice's sum) and gets as many slices at once as fit; larger problems go
 *   through in panels. Only the result and one slice must fit, else the call fails with what is
 *   needed and what is there. Data that the program holds (kernels.h: hold) is copied once, if it
 *   is at most half of the device's memory and there is room; else, and without hold, the rows and
 * features in use are sent with every call.
 *
 * Determinism
 *
 *   No atomics. A slice is 1,024 features whatever the panel; inside it a sum is one chain for each
 *   entry (f32: 256 products, then f64); slices are added in order. So the bits depend on the
 *   shape alone: neither on the device's size, nor on panels, nor on `threads`. Between
 *   architectures they are the same as far as the compiler's contraction is: every product kernel
 *   says fma() itself, and sums in rows say that they do not.
 *
 * Which device: the first that is visible (CUDA_VISIBLE_DEVICES), for the whole life of the
 * program; one only. All threads of the host share its one stream, so what is started after a copy
 * sees the copy, and a copy out has waited for all before it. Programs that are started from here
 * (exec: models) do not use what was opened: they begin anew.
 *
 * What is expected to run at once (ptxas -v for sm_90; a multiprocessor has 65,536 registers and
 * 228 KiB of shared memory, and holds 64 warps):
 *
 *     kernel            threads  registers  shared KiB  blocks  warps
 *     product, f32          256         80         8.5       3     24   registers
 *     product, f64          256        128        17.0       2     16   registers
 *     values, f32 / f64     256         40   4.1 / 8.3       6     48   registers
 *     weights, dots         128         40         0 / 1    12     48   registers
 *     moments               128         32           0      16     64
 *     svm, n <= 256         128         64        11.2       8     32   registers; 24 bytes spilled
 *     svm, n <= 1,024       128         96        44.2       5     20   both
 *
 * so that an H100 (132 multiprocessors) works on some thousand machines of up to 256 rows at a
 * time.
 *
 * Why no cuBLAS: its choice of kernels depends on version and device, so the order of its sums
 * does; it is a dependency of some hundred MB at run time; and our kernel is tested on the
 * processor, from the same source, which cuBLAS cannot be. What that costs in speed has not been
 * measured: nothing in this room has yet run on a device.
 */
#ifndef EAE_KERNELS_CUDA_H
#define EAE_KERNELS_CUDA_H

#include "kernels/cuda/device.h"
#include "kernels/cuda/plan.h"
#include "kernels/plugin.h"

/* ---- memory.c ---- */

extern const eae_plugin_host *eae_cuda_host;

/* What the processor computes: libeae-cpu.so, else the reference. */
const eae_kernels *eae_cuda_near(void);

/* Once, when there is a device. */
int eae_cuda_memory_open(void);

/* Memory of the host; NULL with the message set. */
void *eae_cuda_alloc(int64_t count, size_t size, const char *what);

/* The device for this thread alone, and the workspace for `slices` slices of features: the plan's
 * number of slices of a panel in *panel. EAE_FAIL with the message set (and nothing to close). */
int eae_cuda_begin(const eae_cuda_need *need, int64_t slices, eae_cuda_space *space,
                   int64_t *panel);
/* Ends it; returns `status`. */
int eae_cuda_end(int status);

void eae_cuda_hold(const void *data, int64_t bytes);
void eae_cuda_release(const void *data);
bool eae_cuda_is_held(const void *data, int64_t bytes);
/* Between begin and end: the copy on the device of data that is held, or NULL: it did not fit, or
 * is not held. */
const void *eae_cuda_resident(const void *data, int64_t bytes);

/* ---- feed.c ---- */

/* Panels of a source for the device. */
typedef struct eae_cuda_feed {
    const eae_source *source;
    const int64_t *row; /* of the source; NULL: 0 .. m-1 */
    int64_t m, features;
    int64_t slices; /* of a panel */
    bool resident;
    void *values;  /* on the device: m x features of the panel, where not resident */
    double *param; /* on the device: fill, shift, inverse, coef */
    double *design;
    int64_t *index, *rows;
    char *packed;         /* the same on the host */
    double *packed_param; /* at most 3 + terms to a feature */
    eae_cuda_panel panel;
} eae_cuda_feed;

int64_t eae_cuda_features(const eae_source *source);
/* The column of x of feature f of those in use. */
static inline int64_t eae_cuda_column(const eae_source *source, int64_t f)
{
    return source->feature ? source->feature[f] : f;
}
int64_t eae_cuda_slices(int64_t features);
/* Features of a panel of so many slices, or all if there are fewer. */
int64_t eae_cuda_width(int64_t slices, int64_t features);
/* Adds what the feed needs to that of the call. */
void eae_cuda_feed_need(const eae_source *source, int64_t m, eae_cuda_need *need);
/* Bytes that go to the device with every call. */
double eae_cuda_feed_bytes(const eae_source *source, int64_t m);
int eae_cuda_feed_open(eae_cuda_feed *feed, const eae_source *source, const int64_t *row, int64_t m,
                       int64_t slices, eae_cuda_space *space);
/* feed->panel is features first .. first + panel.count - 1 of those in use. */
int eae_cuda_feed_next(eae_cuda_feed *feed, int64_t first);
void eae_cuda_feed_close(eae_cuda_feed *feed);

/* ---- the table ---- */

/* True where a call is left to the processor (--backend auto, and it would not pay). */
bool eae_cuda_spares(double work, double in, double out);

int eae_cuda_gram(const eae_source *source, const int64_t *row, int64_t m, eae_precision precision,
                  double *gram, int threads);
int eae_cuda_weights(const eae_source *source, const int64_t *row, int64_t m, const double *b,
                     int64_t k, double *w, int threads);
int eae_cuda_decision(const eae_source *source, const int64_t *row, int64_t m, const double *w,
                      int64_t k, double *y, int threads);
int eae_cuda_gram_apply(const eae_source *source, const int64_t *row, int64_t m, const float *d,
                        const double *b, int64_t k, eae_precision precision, double *y,
                        int threads);
int eae_cuda_moments(const eae_source *source, const int64_t *row, int64_t m, const double *c,
                     int64_t s, double *weight, double *sum, double *square, int threads);
int eae_cuda_feature_weights(const eae_features *features, const int64_t *feature, int64_t count,
                             const double *b, int64_t k, double *w);
int eae_cuda_feature_gram(const eae_features *features, const int64_t *feature, int64_t count,
                          const int64_t *row, int64_t m, eae_precision precision, double sign,
                          double *gram, int threads);
int eae_cuda_solve(bool squared, eae_svm_task *task, int64_t count);
int eae_cuda_multiply(bool ta, bool tb, int64_t m, int64_t n, int64_t k, double alpha,
                      const double *a, const double *b, double beta, double *c);

#endif
