/* region.c - see region.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* mremap */
#endif
#include "matrix/region.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/files.h"
#include "base/memory.h"

struct eae_region {
    char *bytes;
    size_t size;
    atomic_long references;
    char *name; /* of the file; NULL for memory */
    _Atomic(struct eae_region *) next;
};

/* The registered regions. The handler only follows `next` and compares addresses; changes are made
 * under the lock and leave the list whole at every moment. */
static _Atomic(eae_region *) registered;
static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;

static void say(const char *text)
{
    ssize_t ignored = write(STDERR_FILENO, text, strlen(text));

    (void)ignored;
}

static atomic_bool ending;

static void on_bus_error(int sig, siginfo_t *info, void *context)
{
    const char *address = info->si_addr;

    (void)context;
    for (eae_region *r = atomic_load(&registered); r != NULL; r = atomic_load(&r->next)) {
        if (address < r->bytes || address >= r->bytes + (r->size + 4095) / 4096 * 4096)
            continue;
        if (atomic_exchange(&ending, true)) { /* another thread says it and ends the program */
            for (;;)
                pause();
        }
        say(eae_diag_program_name());
        say(": ");
        say(r->name);
        say(": the file was truncated, or could not be read, while it was in use\n");
        eae_files_discard_all();
        _exit(EAE_FAIL);
    }
    /* not ours: the same again, with the default action */
    signal(sig, SIG_DFL);
}

static void register_region(eae_region *r)
{
    /* every time: somebody else (a test runner, R) may have put another handler in its place */
    struct sigaction action = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO};

    sigemptyset(&action.sa_mask);
    pthread_mutex_lock(&registry_lock);
    sigaction(SIGBUS, &action, NULL);
    atomic_store(&r->next, atomic_load(&registered));
    atomic_store(&registered, r);
    pthread_mutex_unlock(&registry_lock);
}

static void unregister_region(eae_region *r)
{
    _Atomic(eae_region *) *link = &registered;

    pthread_mutex_lock(&registry_lock);
    while (atomic_load(link) != r)
        link = &atomic_load(link)->next;
    atomic_store(link, atomic_load(&r->next));
    pthread_mutex_unlock(&registry_lock);
}

static eae_region *new_region(char *bytes, size_t size)
{
    eae_region *r = EAE_NEW(eae_region);

    r->bytes = bytes;
    r->size = size;
    atomic_init(&r->references, 1);
    return r;
}

eae_region *eae_region_map(int fd, size_t size, const char *name)
{
    char *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    eae_region *r;

    if (bytes == MAP_FAILED) {
        eae_fail_errno("%s: cannot map %zu bytes", name, size);
        return NULL;
    }
    r = new_region(bytes, size);
    r->name = eae_strdup(name);
    register_region(r);
    return r;
}

eae_region *eae_region_memory(size_t capacity)
{
    char *bytes = mmap(NULL, capacity, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (bytes == MAP_FAILED) {
        eae_fail_errno("cannot allocate %zu bytes for the input", capacity);
        return NULL;
    }
    return new_region(bytes, capacity);
}

int eae_region_resize(eae_region *r, size_t capacity)
{
    char *bytes = mremap(r->bytes, r->size, capacity, MREMAP_MAYMOVE);

    if (bytes == MAP_FAILED)
        return eae_fail_errno("cannot allocate %zu bytes for the input", capacity);
    r->bytes = bytes;
    r->size = capacity;
    return EAE_OK;
}

char *eae_region_bytes(const eae_region *r)
{
    return r->bytes;
}

size_t eae_region_size(const eae_region *r)
{
    return r->size;
}

void eae_region_ahead(const eae_region *r, const void *at, size_t n)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), begin = (uintptr_t)at / page * page;
    if (!eae_region_is_memory(r)) /* only advice: that it fails is no matter */
        (void)madvise((void *)begin, n + (uintptr_t)at - begin, MADV_WILLNEED);
}

bool eae_region_is_memory(const eae_region *r)
{
    return r->name == NULL;
}

eae_region *eae_region_retain(eae_region *r)
{
    atomic_fetch_add(&r->references, 1);
    return r;
}

void eae_region_release(eae_region *r)
{
    if (r == NULL || atomic_fetch_sub(&r->references, 1) > 1)
        return;
    if (r->name != NULL)
        unregister_region(r);
    munmap(r->bytes, r->size);
    free(r->name);
    free(r);
}
