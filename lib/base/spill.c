/* spill.c - see spill.h. */
#include "base/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/files.h"
#include "base/status.h"

int eae_spill_open(eae_spill *spill, size_t size, const char *dir, const char *what)
{
    *spill = (eae_spill){.size = size > 0 ? size : 1};
    int fd = eae_temp_file(dir);
    if (fd < 0)
        return EAE_FAIL;
    errno = posix_fallocate(fd, 0, (off_t)spill->size);
    void *bytes = MAP_FAILED;
    if (errno == 0)
        bytes = mmap(NULL, spill->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (bytes == MAP_FAILED)
        eae_fail_errno("temporary file in %s (--tmpdir): no room for %s", eae_temp_folder(dir),
                       what);
    else
        spill->bytes = bytes;
    close(fd);
    return spill->bytes ? EAE_OK : EAE_FAIL;
}

void eae_spill_close(eae_spill *spill)
{
    if (spill->bytes)
        munmap(spill->bytes, spill->size);
    *spill = (eae_spill){0};
}
