/* entry.c - see entry.h. */
#include "cache/entry.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/number.h"
#include "cache/escape.h"
#include "cache/request.h"

static const char magic[] = "eae-cache entry 1\n";

/* ---- writing ------------------------------------------------------------------------------- */

static void put_words(eae_buffer *b, const char *part, const eae_names *words)
{
    for (int64_t i = 0; i < words->count; i++) {
        const char *word = eae_name(words, i);
        eae_request_line(b, part, &word, 1);
    }
}

static void put_output(eae_buffer *b, const char *part, const eae_hash *hash, uint64_t size)
{
    char text[EAE_HASH_TEXT];
    eae_buffer_printf(b, "%s %s %" PRIu64 "\n", part, eae_hash_text(hash, text), size);
}

void eae_entry_encode(const eae_entry *e, eae_buffer *b)
{
    char number[EAE_NUMBER_TEXT], text[EAE_HASH_TEXT];
    const size_t start = b->length;
    const char *host = e->host ? e->host : "", *folder = e->folder ? e->folder : "";
    eae_buffer_puts(b, magic);
    eae_format_double(e->seconds, number);
    eae_buffer_printf(b, "status %d\nquiet %d\ncreated %" PRId64 "\nseconds %s\n", e->status,
                      e->quiet, e->created, number);
    eae_request_line(b, "host", &host, 1);
    eae_request_line(b, "folder", &folder, 1);
    put_words(b, "word", &e->words);
    put_words(b, "env", &e->env);
    put_words(b, "input", &e->inputs);
    put_output(b, "stdout", &e->output, e->output_size);
    put_output(b, "stderr", &e->errors, e->errors_size);
    eae_buffer_printf(b, "request %zu\n", e->request.length);
    eae_buffer_add(b, e->request.data, e->request.length);
    eae_hash check = eae_hash_bytes(b->data + start, b->length - start);
    eae_buffer_printf(b, "check %s\n", eae_hash_text(&check, text));
}

/* ---- reading ------------------------------------------------------------------------------- */

typedef struct {
    const char *at, *end;
    bool good;
} cursor;

/* Is the next line of this part? Then *n bytes behind the name are its words. */
static const char *take_line(cursor *c, const char *part, size_t *n)
{
    size_t length = strlen(part), left = (size_t)(c->end - c->at);
    const char *stop = memchr(c->at, '\n', left);
    if (!stop || (size_t)(stop - c->at) < length + 1 || memcmp(c->at, part, length) != 0 ||
        c->at[length] != ' ')
        return NULL;
    const char *words = c->at + length + 1;
    *n = (size_t)(stop - words);
    c->at = stop + 1;
    return words;
}

static int64_t take_number(cursor *c, const char *part)
{
    size_t n;
    int64_t value = 0;
    const char *text = c->good ? take_line(c, part, &n) : NULL;
    c->good = text && eae_parse_int(text, n, &value) && value >= 0;
    return value;
}

static double take_real(cursor *c, const char *part)
{
    size_t n;
    double value = 0;
    const char *text = c->good ? take_line(c, part, &n) : NULL;
    c->good = text && eae_parse_double(text, n, &value);
    return value;
}

static char *take_word(cursor *c, const char *part)
{
    size_t n;
    eae_buffer b = {0};
    const char *text = c->good ? take_line(c, part, &n) : NULL;
    c->good = text && eae_unescape(&b, text, n);
    eae_buffer_puts(&b, "");
    return b.data;
}

static void take_words(cursor *c, const char *part, eae_names *words)
{
    size_t n;
    for (const char *text = c->good ? take_line(c, part, &n) : NULL; text;
         text = take_line(c, part, &n)) {
        eae_buffer b = {0};
        c->good = eae_unescape(&b, text, n);
        if (c->good)
            eae_names_add(words, b.data ? b.data : "", b.length);
        eae_buffer_free(&b);
        if (!c->good)
            return;
    }
}

static void take_output(cursor *c, const char *part, eae_hash *hash, uint64_t *size)
{
    size_t n;
    char text[EAE_HASH_TEXT];
    int64_t bytes = 0;
    const char *p = c->good ? take_line(c, part, &n) : NULL;
    c->good = p && n > EAE_HASH_TEXT && p[EAE_HASH_TEXT - 1] == ' ';
    if (!c->good)
        return;
    memcpy(text, p, EAE_HASH_TEXT - 1);
    text[EAE_HASH_TEXT - 1] = '\0';
    c->good = eae_hash_parse(text, hash) &&
              eae_parse_int(p + EAE_HASH_TEXT, n - EAE_HASH_TEXT, &bytes) && bytes >= 0;
    *size = (uint64_t)bytes;
}

