/* checkpoint.c - see checkpoint.h. */
#include "eval/train/checkpoint.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/files.h"
#include "base/hash.h"

struct eae_checkpoint {
    char *directory;
    pthread_mutex_t lock; /* outputs of one process are opened and closed one at a time */
};

static char *path_of(const eae_checkpoint *c, const char *name)
{
    return eae_sprintf("%s/%s", c->directory, name);
}

/* ---- whose directory it is ------------------------------------------------------------------- */

/* The first line in which two descriptions differ. */
static int refuse(const eae_checkpoint *c, const char *theirs, const char *ours)
{
    while (*theirs && *ours) {
        size_t a = strcspn(theirs, "\n"), b = strcspn(ours, "\n");
        if (a != b || memcmp(theirs, ours, a) != 0) {
            size_t name = strcspn(ours, " \n");
            return eae_fail("%s: a checkpoint of another computation: %.*s is '%.*s', and was "
                            "'%.*s'; give another directory, or remove this one",
                            c->directory, (int)name, ours, (int)(b > name ? b - name - 1 : 0),
                            ours + name + 1, (int)(a > name ? a - name - 1 : 0), theirs + name + 1);
        }
        theirs += a + (theirs[a] != 0);
        ours += b + (ours[b] != 0);
    }
    return eae_fail("%s: a checkpoint of another computation", c->directory);
}

static int claim(eae_checkpoint *c, const char *description)
{
    char *path = path_of(c, "description"), *text = NULL;
    int status = EAE_OK;
    size_t length;
    if (access(path, F_OK) == 0) {
        status = eae_read_file(path, &text, &length);
        if (status == EAE_OK && strcmp(text, description) != 0)
            status = refuse(c, text, description);
    } else {
        eae_output *out;
        status = eae_output_open(&out, path, false);
        if (status == EAE_OK) {
            status = eae_output_write(out, description, strlen(description));
            if (status == EAE_OK)
                status = eae_output_close(out);
            else
                eae_output_discard(out);
        }
    }
    free(text);
    free(path);
    return status;
}

int eae_checkpoint_open(eae_checkpoint **checkpoint, const char *directory, const char *description)
{
    eae_checkpoint *c = EAE_NEW(eae_checkpoint);
    c->directory = eae_strdup(directory);
    pthread_mutex_init(&c->lock, NULL);
    *checkpoint = c;
    int status = EAE_OK;
    if (mkdir(directory, 0777) != 0 && errno != EEXIST)
        status = eae_fail_errno("%s: cannot make the directory", directory);
    if (status == EAE_OK)
        status = claim(c, description);
    if (status != EAE_OK) {
        eae_checkpoint_close(c);
        *checkpoint = NULL;
    }
    return status;
}

void eae_checkpoint_close(eae_checkpoint *c)
{
    if (!c)
        return;
    pthread_mutex_destroy(&c->lock);
    free(c->directory);
    free(c);
}

/* ---- pieces ---------------------------------------------------------------------------------- */

int eae_checkpoint_load(const eae_checkpoint *c, const char *name, eae_buffer *piece, bool *found)
{
    char *path = path_of(c, name), *bytes = NULL;
    size_t length = 0;
    int status = EAE_OK;
    *found = access(path, F_OK) == 0;
    if (*found)
        status = eae_read_file(path, &bytes, &length);
    if (*found && status == EAE_OK) {
        eae_hash hash, kept;
        *found = length >= sizeof hash;
        if (*found) {
            length -= sizeof hash;
            hash = eae_hash_bytes(bytes, length);
            memcpy(&kept, bytes + length, sizeof kept);
            *found = eae_hash_equal(&hash, &kept);
        }
        if (*found)
            eae_buffer_add(piece, bytes, length);
        else
            eae_warn("%s: damaged, done again", path);
    }
    free(bytes);
    free(path);
    return status;
}

int eae_checkpoint_store(eae_checkpoint *c, const char *name, const eae_buffer *piece)
{
    char *path = path_of(c, name);
    eae_hash hash = eae_hash_bytes(piece->data, piece->length);
    eae_output *out;
    pthread_mutex_lock(&c->lock);
    int status = eae_output_open(&out, path, false);
    if (status == EAE_OK) {
        status = eae_output_write(out, piece->data, piece->length);
        if (status == EAE_OK)
            status = eae_output_write(out, &hash, sizeof hash);
        if (status == EAE_OK)
            status = eae_output_close(out);
        else
            eae_output_discard(out);
    }
    pthread_mutex_unlock(&c->lock);
    free(path);
    return status;
}

void eae_checkpoint_remove(const eae_checkpoint *c, const char *name)
{
    char *path = path_of(c, name);
    unlink(path);
    free(path);
}

void eae_bytes_exchange(eae_bytes *bytes, void *p, size_t n)
{
    if (bytes->to) {
        eae_buffer_add(bytes->to, p, n);
        return;
    }
    if (bytes->short_of || n > bytes->from->length - bytes->at) {
        bytes->short_of = true;
        return;
    }
    memcpy(p, bytes->from->data + bytes->at, n);
    bytes->at += n;
}

bool eae_bytes_all_read(const eae_bytes *bytes)
{
    return !bytes->short_of && bytes->at == bytes->from->length;
}
