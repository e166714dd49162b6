/* plan.c - see plan.h. */
#include "kernels/cuda/plan.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#include <string.h>
#else
#define ASAN_POISON_MEMORY_REGION(base, size) ((void)(base), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(base, size) ((void)(base), (void)(size))
#endif

int64_t eae_cuda_budget(int64_t room)
{
    return room > 0 ? room - room / 8 : 0;
}

double eae_cuda_need_total(const eae_cuda_need *need, int64_t slices)
{
    return need->fixed + need->slice * (double)slices + (double)EAE_CUDA_PARTS * EAE_CUDA_ALIGN;
}

int64_t eae_cuda_panel_slices(const eae_cuda_need *need, int64_t slices, int64_t budget)
{
    int64_t most = slices < EAE_CUDA_SLICES_MOST ? slices : EAE_CUDA_SLICES_MOST;
    if (need->staged * (double)most > EAE_CUDA_STAGED_MOST)
        most = (int64_t)(EAE_CUDA_STAGED_MOST / need->staged);
    if (most < 1)
        most = 1;
    double left = (double)budget - eae_cuda_need_total(need, 0);
    if (left < need->slice)
        return 0;
    if (left >= need->slice * (double)most)
        return most;
    return (int64_t)(left / need->slice);
}

void eae_cuda_space_open(eae_cuda_space *space, void *base, int64_t size)
{
    *space = (eae_cuda_space){.base = base, .size = size};
#ifdef __SANITIZE_ADDRESS__
    memset(base, 0xff, (size_t)size);
#endif
    ASAN_POISON_MEMORY_REGION(space->base, (size_t)size);
}

void eae_cuda_space_close(eae_cuda_space *space)
{
    ASAN_UNPOISON_MEMORY_REGION(space->base, (size_t)space->size);
}

void *eae_cuda_part(eae_cuda_space *space, int64_t count, size_t size)
{
    int64_t bytes;
    if (count < 0 || __builtin_mul_overflow(count, (int64_t)size, &bytes) ||
        bytes > space->size - space->used)
        return NULL;
    void *part = space->base + space->used;
    ASAN_UNPOISON_MEMORY_REGION(part, (size_t)bytes);
    int64_t next = space->used + bytes;
    next += (EAE_CUDA_ALIGN - next % EAE_CUDA_ALIGN) % EAE_CUDA_ALIGN;
    space->used = next < space->size ? next : space->size;
    return part;
}

bool eae_cuda_pays(double work, double in, double out)
{
    static const double near = 4e11, far = 8e12, copy = 8e9, start = 1e-4, margin = 1.5;
    return work / near > margin * (start + (in + out) / copy + work / far);
}