static bool is_whole(const char *text, size_t n)
{
    const size_t tail = strlen("check \n") + EAE_HASH_TEXT - 1;
    char hex[EAE_HASH_TEXT];
    if (n < tail + sizeof magic || memcmp(text, magic, sizeof magic - 1) != 0)
        return false;
    eae_hash check = eae_hash_bytes(text, n - tail);
    char *line = eae_sprintf("check %s\n", eae_hash_text(&check, hex));
    bool good = memcmp(line, text + n - tail, tail) == 0;
    free(line);
    return good;
}

bool eae_entry_decode(eae_entry *e, const eae_hash *key, const char *text, size_t n)
{
    *e = (eae_entry){.key = *key};
    cursor c = {.at = text + sizeof magic - 1, .end = text + n, .good = is_whole(text, n)};
    int64_t status = take_number(&c, "status");
    e->status = (int)status;
    e->quiet = take_number(&c, "quiet") != 0;
    e->created = take_number(&c, "created");
    e->seconds = take_real(&c, "seconds");
    e->host = take_word(&c, "host");
    e->folder = take_word(&c, "folder");
    take_words(&c, "word", &e->words);
    take_words(&c, "env", &e->env);
    take_words(&c, "input", &e->inputs);
    take_output(&c, "stdout", &e->output, &e->output_size);
    take_output(&c, "stderr", &e->errors, &e->errors_size);
    int64_t size = take_number(&c, "request");
    if (c.good && (size > c.end - c.at || status > 255))
        c.good = false;
    if (c.good)
        eae_buffer_add(&e->request, c.at, (size_t)size);
    eae_hash have = eae_hash_bytes(e->request.data, e->request.length);
    if (c.good && eae_hash_equal(&have, key))
        return true;
    eae_entry_free(e);
    return false;
}

void eae_entry_free(eae_entry *e)
{
    free(e->host);
    free(e->folder);
    eae_names_free(&e->words);
    eae_names_free(&e->env);
    eae_names_free(&e->inputs);
    eae_buffer_free(&e->request);
    *e = (eae_entry){.status = 0};
}

/* ---- in the store -------------------------------------------------------------------------- */

static bool read_whole(int fd, char *to, size_t n)
{
    for (size_t done = 0; done < n;) {
        ssize_t got = read(fd, to + done, n - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        done += (size_t)got;
    }
    return true;
}

/* EAE_FAIL: damaged; with errno ESTALE: replaced on another host just now (NFS). */
static int read_once(const eae_store *s, const char *room, const eae_hash *key, eae_entry *e)
{
    struct stat st;
    int fd = eae_store_read(s, room, key, &st);
    if (fd < 0)
        return EAE_MISS;
    errno = 0;
    bool good = st.st_size <= EAE_ENTRY_MAX;
    if (good) {
        size_t n = (size_t)st.st_size;
        char *text = eae_malloc(n + 1, 1);
        good = read_whole(fd, text, n) && eae_entry_decode(e, key, text, n);
        free(text);
    }
    int error = errno;
    close(fd);
    errno = error;
    return good ? EAE_OK : EAE_FAIL;
}

static int read_from(const eae_store *s, const char *room, const eae_hash *key, eae_entry *e)
{
    *e = (eae_entry){.status = 0};
    int status = read_once(s, room, key, e);
    if (status == EAE_FAIL && errno == ESTALE)
        status = read_once(s, room, key, e);
    if (status != EAE_FAIL)
        return status;
    eae_store_quarantine(s, room, key, "is damaged");
    return EAE_MISS;
}

int eae_entry_read(const eae_store *s, const eae_hash *key, eae_entry *e)
{
    return read_from(s, "entries", key, e);
}

int eae_entry_read_request(const eae_store *s, const eae_hash *key, eae_entry *e)
{
    return read_from(s, "requests", key, e);
}

static int write_to(const eae_store *s, const char *room, const eae_entry *e)
{
    eae_buffer text = {0};
    eae_entry_encode(e, &text);
    int status = text.length <= EAE_ENTRY_MAX
                     ? eae_store_write(s, room, &e->key, text.data, text.length, NULL)
                     : eae_fail("the command line is too long to be kept");
    eae_buffer_free(&text);
    return status;
}

int eae_entry_write(const eae_store *s, const eae_entry *e)
{
    return write_to(s, "entries", e);
}

int eae_entry_write_request(const eae_store *s, const eae_entry *e)
{
    return write_to(s, "requests", e);
}

static int by_hash(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(eae_hash));
}

