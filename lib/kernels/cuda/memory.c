/*
 * memory.c - one call at a time on the device, its workspace, and data that stays there. See
 * cuda.h.
 */
#include "kernels/cuda/cuda.h"

#include <pthread.h>
#include <stdlib.h>

const eae_plugin_host *eae_cuda_host;

typedef struct {
    const void *data; /* NULL: a free place */
    int64_t bytes;
    int64_t times; /* held */
    void *copy;    /* on the device; NULL: not yet, or it did not fit */
    bool tried;
} held;

static pthread_mutex_t device = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t list = PTHREAD_MUTEX_INITIALIZER;
static int64_t device_bytes;
static eae_cuda_space workspace;
static held *kept;
static int places;

int eae_cuda_memory_open(void)
{
    int64_t room;
    return eae_cuda_device_room(&room, &device_bytes);
}

int eae_cuda_fail(const char *what, const char *why)
{
    return why ? eae_cuda_host->fail("%s: %s", what, why)
               : eae_cuda_host->fail("%s (driver not found)", what);
}

int eae_cuda_failed_at(const char *what, const char *why)
{
    return eae_cuda_host->fail("the CUDA device failed at %s: %s", what, why);
}

void *eae_cuda_alloc(int64_t count, size_t size, const char *what)
{
    size_t bytes;
    void *p = NULL;
    if (count >= 0 && !__builtin_mul_overflow((size_t)count, size, &bytes) && bytes < SIZE_MAX / 2)
        p = malloc(bytes ? bytes : 1);
    if (!p)
        eae_cuda_host->fail("cannot allocate %lld x %zu bytes for %s", (long long)count, size,
                            what);
    return p;
}

/* The workspace holds `bytes`. */
static int enlarge(int64_t bytes)
{
    if (bytes <= workspace.size)
        return EAE_OK;
    eae_cuda_device_give(workspace.base);
    workspace = (eae_cuda_space){.base = eae_cuda_device_take(bytes, "memory of the CUDA device")};
    workspace.size = workspace.base ? bytes : 0;
    return workspace.base ? EAE_OK : EAE_FAIL;
}

static int plan(const eae_cuda_need *need, int64_t slices, int64_t *panel)
{
    int64_t room, total;
    eae_cuda_resident(need->data, need->bytes); /* before the workspace takes the room */
    *panel = eae_cuda_panel_slices(need, slices, INT64_MAX);
    if (eae_cuda_need_total(need, *panel) <= (double)workspace.size)
        return EAE_OK; /* as most calls find it, without a question to the driver */
    if (eae_cuda_device_room(&room, &total) != EAE_OK)
        return EAE_FAIL;
    room = eae_cuda_budget(room + workspace.size); /* ours may be given back for a larger one */
    *panel = eae_cuda_panel_slices(need, slices, room);
    if (*panel == 0)
        return eae_cuda_host->fail("the CUDA device has %.1fM free, and %.1fM are needed",
                                   (double)room / 0x1p20, eae_cuda_need_total(need, 1) / 0x1p20);
    /* what is free may be in pieces, or be taken by another program meanwhile */
    while (enlarge((int64_t)eae_cuda_need_total(need, *panel)) != EAE_OK) {
        if (*panel == 1)
            return EAE_FAIL;
        *panel /= 2;
    }
    return EAE_OK;
}

int eae_cuda_begin(const eae_cuda_need *need, int64_t slices, eae_cuda_space *space, int64_t *panel)
{
    pthread_mutex_lock(&device);
    if (plan(need, slices, panel) != EAE_OK) {
        pthread_mutex_unlock(&device);
        return EAE_FAIL;
    }
    eae_cuda_space_open(space, workspace.base, workspace.size);
    return EAE_OK;
}

int eae_cuda_end(int status)
{
    eae_cuda_space_close(&workspace);
    pthread_mutex_unlock(&device);
    return status;
}

/* ---- held data ---------------------------------------------------------------------------------
 *
 * The list has a lock of its own, which is not kept while the device computes: whether a call pays
 * is asked by threads that compute on the processor. `device` is taken before it where both are.
 */

static held *find(const void *data, int64_t bytes)
{
    for (int i = 0; i < places; i++) {
        if (kept[i].data == data && data && (bytes == 0 || kept[i].bytes == bytes))
            return &kept[i];
    }
    return NULL;
}

/* A free place, or NULL. */
static held *free_place(void)
{
    for (int i = 0; i < places; i++) {
        if (!kept[i].data)
            return &kept[i];
    }
    held *more = realloc(kept, (size_t)(places + 1) * sizeof *kept);
    if (!more)
        return NULL;
    kept = more;
    kept[places] = (held){0};
    return &kept[places++];
}

/* Not by what is free: which calls pay must not change from run to run. */
void eae_cuda_hold(const void *data, int64_t bytes)
{
    if (bytes > device_bytes / 2)
        return;
    pthread_mutex_lock(&list);
    held *h = find(data, bytes);
    if (!h)
        h = free_place();
    if (h) { /* else it is sent with every call */
        h->data = data;
        h->bytes = bytes;
        h->times++;
    }
    pthread_mutex_unlock(&list);
}

void eae_cuda_release(const void *data)
{
    pthread_mutex_lock(&device);
    pthread_mutex_lock(&list);
    held *h = find(data, 0);
    if (h && --h->times == 0) {
        eae_cuda_device_give(h->copy);
        *h = (held){0};
    }
    pthread_mutex_unlock(&list);
    pthread_mutex_unlock(&device);
}

bool eae_cuda_is_held(const void *data, int64_t bytes)
{
    pthread_mutex_lock(&list);
    bool there = find(data, bytes) != NULL;
    pthread_mutex_unlock(&list);
    return there;
}

/* NULL where there is no room, or a copy could not be made. */
static void *copy_of(const void *data, int64_t bytes)
{
    int64_t room, total;
    if (bytes == 0 || eae_cuda_device_room(&room, &total) != EAE_OK || bytes > room - room / 4)
        return NULL;
    void *copy = eae_cuda_device_take(bytes, "data on the CUDA device");
    if (copy && eae_cuda_copy_in(copy, data, bytes) != EAE_OK) {
        eae_cuda_device_give(copy);
        return NULL;
    }
    if (copy)
        eae_cuda_host->detail("%.1fM of data stay on the CUDA device", (double)bytes / 0x1p20);
    return copy;
}

const void *eae_cuda_resident(const void *data, int64_t bytes)
{
    pthread_mutex_lock(&list);
    held *h = find(data, bytes);
    if (h && !h->tried)
        h->copy = copy_of(data, bytes);
    if (h)
        h->tried = true;
    const void *copy = h ? h->copy : NULL;
    pthread_mutex_unlock(&list);
    return copy;
}
