/* input.c - see input.h. */
#include "cache/input.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/content_hash.h"
#include "base/files.h"
#include "base/number.h"
#include "base/status.h"

/* Closes fd. */
static int put_in_place(int fd)
{
    if (fd < 0 || dup2(fd, STDIN_FILENO) < 0)
        return eae_fail_errno("standard input: cannot replace");
    if (fd != STDIN_FILENO)
        close(fd);
    return EAE_OK;
}

typedef struct {
    int to;
    eae_content_hasher *hasher;
    uint64_t size;
} copy;

static int copy_piece(void *context, const void *bytes, size_t n)
{
    copy *c = context;
    char size[EAE_NUMBER_TEXT];
    c->size += n;
    eae_content_hasher_add(c->hasher, bytes, n);
    int status = eae_write_all(c->to, bytes, n, "temporary file (--tmpdir)");
    if (status == EAE_OK)
        return EAE_OK;
    eae_format_size((double)c->size, size);
    return eae_fail_within(status, "standard input, kept before the command runs, at %s", size);
}

static int spool(eae_input *in, const char *tmpdir)
{
    int fd = eae_temp_file(tmpdir);
    if (fd < 0)
        return EAE_FAIL;
    copy c = {.to = fd, .hasher = eae_content_hasher_new()};
    int status = eae_read_each(STDIN_FILENO, "standard input", copy_piece, &c);
    in->hash = eae_content_hasher_value(c.hasher);
    in->size = c.size;
    eae_content_hasher_free(c.hasher);
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
