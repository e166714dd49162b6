/* owner.c - who a temporary file or a lock belongs to, and whether that process still runs. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/files.h"
#include "cache/store.h"

/* Long enough for any process that is still there but on another host: a day. */
enum { ABANDONED = 86400, HOST_MAX = 80 };

/* When a process began, in the kernel's ticks since the machine did; 0: there is no such process,
 * or it is dead and its parent has not asked yet. With it a process that has got the number of
 * another is told from it. */
static unsigned long long start_of(long pid)
{
    char path[64], line[1024];
    unsigned long long start = 0;
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    FILE *f = fopen(path, "re");
    if (!f)
        return 0;
    size_t n = fread(line, 1, sizeof line - 1, f);
    fclose(f);
    line[n] = '\0';
    char *p = strrchr(line, ')'); /* the name may hold anything */
    if (p && (p[1] != ' ' || strchr("ZXx", p[2])))
        return 0;
    for (int field = 2; p && field < 22; field++)
        p = strchr(p + 1, ' ');
    if (p)
        start = strtoull(p + 1, NULL, 10);
    return start;
}

/* Eight digits that a reboot changes: process numbers mean nothing across one. */
static void boot_text(char text[9])
{
    char *id = NULL;
    size_t n;
    memcpy(text, "00000000", 9);
    if (eae_read_file("/proc/sys/kernel/random/boot_id", &id, &n) == EAE_OK && n >= 8)
        memcpy(text, id, 8);
    free(id);
}

static void host_text(char text[HOST_MAX])
{
    struct utsname name;
    snprintf(text, HOST_MAX, "%s", uname(&name) == 0 ? name.nodename : "unknown");
    for (char *p = text; *p; p++) {
        if (!isalnum((unsigned char)*p) && *p != '-')
            *p = '_';
    }
}

char *eae_store_owner(void)
{
    char host[HOST_MAX], boot[9];
    host_text(host);
    boot_text(boot);
    return eae_sprintf("%s.%s.%ld.%llu", host, boot, (long)getpid(), start_of(getpid()));
}

/* The last four words of `text` between points. */
static bool parse_owner(const char *text, char host[HOST_MAX], char boot[9], long *pid,
                        unsigned long long *start)
{
    const char *word = text + strlen(text);
    for (int points = 0; word > text; word--) {
        if (word[-1] == '.' && ++points == 4)
            break;
    }
    return sscanf(word, "%79[^.].%8[^.].%ld.%llu", host, boot, pid, start) == 4;
}

bool eae_store_owner_dead(const char *text)
{
    char host[HOST_MAX], boot[9], our_host[HOST_MAX], our_boot[9];
    long pid;
    unsigned long long start;
    if (!parse_owner(text, host, boot, &pid, &start))
        return false;
    host_text(our_host);
    boot_text(our_boot);
    if (strcmp(host, our_host) != 0)
        return false;
    return strcmp(boot, our_boot) != 0 || pid <= 0 || start_of(pid) != start;
}

static bool is_left_behind(const char *path, const char *name, int64_t now)
{
    struct stat st;
    if (eae_store_owner_dead(name))
        return true;
    return now > 0 && lstat(path, &st) == 0 && now - (int64_t)st.st_mtime > ABANDONED;
}

int eae_store_sweep(const eae_store *s)
{
    char *folder = eae_sprintf("%s/tmp", s->root);
    int64_t now = eae_store_now(s);
    int removed = 0;
    DIR *d = opendir(folder);
    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
        if (e->d_name[0] == '.')
            continue;
        char *path = eae_sprintf("%s/%s", folder, e->d_name);
        if (is_left_behind(path, e->d_name, now))
            removed += unlink(path) == 0;
        free(path);
    }
    if (d)
        closedir(d);
    free(folder);
    return removed;
}
