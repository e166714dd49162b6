/* share.c - see share.h. */
#include "base/share.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

enum { FOLDERS_UP = 3 };

static bool has(const char *folder, const char *name)
{
    char *file = eae_sprintf("%s/%s", folder, name);
    bool is_there = access(file, R_OK) == 0;
    free(file);
    return is_there;
}

/* In share/ of `above`; NULL: not there. */
static char *look_in(const char *above, const char *room, const char *file)
{
    for (int k = 0; k < 2; k++) {
        char *folder = eae_sprintf("%s/share/%s%s", above, k == 0 ? "eae/" : "", room);
        if (has(folder, file))
            return folder;
        free(folder);
    }
    return NULL;
}

char *eae_share_folder(const char *program, const char *room, const char *file)
{
    const char *share = getenv("EAE_SHARE");
    char *folder = NULL;
    if (share && *share) {
        folder = eae_sprintf("%s/%s", share, room);
        if (has(folder, file))
            return folder;
        free(folder);
        return NULL;
    }
    char *here = eae_strdup(program), *slash = strrchr(here, '/');
    for (int up = 0; slash && up <= FOLDERS_UP && !folder; up++) {
        *slash = '\0';
        if (up > 0)
            folder = look_in(here, room, file);
        slash = strrchr(here, '/');
    }
    free(here);
    return folder;
}
