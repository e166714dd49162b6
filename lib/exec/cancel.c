/* cancel.c - files in DIR/cancel by which one process asks another to end a batch or a job. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/number.h"
#include "exec/batch.h"

static char *cancel_path(const eae_batch *b, int64_t job)
{
    return job < 0 ? eae_sprintf("%s/cancel/all", b->path)
                   : eae_sprintf("%s/cancel/%lld", b->path, (long long)job + 1);
}

int eae_batch_ask_cancel(const eae_batch *b, int64_t job)
{
    char *path = cancel_path(b, job);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    int status = fd < 0 ? eae_fail_errno("%s: cannot create", path) : EAE_OK;
    if (fd >= 0)
        close(fd);
    free(path);
    return status;
}

bool eae_batch_cancel_asked(const eae_batch *b, int64_t job)
{
    char *path = cancel_path(b, job);
    bool asked = access(path, F_OK) == 0;
    free(path);
    return asked;
}

/* fn for the name of each file; the number of them. */
static int each_asked(const eae_batch *b, void (*fn)(void *context, int dir, const char *name),
                      void *context)
{
    char *path = eae_sprintf("%s/cancel", b->path);
    DIR *d = opendir(path);
    int found = 0;
    for (struct dirent *e; d && (e = readdir(d));) {
        if (e->d_name[0] == '.')
            continue;
        found++;
        fn(context, dirfd(d), e->d_name);
    }
    if (d)
        closedir(d);
    free(path);
    return found;
}

static void note(void *context, int dir, const char *name)
{
    eae_cancel_list *l = context;
    int64_t job;
    (void)dir;
    if (strcmp(name, "all") == 0) {
        l->all = true;
    } else if (eae_parse_int(name, strlen(name), &job) && job > 0) {
        l->job = eae_realloc(l->job, (size_t)l->count + 1, sizeof *l->job);
        l->job[l->count++] = job - 1;
    }
}

void eae_batch_cancel_list(const eae_batch *b, eae_cancel_list *l)
{
    *l = (eae_cancel_list){0};
    each_asked(b, note, l);
}

static void forget(void *context, int dir, const char *name)
{
    (void)context;
    unlinkat(dir, name, 0);
}

void eae_batch_forget_cancel(const eae_batch *b)
{
    each_asked(b, forget, NULL);
}
