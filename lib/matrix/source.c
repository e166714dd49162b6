/* source.c - see source.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* F_SETPIPE_SZ */
#endif
#include "matrix/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/files.h"
#include "base/memory.h"

enum {
    READ_WHOLE = 1 << 20, /* files up to this size are read: mapping them would cost more */
    PIPE_STEP = 1 << 20
};

static ssize_t read_some(int fd, void *to, size_t n)
{
    ssize_t got;

    do
        got = read(fd, to, n);
    while (got < 0 && errno == EINTR);
    return got;
}

/* Append to memory until the end of the input (*ended) or until `limit` bytes are there. */
static int fill_memory(eae_source *s, int fd, uint64_t limit, bool *ended)
{
    *ended = false;
    while (s->size < limit) {
        size_t room = eae_region_size(s->region) - s->size;
        ssize_t got;

        if (room < PIPE_STEP) {
            if (eae_region_resize(s->region, 2 * eae_region_size(s->region)) != EAE_OK)
                return eae_fail_within(EAE_FAIL, "%s", s->name);
            continue;
        }
        got = read_some(fd, eae_region_bytes(s->region) + s->size, PIPE_STEP);
        if (got < 0)
            return eae_fail_errno("%s: cannot read", s->name);
        if (got == 0) {
            *ended = true;
            return EAE_OK;
        }
        s->size += (size_t)got;
    }
    return EAE_OK;
}

/* The rest of the input into the temporary file, through the memory that is there already. */
static int copy_rest(eae_source *s, int fd, int temp, const char *name)
{
    char *bytes = eae_region_bytes(s->region);
    ssize_t got;

    if (eae_write_all(temp, bytes, s->size, name) != EAE_OK)
        return EAE_FAIL;
    while ((got = read_some(fd, bytes, PIPE_STEP)) > 0) {
        if (eae_write_all(temp, bytes, (size_t)got, name) != EAE_OK)
            return EAE_FAIL;
        s->size += (size_t)got;
    }
    return got < 0 ? eae_fail_errno("%s: cannot read", s->name) : EAE_OK;
}

/* write(2), so that a full disk is an error and not a signal */
static int spill(eae_source *s, int fd, const char *tmpdir)
{
    eae_region *mapped = NULL;
    int temp = eae_temp_file(tmpdir);

    if (temp < 0)
        return EAE_FAIL;
    char *name = eae_sprintf("temporary file in %s (--tmpdir)", eae_temp_folder(tmpdir));
    if (copy_rest(s, fd, temp, name) == EAE_OK)
        mapped = eae_region_map(temp, s->size, name);
    free(name);
    close(temp);
    if (mapped == NULL)
        return eae_fail_within(EAE_FAIL, "%s", s->name);
    eae_region_release(s->region);
    s->region = mapped;
    return EAE_OK;
}

static int read_pipe(eae_source *s, int fd, uint64_t memory, const char *tmpdir)
{
    bool ended;

    fcntl(fd, F_SETPIPE_SZ, PIPE_STEP); /* fewer, larger reads; a refusal does not matter */
    s->region = eae_region_memory(2 * PIPE_STEP);
    if (s->region == NULL)
        return EAE_FAIL;
    if (fill_memory(s, fd, memory, &ended) != EAE_OK)
        return EAE_FAIL;
    if (!ended)
        return spill(s, fd, tmpdir);
    return eae_region_resize(s->region, s->size > 0 ? s->size : 1);
}

static int map_file(eae_source *s, int fd)
{
    s->size = (size_t)s->before.st_size;
    s->region = eae_region_map(fd, s->size, s->name);
    if (s->region == NULL)
        return EAE_FAIL;
    s->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (s->fd < 0)
        return eae_fail_errno("%s: cannot keep it open", s->name);
    return EAE_OK;
}

static int read_descriptor(eae_source *s, int fd, uint64_t memory, const char *tmpdir)
{
    bool at_start;

    if (isatty(fd))
        return eae_fail("%s is a terminal: give a file, or write into a pipe", s->name);
    if (fstat(fd, &s->before) != 0)
        return eae_fail_errno("%s: cannot read", s->name);
    if (S_ISDIR(s->before.st_mode))
        return eae_fail("%s: is a directory", s->name);
    /* a shell may hand us a file that something else has read from already: then only its rest */
    at_start = lseek(fd, 0, SEEK_CUR) == 0;
    if (S_ISREG(s->before.st_mode) && at_start && s->before.st_size > READ_WHOLE)
        return map_file(s, fd);
    return read_pipe(s, fd, memory, tmpdir);
}

int eae_source_open(eae_source *s, const char *path, uint64_t memory, const char *tmpdir)
{
    bool standard = strcmp(path, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    int status;

    memset(s, 0, sizeof *s);
    s->fd = -1;
    if (fd < 0)
        return eae_fail_errno("%s: cannot open", path);
    s->name = eae_strdup(standard ? "standard input" : path);
    status = read_descriptor(s, fd, memory, tmpdir);
    if (!standard)
        close(fd);
    if (status != EAE_OK)
        eae_source_close(s);
    return status;
}

int eae_source_check(const eae_source *s)
{
    struct stat now;

    if (s->fd < 0)
        return EAE_OK;
    if (fstat(s->fd, &now) != 0)
        return eae_fail_errno("%s: cannot check for changes", s->name);
    if (now.st_size != s->before.st_size || now.st_mtim.tv_sec != s->before.st_mtim.tv_sec ||
        now.st_mtim.tv_nsec != s->before.st_mtim.tv_nsec)
        return eae_fail("%s: changed while it was in use", s->name);
    return EAE_OK;
}

void eae_source_release(eae_source *s)
{
    eae_region_release(s->region);
    s->region = NULL;
}

void eae_source_close(eae_source *s)
{
    eae_source_release(s);
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
    free(s->name);
    s->name = NULL;
}