void eae_keys_sort(eae_keys *keys)
{
    if (keys->count > 1)
        qsort(keys->key, (size_t)keys->count, sizeof *keys->key, by_hash);
}

static void list_folder(const char *folder, eae_buffer *found)
{
    eae_hash hash;
    DIR *d = opendir(folder);
    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
        if (eae_hash_parse(e->d_name, &hash))
            eae_buffer_add(found, &hash, sizeof hash);
    }
    if (d)
        closedir(d);
}

static bool has_object(const eae_store *s, const eae_hash *hash, uint64_t size)
{
    struct stat st;
    char *path = eae_store_path(s, "objects", hash);
    bool there = size == 0 || (lstat(path, &st) == 0 && (uint64_t)st.st_size == size &&
                               eae_store_touch(s, "objects", hash));
    free(path);
    return there;
}

bool eae_entry_has_objects(const eae_store *s, const eae_entry *e)
{
    return has_object(s, &e->output, e->output_size) && has_object(s, &e->errors, e->errors_size);
}

int eae_store_list(const eae_store *s, const char *room, eae_keys *keys)
{
    char *folder = eae_sprintf("%s/%s", s->root, room);
    eae_buffer found = {0};
    DIR *d = opendir(folder);
    int status = d || errno == ENOENT ? EAE_OK : eae_fail_errno("%s: cannot read", folder);
    if (d && eae_store_is_flat(room)) {
        list_folder(folder, &found);
        closedir(d);
        d = NULL;
    }
    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
        if (strlen(e->d_name) != 2 || e->d_name[0] == '.')
            continue;
        char *sub = eae_sprintf("%s/%s", folder, e->d_name);
        list_folder(sub, &found);
        free(sub);
    }
    if (d)
        closedir(d);
    free(folder);
    keys->count = (int64_t)(found.length / sizeof(eae_hash));
    keys->key = EAE_NEW_ARRAY(eae_hash, keys->count + 1);
    if (found.length)
        memcpy(keys->key, found.data, found.length);
    eae_buffer_free(&found);
    eae_keys_sort(keys);
    return status;
}

/* As typed where nothing needs a quote; what a terminal should not get is escaped. */
static void put_quoted(eae_buffer *b, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-+=:,./%@";
    size_t n = strlen(word);
    if (n > 0 && strspn(word, plain) == n) {
        eae_buffer_puts(b, word);
        return;
    }
    bool printable = true;
    for (const char *p = word; *p; p++)
        printable = printable && *p >= 32 && *p < 127 && *p != '\'';
    eae_buffer_puts(b, printable ? "'" : "$'");
    if (printable)
        eae_buffer_puts(b, word);
    for (const unsigned char *p = (const unsigned char *)word; !printable && *p; p++) {
        if (*p == '\'' || *p == '\\')
            eae_buffer_printf(b, "\\%c", *p);
        else if (*p < 32 || *p > 126)
            eae_buffer_printf(b, "\\x%02x", *p);
        else
            eae_buffer_putc(b, (char)*p);
    }
    eae_buffer_putc(b, '\'');
}

char *eae_entry_title(const eae_entry *e)
{
    eae_buffer b = {0};
    for (int64_t i = 0; i < e->words.count; i++) {
        if (i > 0)
            eae_buffer_putc(&b, ' ');
        put_quoted(&b, eae_name(&e->words, i));
    }
    if (e->words.count == 0) { /* a named request: its second line */
        const char *line = e->request.data ? strchr(e->request.data, '\n') : NULL;
        line = line ? line + 1 : "";
        eae_buffer_printf(&b, "%.*s", (int)strcspn(line, "\n"), line);
    }
    eae_buffer_puts(&b, "");
    return b.data;
}
