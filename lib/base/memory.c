/* memory.c - see memory.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* madvise */
#endif
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/diag.h"

/* Data that are read here and there find their page faster when pages are large. */
enum { HUGE_PAGE = 2 << 20, HUGE_FROM = 4 << 20 };

bool eae_mul_fits(size_t a, size_t b, size_t *product)
{
    return !__builtin_mul_overflow(a, b, product);
}

bool eae_add_fits(size_t a, size_t b, size_t *sum)
{
    return !__builtin_add_overflow(a, b, sum);
}

static size_t checked_size(size_t count, size_t size)
{
    size_t bytes;
    if (!eae_mul_fits(count, size, &bytes))
        eae_die("out of memory (%zu x %zu bytes)", count, size);
    return bytes ? bytes : 1;
}

void *eae_malloc(size_t count, size_t size)
{
    size_t bytes = checked_size(count, size);
    void *p = malloc(bytes);
    if (!p)
        eae_die("out of memory (%zu bytes)", bytes);
    return p;
}

void *eae_calloc(size_t count, size_t size)
{
    size_t bytes = checked_size(count, size);
    void *p = calloc(1, bytes);
    if (!p)
        eae_die("out of memory (%zu bytes)", bytes);
    return p;
}

void *eae_realloc(void *old, size_t count, size_t size)
{
    size_t bytes = checked_size(count, size);
    void *p = realloc(old, bytes);
    if (!p)
        eae_die("out of memory (%zu bytes)", bytes);
    return p;
}

char *eae_strdup(const char *s)
{
    return eae_strndup(s, strlen(s));
}

char *eae_strndup(const char *s, size_t n)
{
    char *copy = eae_malloc(n + 1, 1);
    memcpy(copy, s, n);
    copy[n] = '\0';
    return copy;
}

char *eae_sprintf(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *text = eae_malloc((size_t)n + 1, 1);
    vsnprintf(text, (size_t)n + 1, fmt, again);
    va_end(again);
    return text;
}

void *eae_try_alloc(size_t count, size_t size, const char *what)
{
    size_t bytes;
    /* whole lines, so that vectors may be read beyond the end */
    if (!eae_mul_fits(count, size, &bytes) || bytes > SIZE_MAX - 64) {
        eae_fail("cannot allocate %zu x %zu bytes for %s", count, size, what);
        return NULL;
    }
    bytes = bytes ? (bytes + 63) / 64 * 64 : 64;
    bool huge = bytes >= HUGE_FROM;
    void *p;
    if (posix_memalign(&p, huge ? HUGE_PAGE : 64, bytes) != 0)
        p = NULL;
    if (!p)
        eae_fail("cannot allocate %.1fM for %s", (double)bytes / 1048576.0, what);
#ifdef MADV_HUGEPAGE
    /* whole pages only, so that no more becomes resident; where the system has none, no matter */
    if (p && huge)
        madvise(p, bytes / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
#endif
    return p;
}

char *eae_buffer_reserve(eae_buffer *b, size_t n)
{
    size_t need;
    if (!eae_add_fits(b->length, n, &need) || !eae_add_fits(need, 1, &need))
        eae_die("out of memory (%zu + %zu bytes)", b->length, n);
    if (need > b->capacity) {
        size_t grown = b->capacity + b->capacity / 2;
        b->capacity = need > grown ? need : grown;
        b->data = eae_realloc(b->data, b->capacity, 1);
    }
    return b->data + b->length;
}

void eae_buffer_add(eae_buffer *b, const void *bytes, size_t n)
{
    char *to = eae_buffer_reserve(b, n);
    if (n > 0)
        memcpy(to, bytes, n);
    b->length += n;
    b->data[b->length] = '\0';
}

void eae_buffer_puts(eae_buffer *b, const char *text)
{
    eae_buffer_add(b, text, strlen(text));
}

void eae_buffer_putc(eae_buffer *b, char c)
{
    eae_buffer_add(b, &c, 1);
}

void eae_buffer_printf(eae_buffer *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *to = eae_buffer_reserve(b, (size_t)n + 1);
    vsnprintf(to, (size_t)n + 1, fmt, again);
    va_end(again);
    b->length += (size_t)n;
}

void eae_buffer_free(eae_buffer *b)
{
    free(b->data);
    *b = (eae_buffer){0};
}

/* One number out of a one-line file; UINT64_MAX if there is none ("max", no file). */
static uint64_t read_limit(const char *path)
{
    FILE *f = fopen(path, "re");
    if (!f)
        return UINT64_MAX;
    unsigned long long value;
    int got = fscanf(f, "%llu", &value);
    fclose(f);
    return got == 1 ? value : UINT64_MAX;
}

static uint64_t cgroup_available(void)
{
    uint64_t limit = read_limit("/sys/fs/cgroup/memory.max");
    uint64_t used = read_limit("/sys/fs/cgroup/memory.current");
    if (limit == UINT64_MAX) { /* cgroup v1 */
        limit = read_limit("/sys/fs/cgroup/memory/memory.limit_in_bytes");
        used = read_limit("/sys/fs/cgroup/memory/memory.usage_in_bytes");
    }
    if (limit == UINT64_MAX || used == UINT64_MAX)
        return limit;
    return limit > used ? limit - used : 0;
}

uint64_t eae_memory_available(void)
{
    uint64_t kernel = UINT64_MAX;
    FILE *f = fopen("/proc/meminfo", "re");
    if (f) {
        char line[128];
        unsigned long long kib;
        while (fgets(line, sizeof line, f)) {
            if (sscanf(line, "MemAvailable: %llu", &kib) == 1)
                kernel = (uint64_t)kib * 1024;
        }
        fclose(f);
    }
    if (kernel == UINT64_MAX)
        kernel = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t cgroup = cgroup_available();
    return cgroup < kernel ? cgroup : kernel;
}

uint64_t eae_memory_peak(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)usage.ru_maxrss * 1024;
}
