/* archive_load.c - see archive_load.h. */
#include "base/archive_load.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

/* A pointer to a function out of one to an object, as POSIX has it. */
static int find(void *library, const char *name, void *function)
{
    void *symbol = dlsym(library, name);
    if (!symbol)
        return eae_fail("libarchive has no %s", name);
    memcpy(function, &symbol, sizeof symbol);
    return EAE_OK;
}

int eae_archive_load(eae_archive_library *lib)
{
    void *library = dlopen("libarchive.so.13", RTLD_LAZY | RTLD_LOCAL);
    if (!library)
        return eae_fail("archives, and bzip2, xz and zstd data, need libarchive: %s", dlerror());
    int status = EAE_OK;
#define FIND(name) \
    if (status == EAE_OK) \
        status = find(library, "archive_" #name, &lib->name);
    EAE_ARCHIVE_FUNCTIONS(FIND)
#undef FIND
    return status;
}
