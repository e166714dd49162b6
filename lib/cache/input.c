/* input.c - see input.h. */
#include "cache/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/content_hash.h"
#include "base/files.h"
#include "base/memory.h"

enum { PIECE = 1 << 18 };

/* Closes fd. */
static int put_in_place(int fd)
{
    if (fd < 0 || dup2(fd, STDIN_FILENO) < 0)
        return eae_fail_errno("standard input: cannot replace");
    if (fd != STDIN_FILENO)
        close(fd);
    return EAE_OK;
}

static int copy_hashed(eae_input *in, int to, eae_content_hasher *h)
{
    char *piece = eae_malloc(PIECE, 1);
    int status = EAE_OK;
    while (status == EAE_OK) {
        ssize_t got = read(STDIN_FILENO, piece, PIECE);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            status = eae_fail_errno("standard input: cannot read");
        if (got <= 0)
            break;
        eae_content_hasher_add(h, piece, (size_t)got);
        in->size += (uint64_t)got;
        status = eae_write_all(to, piece, (size_t)got, "temporary file (--tmpdir)");
    }
    free(piece);
    return status;
}

static int spool(eae_input *in, const char *tmpdir)
{
    int fd = eae_temp_file(tmpdir);
    if (fd < 0)
        return EAE_FAIL;
    eae_content_hasher *h = eae_content_hasher_new();
    int status = copy_hashed(in, fd, h);
    in->hash = eae_content_hasher_value(h);
    eae_content_hasher_free(h);
    if (status == EAE_OK && lseek(fd, 0, SEEK_SET) != 0)
        status = eae_fail_errno("temporary file");
    if (status != EAE_OK) {
        close(fd);
        return status;
    }
    in->spooled = true;
    return put_in_place(fd);
}

int eae_input_take(eae_input *in, bool empty, const char *tmpdir)
{
    struct stat st;
    *in = (eae_input){.none = false};
    if (!empty && fstat(STDIN_FILENO, &st) == 0) {
        if (S_ISREG(st.st_mode))
            return EAE_OK;
        if (!S_ISCHR(st.st_mode))
            return spool(in, tmpdir);
    }
    in->none = true;
    return put_in_place(open("/dev/null", O_RDONLY));
}
