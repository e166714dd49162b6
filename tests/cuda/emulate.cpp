/* emulate.cpp - see emulate.h. */
#include "emulate.h"

#include <stdio.h>
#include <string.h>
#include <ucontext.h>

eae_emulated eae_emulated_now = {1, 1, 1, 1};

enum { THREADS_MAX = 1024, STACK = 128 << 10 };

/* A thread of the block has a stack of its own. It is entered once by setcontext() and from then
 * on, for this block and those that follow, by __builtin_longjmp(), which makes no system call. */
struct fibre {
    void *place[5];
    bool begun, ended;
    dim3 index = 0;
};

static fibre fibres[THREADS_MAX];
static char *stacks;
static void *scheduler[5];
static unsigned current;
static void (*body_now)(const void *);
static const void *context_now;
static uint64_t random_state;
static long started;

#define PLAIN __attribute__((noinline, no_sanitize("address", "undefined")))

static PLAIN void leave()
{
    __builtin_longjmp(scheduler, 1);
}

PLAIN void eae_emulate_barrier()
{
    if (__builtin_setjmp(fibres[current].place) == 0)
        leave();
    eae_emulated_now.thread_index = fibres[current].index;
}

static void enter()
{
    for (;;) {
        body_now(context_now);
        fibres[current].ended = true;
        eae_emulate_barrier(); /* until the next block */
    }
}

static PLAIN void begin(unsigned t)
{
    ucontext_t start;
    getcontext(&start);
    start.uc_stack.ss_sp = stacks + (size_t)t * STACK;
    start.uc_stack.ss_size = STACK;
    start.uc_link = NULL;
    makecontext(&start, enter, 0);
    fibres[t].begun = true;
    setcontext(&start);
}

/* Until it ends or waits. */
static PLAIN void go_on(unsigned t)
{
    current = t;
    eae_emulated_now.thread_index = fibres[t].index;
    if (__builtin_setjmp(scheduler) != 0)
        return;
    if (fibres[t].begun)
        __builtin_longjmp(fibres[t].place, 1);
    begin(t);
}

static const char *setting(const char *name)
{
    const char *value = getenv(name);
    return value ? value : "";
}

static void order(unsigned n, unsigned *list)
{
    const char *how = setting("EAE_EMULATED_ORDER");
    bool reverse = strcmp(how, "reverse") == 0;
    for (unsigned i = 0; i < n; i++)
        list[i] = reverse ? n - 1 - i : i;
    for (unsigned i = n; i > 1 && strcmp(how, "shuffle") == 0; i--) {
        random_state = random_state * 6364136223846793005u + 1442695040888963407u;
        unsigned other = (unsigned)((random_state >> 33) % i), kept = list[i - 1];
        list[i - 1] = list[other];
        list[other] = kept;
    }
}

static void prepare(unsigned n, dim3 block)
{
    for (unsigned t = 0; t < n; t++) {
        fibres[t].ended = false;
        fibres[t].index = dim3(t % block.x, t / block.x % block.y, t / block.x / block.y);
    }
}

static void run_block(unsigned n, dim3 block)
{
    unsigned list[THREADS_MAX], ended = 0;
    prepare(n, block);
    while (ended < n) {
        unsigned waiting = 0, before = ended;
        order(n, list);
        for (unsigned i = 0; i < n; i++) {
            if (fibres[list[i]].ended)
                continue;
            go_on(list[i]);
            ended += fibres[list[i]].ended;
            waiting += !fibres[list[i]].ended;
        }
        if (waiting > 0 && ended > before) {
            fprintf(stderr, "emulated kernel: threads ended while others wait at a barrier\n");
            abort();
        }
    }
}

void eae_emulate_run(dim3 grid, dim3 block, void (*body)(const void *), const void *context)
{
    unsigned n = block.x * block.y * block.z, blocks = grid.x * grid.y * grid.z;
    started++;
    if (n > THREADS_MAX || grid.y > 65535 || grid.z > 65535 || blocks == 0 || n == 0) {
        fprintf(stderr, "emulated kernel: no such grid\n");
        abort();
    }
    if (!stacks)
        stacks = (char *)malloc((size_t)THREADS_MAX * STACK);
    if (!stacks)
        abort();
    body_now = body;
    context_now = context;
    eae_emulated_now.grid = grid;
    eae_emulated_now.block = block;
    bool wrong = *setting("EAE_EMULATED_WRONG") != '\0'; /* the last block is forgotten */
    unsigned *list = (unsigned *)malloc(blocks * sizeof *list);
    order(blocks, list);
    for (unsigned i = 0; i < blocks; i++) {
        unsigned b = list[i];
        if (wrong && b == blocks - 1)
            continue;
        eae_emulated_now.block_index = dim3(b % grid.x, b / grid.x % grid.y, b / grid.x / grid.y);
        run_block(n, block);
    }
    free(list);
}

const char *cudaGetErrorString(cudaError_t error)
{
    return error == cudaErrorMemoryAllocation ? "out of memory" : "unspecified launch failure";
}

cudaError_t cudaGetLastError()
{
    long fault = atol(setting("EAE_EMULATED_FAULT"));
    return fault > 0 && started == fault ? cudaErrorLaunchFailure : cudaSuccess;
}

cudaError_t cudaDriverGetVersion(int *version)
{
    *version = strcmp(setting("EAE_EMULATED_DRIVER"), "none") == 0 ? 0 : 13000;
    return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int *count)
{
    *count = 1;
    return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int device)
{
    snprintf(properties->name, sizeof properties->name, "emulated device %d", device);
    properties->major = properties->minor = 0;
    return cudaSuccess;
}

cudaError_t cudaSetDevice(int device)
{
    (void)device;
    return cudaSuccess;
}

static size_t in_use;

static size_t memory_size()
{
    const char *size = setting("EAE_EMULATED_MEMORY");
    return *size ? (size_t)atoll(size) : (size_t)256 << 20;
}

cudaError_t cudaMemGetInfo(size_t *left, size_t *total)
{
    *total = memory_size();
    *left = *total > in_use ? *total - in_use : 0;
    return cudaSuccess;
}

enum { HEAD = 256 };

cudaError_t cudaMalloc(void **memory, size_t bytes)
{
    if (bytes + in_use > memory_size())
        return cudaErrorMemoryAllocation;
    size_t *head = (size_t *)malloc(bytes + HEAD);
    if (!head)
        return cudaErrorMemoryAllocation;
    *head = bytes;
    in_use += bytes;
    memset((char *)head + HEAD, 0xff, bytes);
    *memory = (char *)head + HEAD;
    return cudaSuccess;
}

cudaError_t cudaFree(void *memory)
{
    if (memory) {
        size_t *head = (size_t *)(void *)((char *)memory - HEAD);
        in_use -= *head;
        free(head);
    }
    return cudaSuccess;
}

cudaError_t cudaMemset(void *to, int value, size_t bytes)
{
    memset(to, value, bytes);
    return cudaSuccess;
}

cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, cudaMemcpyKind kind)
{
    (void)kind;
    memcpy(to, from, bytes);
    return cudaSuccess;
}

cudaError_t cudaMemcpy2D(void *to, size_t to_step, const void *from, size_t from_step, size_t bytes,
                         size_t rows, cudaMemcpyKind kind)
{
    for (size_t r = 0; r < rows; r++)
        cudaMemcpy((char *)to + r * to_step, (const char *)from + r * from_step, bytes, kind);
    return cudaSuccess;
}
