/* batch.c - see batch.h: what is in `batch`; the directory itself is batch_files.c's. */
#include "exec/batch.h"

#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "exec/batch_parts.h"

enum { HEAD_TYPE = 0x42454145, JOBS_TYPE, END_TYPE, VERSION = 1, JOBS_BYTES = 1 << 20 };

/* ---- settings and words ------------------------------------------------------------------------
 */

const char *eae_batch_setting(const eae_batch *b, const char *name)
{
    return eae_setting_of(&b->settings, name);
}

const char *eae_setting_of(const eae_names *settings, const char *name)
{
    size_t n = strlen(name);
    for (int64_t i = 0; i < settings->count; i++) {
        const char *text = eae_name(settings, i);
        if (strncmp(text, name, n) == 0 && text[n] == '=')
            return text + n + 1;
    }
    return NULL;
}

void eae_batch_words(const eae_batch *b, int64_t job, eae_names *words)
{
    eae_cursor c = {.at = b->job_bytes + b->job_at[job], .end = b->job_bytes + b->job_at[job + 1]};
    eae_get_words(&c, words);
}

void eae_batch_add_job(eae_batch *b, const eae_names *words)
{
    eae_put_words(&b->job_text, words);
    eae_batch_add_end(b);
}

void eae_batch_add_end(eae_batch *b)
{
    if (b->job_count + 2 > b->job_room) {
        b->job_room = b->job_room ? 2 * b->job_room : 64;
        b->job_at = eae_realloc(b->job_at, (size_t)b->job_room, sizeof *b->job_at);
        b->job_at[0] = 0;
    }
    b->job_at[++b->job_count] = b->job_text.length;
    b->job_bytes = b->job_text.data;
}

void eae_batch_name(eae_batch *b, const char *more)
{
    eae_buffer what = {0};
    char text[EAE_HASH_TEXT];
    eae_hash jobs = eae_hash_bytes(b->job_text.data ? b->job_text.data : "", b->job_text.length);
    eae_put_u32(&what, (uint32_t)b->filter | (uint32_t)b->shell << 1);
    eae_put_i64(&what, b->job_count);
    eae_put_hash(&what, &jobs);
    eae_put_hash(&what, &b->input.hash);
    eae_put_u64(&what, b->input.size);
    eae_put_text(&what, b->cwd);
    eae_put_text(&what, more);
    eae_hash all = eae_hash_bytes(what.data, what.length);
    memcpy(b->id, eae_hash_text(&all, text), EAE_BATCH_ID_DIGITS);
    b->id[EAE_BATCH_ID_DIGITS] = '\0';
    eae_buffer_free(&what);
}

void eae_batch_free(eae_batch *b)
{
    free(b->path);
    free(b->cwd);
    free(b->job_at);
    free(b->input.path);
    eae_buffer_free(&b->job_text);
    eae_names_free(&b->settings);
    eae_names_free(&b->environment);
    *b = (eae_batch){0};
}

/* ---- bytes of the file -------------------------------------------------------------------------
 */

static void put_head(const eae_batch *b, eae_buffer *out)
{
    eae_buffer head = {0};
    eae_put_u32(&head, VERSION);
    eae_put_text(&head, b->id);
    eae_put_text(&head, b->cwd);
    eae_put_words(&head, &b->settings);
    eae_put_words(&head, &b->environment);
    eae_put_u32(&head, b->filter);
    eae_put_u32(&head, b->shell);
    eae_put_text(&head, b->input.path);
    eae_put_u32(&head, b->input.stored);
    eae_put_hash(&head, &b->input.hash);
    eae_put_u64(&head, b->input.size);
    eae_put_i64(&head, b->input.mtime);
    eae_put_real(&head, b->created);
    eae_put_i64(&head, b->job_count);
    eae_put_frame(out, HEAD_TYPE, head.data, head.length);
    eae_buffer_free(&head);
}

void eae_batch_put(const eae_batch *b, eae_buffer *out)
{
    put_head(b, out);
    for (int64_t i = 0; i < b->job_count;) {
        int64_t end = i + 1;
        while (end < b->job_count && b->job_at[end + 1] - b->job_at[i] <= JOBS_BYTES)
            end++;
        eae_put_frame(out, JOBS_TYPE, b->job_bytes + b->job_at[i], b->job_at[end] - b->job_at[i]);
        i = end;
    }
    eae_put_frame(out, END_TYPE, NULL, 0);
}

static void get_head(eae_cursor *c, eae_batch *b, int64_t *jobs)
{
    c->bad = c->bad || eae_get_u32(c) != VERSION;
    char *id = eae_get_text(c);
    if (eae_batch_id_good(id))
        memcpy(b->id, id, strlen(id) + 1);
    else
        c->bad = true;
    free(id);
    b->cwd = eae_get_text(c);
    eae_get_words(c, &b->settings);
    eae_get_words(c, &b->environment);
    b->filter = eae_get_u32(c) != 0;
    b->shell = eae_get_u32(c) != 0;
    b->input.path = eae_get_text(c);
    if (!*b->input.path) {
        free(b->input.path);
        b->input.path = NULL;
    }
    b->input.stored = eae_get_u32(c) != 0;
    eae_get_hash(c, &b->input.hash);
    b->input.size = eae_get_u64(c);
    b->input.mtime = eae_get_i64(c);
    b->created = eae_get_real(c);
    *jobs = eae_get_i64(c);
}

/* Words are checked by passing over them, so that eae_batch_words() cannot fail later. */
static void get_jobs(eae_cursor *c, eae_batch *b)
{
    while (!c->bad && c->at < c->end) {
        const char *from = c->at;
        uint32_t words = eae_get_u32(c);
        bool good = words > 0;
        for (uint32_t k = 0; k < words && !c->bad; k++) {
            size_t n;
            const char *p = eae_get_bytes(c, &n);
            good = good && p && !memchr(p, '\0', n);
        }
        c->bad = c->bad || !good;
        if (!c->bad) {
            eae_buffer_add(&b->job_text, from, (size_t)(c->at - from));
            eae_batch_add_end(b);
        }
    }
}

int eae_batch_get(eae_batch *b, const char *bytes, size_t n, const char *name)
{
    uint32_t type, before = 0;
    eae_cursor c;
    int64_t jobs = -1, length;
    while (before != END_TYPE && (length = eae_get_frame(bytes, n, &type, &c)) > 0) {
        if (type == HEAD_TYPE && before == 0)
            get_head(&c, b, &jobs);
        else if (type == JOBS_TYPE && before != 0)
            get_jobs(&c, b);
        else if (type != END_TYPE || before == 0)
            break;
        if (!eae_cursor_ok(&c))
            break;
        before = type;
        bytes += length;
        n -= (size_t)length;
    }
    if (before != END_TYPE || n != 0 || jobs != b->job_count)
        return eae_fail("%s: damaged, or of another version of eae-submit", name);
    return EAE_OK;
}
