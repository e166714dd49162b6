/* submit_remove.c - see submit_remove.h. */
#include "exec/submit_remove.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/diag.h"
#include "exec/submit_report.h"

/* Who looks at a batch holds its lock for a moment. */
enum { LOCK_TRIES = 10, LOCK_PAUSE_MS = 20 };

typedef struct {
    const eae_removal *rules;
    eae_report *report;
    bool named; /* the user has named them: what stays is a failure */
    int64_t stay;
} removing;

/* ---- what is in a folder -----------------------------------------------------------------------
 */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void measure(int parent, const char *name, uint64_t *bytes, double *changed)
{
    struct stat st;
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    for (struct dirent *e; d && (e = readdir(d));) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
            fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (S_ISDIR(st.st_mode)) {
            measure(dirfd(d), e->d_name, bytes, changed);
            continue;
        }
        double at = (double)st.st_mtim.tv_sec + (double)st.st_mtim.tv_nsec * 1e-9;
        *bytes += (uint64_t)st.st_size;
        *changed = at > *changed ? at : *changed;
    }
    if (d)
        closedir(d);
}

/* ---- what stays --------------------------------------------------------------------------------
 */

static void keep(removing *r, const char *id, const char *why)
{
    r->stay++;
    if (r->named)
        eae_warn("batch %s stays: %s", id, why);
    else
        eae_note("batch %s stays: %s", id, why);
}

static int lock_batch(const eae_batch *b, int *lock)
{
    int status = eae_batch_lock(b, lock);
    for (int i = 0; i < LOCK_TRIES && status == EAE_OK && *lock < 0; i++) {
        usleep(LOCK_PAUSE_MS * 1000);
        status = eae_batch_lock(b, lock);
    }
    return status;
}

/* The batch of a client that runs and waits for this one; the caller frees. NULL: there is none. */
static char *awaited_by(const char *root, const char *path)
{
    eae_names ids = {0};
    char *who = NULL;
    if (eae_batch_list(root, &ids) != EAE_OK)
        return NULL;
    for (int64_t i = 0; i < ids.count && !who; i++) {
        eae_batch other;
        char *there = eae_sprintf("%s/%s", root, eae_name(&ids, i)), *after = NULL;
        if (eae_batch_open(&other, there) == EAE_OK) {
            const char *wanted = eae_batch_setting(&other, "after");
            if (wanted && eae_batch_find(root, wanted, &after) == EAE_OK &&
                strcmp(after, path) == 0 && eae_batch_has_client(&other))
                who = eae_strdup(other.id);
            eae_batch_free(&other);
        }
        free(after);
        free(there);
    }
    eae_names_free(&ids);
    return who;
}

/* Why the batch, which no client runs, is not to be removed; the caller frees. NULL: it may be. */
static char *reason_to_stay(const eae_removal *rules, const eae_batch *b, const eae_ledger *l,
                            int64_t missing)
{
    for (int i = 0; missing > 0 && i < l->intent_count; i++) {
        const eae_intent *intent = &l->intent[i];
        if (!intent->closed)
            return eae_sprintf("jobs of it may still be on %s (eae-submit cancel %s ends them)",
                               intent->backend ? intent->backend : "another place", b->id);
    }
    char *who = awaited_by(rules->root, b->path);
    char *why = who ? eae_sprintf("batch %s waits for it", who) : NULL;
    free(who);
    return why;
}

/* ---- one batch ---------------------------------------------------------------------------------
 */

/* With its lock. */
static int remove_locked(removing *r, const eae_batch *b, uint64_t bytes)
{
    eae_ledger l;
    eae_dispatch_counts n;
    eae_ledger_open(&l, b);
    int status = eae_ledger_read(&l);
    eae_submit_count(&l, false, &n);
    char *why = status == EAE_OK ? reason_to_stay(r->rules, b, &l, n.missing) : NULL;
    if (why)
        keep(r, b->id, why);
    if (status == EAE_OK && !why && !r->rules->dry_run)
        status = eae_batch_retire(b->path);
    if (status == EAE_OK && !why) {
        eae_report_text(r->report, b->id);
        eae_report_time(r->report, b->created);
        eae_report_text(r->report, eae_submit_batch_state(&n, b->job_count, false));
        eae_report_int(r->report, b->job_count);
        eae_report_int(r->report, (int64_t)bytes);
    }
    eae_ledger_close(&l);
    free(why);
    return status;
}

static int remove_one(removing *r, const char *path)
{
    eae_batch b;
    uint64_t bytes = 0;
    double changed = 0;
    int lock;
    measure(AT_FDCWD, path, &bytes, &changed);
    if (r->rules->limit_age && now() - changed <= (double)r->rules->max_age)
        return EAE_OK;
    int status = eae_batch_open(&b, path);
    if (status != EAE_OK) { /* damaged, of another version, or removed by another hand meanwhile */
        if (r->named || access(path, F_OK) == 0)
            keep(r, strrchr(path, '/') + 1, eae_message());
        return EAE_OK;
    }
    status = lock_batch(&b, &lock);
    if (status == EAE_OK && lock < 0)
        keep(r, b.id, "a client runs it (eae-submit cancel ends it)");
    else if (status == EAE_OK)
        status = remove_locked(r, &b, bytes);
    if (status != EAE_OK)
        keep(r, b.id, eae_message());
    if (lock >= 0)
        close(lock);
    eae_batch_free(&b);
    return EAE_OK;
}

/* ---- all of them -------------------------------------------------------------------------------
 */

static bool has(const eae_names *list, const char *word)
{
    for (int64_t i = 0; i < list->count; i++) {
        if (strcmp(eae_name(list, i), word) == 0)
            return true;
    }
    return false;
}

/* Those that were named, each once; or all there are. */
static int find_all(const eae_removal *rules, eae_names *paths)
{
    eae_names ids = {0};
    int status = EAE_OK;
    if (rules->ids->count == 0)
        status = eae_batch_list(rules->root, &ids);
    for (int64_t i = 0; i < ids.count; i++) {
        char *path = eae_sprintf("%s/%s", rules->root, eae_name(&ids, i));
        eae_names_add(paths, path, strlen(path));
        free(path);
    }
    for (int64_t i = 0; i < rules->ids->count && status == EAE_OK; i++) {
        char *path;
        status = eae_batch_find(rules->root, eae_name(rules->ids, i), &path);
        if (status == EAE_OK && !has(paths, path))
            eae_names_add(paths, path, strlen(path));
        free(path);
    }
    eae_names_free(&ids);
    return status;
}

int eae_submit_remove(const eae_removal *rules, eae_report **report)
{
    static const char *const columns[] = {"batch", "created", "state", "jobs", "bytes"};
    eae_names paths = {0};
    removing r = {.rules = rules,
                  .report = eae_report_new(columns, 5, rules->json),
                  .named = rules->ids->count > 0};
    *report = r.report;
    int status = find_all(rules, &paths);
    for (int64_t i = 0; i < paths.count && status == EAE_OK; i++)
        status = remove_one(&r, eae_name(&paths, i));
    if (!rules->dry_run && status == EAE_OK)
        eae_batch_prune(rules->root);
    if (status == EAE_OK && r.named && r.stay > 0)
        status = eae_fail("%lld of %lld batches stay", (long long)r.stay, (long long)paths.count);
    eae_names_free(&paths);
    return status;
}
