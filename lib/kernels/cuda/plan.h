/*
 * plan.h - what goes where on the device: pure arithmetic, no CUDA. Sizes in bytes.
 *
 * A call works on panels of features. A panel is a number of slices (EAE_CUDA_SLICE features), as
 * many as what is free allows, but the result does not depend on it: slices are summed one by one.
 */
#ifndef EAE_KERNELS_CUDA_PLAN_H
#define EAE_KERNELS_CUDA_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a call needs: whatever the panels are, and for each slice of one; and the data of the host
 * that it reads. */
typedef struct eae_cuda_need {
    double fixed;
    double slice;
    double staged; /* of a slice: bytes that are put together on the host first */
    const void *data;
    int64_t bytes;
} eae_cuda_need;

/* Every part of the workspace begins at a multiple of this. */
enum { EAE_CUDA_ALIGN = 256, EAE_CUDA_PARTS = 24, EAE_CUDA_SLICES_MOST = 256 };

/* Bytes of a panel that are put together on the host at a time, unless one slice has more. */
enum { EAE_CUDA_STAGED_MOST = 1 << 27 };

/* What gridDim.y and z can be. */
enum { EAE_CUDA_GRID_MOST = 65535 };

/* What is kept free beside what we take: an eighth, for the driver and for others. */
int64_t eae_cuda_budget(int64_t room);

/* Slices of a panel, 1 .. EAE_CUDA_SLICES_MOST and at most `slices` (1 if that is 0); 0 where not
 * even one fits the budget. */
int64_t eae_cuda_panel_slices(const eae_cuda_need *need, int64_t slices, int64_t budget);

/* Bytes of a workspace for panels of so many slices, with what alignment may add. */
double eae_cuda_need_total(const eae_cuda_need *need, int64_t slices);

/* A workspace that is handed out in parts. Under AddressSanitizer, where the device is an emulated
 * one, it is filled with NaN when it is opened, and only its parts may be touched until it is
 * closed: a kernel that leaves its part, or reads what it did not write, is found. */
typedef struct eae_cuda_space {
    char *base;
    int64_t size, used;
} eae_cuda_space;

void eae_cuda_space_open(eae_cuda_space *space, void *base, int64_t size);
void eae_cuda_space_close(eae_cuda_space *space);

/* count x size bytes, aligned; NULL where they are not there (the plan was wrong). */
void *eae_cuda_part(eae_cuda_space *space, int64_t count, size_t size);

/*
 * Does a call pay on the device? `work`: multiplications; `in`, `out`: bytes to and from it. The
 * processor is taken to do 4e11 multiplications a second and the device 8e12, copies 8e9 bytes a
 * second, a call to take 1e-4 s, and the device must win by half. A function of the shape alone,
 * never of the number of threads, because backends differ in the last bits. The figures are from
 * data sheets (16 cores; H100), on the side of the processor, and have not been measured.
 */
bool eae_cuda_pays(double work, double in, double out);

#endif
