/* program.c - see program.h. */
#include "cache/program.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/share.h"
#include "cache/memo.h"
#include "cache/request.h"

/* ---- where it is --------------------------------------------------------------------------- */

static bool is_program(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* As execvp(3) does; the caller frees. NULL: there is none. */
static char *search(const char *word)
{
    const char *path = getenv("PATH");
    if (strchr(word, '/'))
        return is_program(word) ? eae_strdup(word) : NULL;
    for (const char *p = path ? path : "/bin:/usr/bin"; *word;) {
        size_t n = strcspn(p, ":");
        char *candidate = n ? eae_sprintf("%.*s/%s", (int)n, p, word) : eae_sprintf("./%s", word);
        if (is_program(candidate))
            return candidate;
        free(candidate);
        if (!p[n])
            return NULL;
        p += n + 1;
    }
    return NULL;
}

/* ---- what it is ---------------------------------------------------------------------------- */

static int add_content(eae_program_file *p, const eae_store *s, int fd, const char *part,
                       const char *name)
{
    eae_hash hash;
    uint64_t size;
    char text[EAE_HASH_TEXT];
    int status = eae_memo_hash(s, fd, name, &hash, &size);
    if (status != EAE_OK)
        return status;
    char *word = eae_sprintf("content:%s", eae_hash_text(&hash, text));
    eae_request_line(&p->lines, part, (const char *const[]){word}, 1);
    if (!p->id)
        p->id = eae_strdup(word);
    free(word);
    return EAE_OK;
}

/* The plugins that the program would find: kernels/choose.c looks in the same places. */
static int add_plugins(eae_program_file *p, const eae_store *s)
{
    static const char *const places[] = {"..", "../build", "../lib/eae"};
    static const char *const names[] = {"libeae-cpu.so", "libeae-cuda.so"};
    int status = EAE_OK;
    int folder = (int)(strrchr(p->path, '/') - p->path);
    for (size_t k = 0; k < 2; k++) {
        int fd = -1;
        for (size_t i = 0; i < 3 && fd < 0; i++) {
            char *path = eae_sprintf("%.*s/%s/%s", folder, p->path, places[i], names[k]);
            fd = open(path, O_RDONLY | O_CLOEXEC);
            free(path);
        }
        if (fd < 0)
            continue;
        eae_marks marks = eae_marks_read(fd);
        if (marks.build_id[0])
            eae_request_line(&p->lines, "plugin", (const char *const[]){names[k], marks.build_id},
                             2);
        else
            status = add_content(p, s, fd, "plugin", names[k]);
        close(fd);
    }
    return status;
}

static bool is_template(const char *name)
{
    const size_t n = strlen(name);
    return n > 3 && strcmp(name + n - 3, ".gp") == 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int add_template(eae_program_file *p, const eae_store *s, const char *folder,
                        const char *name)
{
    eae_hash hash;
    uint64_t size;
    char text[EAE_HASH_TEXT], *path = eae_sprintf("%s/%s", folder, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int status = fd < 0 ? EAE_OK : eae_memo_hash(s, fd, path, &hash, &size);
    if (fd >= 0 && status == EAE_OK)
        eae_request_line(&p->lines, "template",
                         (const char *const[]){name, eae_hash_text(&hash, text)}, 2);
    if (fd >= 0)
        close(fd);
    free(path);
    return status;
}

/* eae-plot draws by templates, whichever it needs, and by gnuplot: lib/plot/draw.c looks in the
 * same places. Where one is not there it will say so itself. */
static int add_drawing(eae_program_file *p, const eae_store *s)
{
    char *folder = eae_share_folder(p->path, "plot", "style.gp"), *gnuplot = search("gnuplot");
    DIR *d = folder ? opendir(folder) : NULL;
    char **names = NULL;
    size_t n = 0;
    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
        if (!is_template(e->d_name))
            continue;
        names = eae_realloc(names, n + 1, sizeof *names);
        names[n++] = eae_strdup(e->d_name);
    }
    if (n > 0)
        qsort(names, n, sizeof *names, by_name);
    int status = EAE_OK;
    for (size_t i = 0; i < n; i++) {
        if (status == EAE_OK)
            status = add_template(p, s, folder, names[i]);
        free(names[i]);
    }
    int fd = gnuplot ? open(gnuplot, O_RDONLY | O_CLOEXEC) : -1;
    if (fd >= 0 && status == EAE_OK)
        status = add_content(p, s, fd, "gnuplot", gnuplot);
    if (fd >= 0)
        close(fd);
    if (d)
        closedir(d);
    free(names);
    free(folder);
    free(gnuplot);
    return status;
}

static int add_one_interpreter(eae_program_file *p, const eae_store *s, const char *path)
{
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return EAE_OK; /* it will fail by itself */
    int status = add_content(p, s, fd, "interpreter", path);
    close(fd);
    return status;
}

/* "#!/usr/bin/env python3": the first word is a program as well, and so is what env looks for. */
static int add_interpreter(eae_program_file *p, const eae_store *s, int fd)
{
    char line[256], *rest = NULL;
    ssize_t n = pread(fd, line, sizeof line - 1, 0);
    if (n < 3 || line[0] != '#' || line[1] != '!')
        return EAE_OK;
    line[n] = '\0';
    line[strcspn(line, "\n")] = '\0';
    const char *word = strtok_r(line + 2, " \t", &rest);
    const char *slash = word ? strrchr(word, '/') : NULL;
    int status = add_one_interpreter(p, s, word);
    if (status != EAE_OK || !slash || strcmp(slash, "/env") != 0)
        return status;
    do /* options and variables stand in front of it */
        word = strtok_r(NULL, " \t", &rest);
    while (word && (word[0] == '-' || strchr(word, '=')));
    char *found = word ? search(word) : NULL;
    status = add_one_interpreter(p, s, found);
    free(found);
    return status;
}

int eae_program_find(eae_program_file *p, const eae_store *s, const char *word)
{
    *p = (eae_program_file){0};
    char *found = search(word);
    if (!found)
        return eae_fail("%s: no such program", word);
    p->path = realpath(found, NULL);
    free(found);
    int fd = p->path ? open(p->path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return eae_fail_errno("%s: cannot read the program", word);
    p->marks = eae_marks_read(fd);
    int status = EAE_OK;
    if (p->marks.ours && p->marks.build_id[0]) {
        p->id = eae_sprintf("build-id:%s", p->marks.build_id);
        eae_request_line(&p->lines, "identity", (const char *const[]){p->id}, 1);
    } else {
        status = add_content(p, s, fd, "identity", p->path);
    }
    if (status == EAE_OK && p->marks.ours)
        status = add_plugins(p, s);
    if (status == EAE_OK && p->marks.ours && strcmp(strrchr(p->path, '/'), "/eae-plot") == 0)
        status = add_drawing(p, s);
    else if (status == EAE_OK && !p->marks.ours)
        status = add_interpreter(p, s, fd);
    close(fd);
    return status;
}

void eae_program_free(eae_program_file *p)
{
    free(p->path);
    free(p->id);
    eae_buffer_free(&p->lines);
    *p = (eae_program_file){0};
}
