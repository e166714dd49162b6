/* exchange.c - see exchange.h: frames, and what either side does with them. */
#include "cache/exchange.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 1 << 18, LIST_MAX = 1 << 26, TEXT_MAX = 1000, HASH = sizeof(eae_hash) };

static const char hello[] = "eae-cache 1";

/* ---- frames -------------------------------------------------------------------------------- */

static int read_head(const eae_exchange *x, char *kind, uint64_t *length);

/* Who closed the connection has perhaps said why. */
static int broken(const eae_exchange *x)
{
    char kind;
    uint64_t length;
    int status = eae_fail_errno("%s: the connection broke", x->name);
    char *message = eae_strdup(eae_message());
    if (read_head(x, &kind, &length) != EAE_FAIL)
        eae_set_message(message);
    free(message);
    return status;
}

/* Not eae_write_all(): that the other side goes away is an error here, and no quiet end. */
static int send_bytes(const eae_exchange *x, const void *bytes, size_t n)
{
    const char *p = bytes;
    while (n > 0) {
        ssize_t wrote = write(x->to, p, n);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return broken(x);
        p += wrote;
        n -= (size_t)wrote;
    }
    return EAE_OK;
}

static int send_piece(void *exchange, const void *bytes, size_t n)
{
    return send_bytes(exchange, bytes, n);
}

static int send_head(const eae_exchange *x, char kind, uint64_t length)
{
    uint8_t head[9] = {(uint8_t)kind};
    for (int i = 0; i < 8; i++)
        head[1 + i] = (uint8_t)(length >> (8 * i));
    return send_bytes(x, head, sizeof head);
}

static int send_frame(const eae_exchange *x, char kind, const void *bytes, size_t n)
{
    int status = send_head(x, kind, n);
    return status == EAE_OK && n > 0 ? send_bytes(x, bytes, n) : status;
}

/* *got: fewer than n only at the end. */
static int read_some(const eae_exchange *x, void *to, size_t n, size_t *got)
{
    *got = 0;
    while (*got < n) {
        ssize_t more = read(x->from, (char *)to + *got, n - *got);
        if (more < 0 && errno == EINTR)
            continue;
        if (more < 0)
            return eae_fail_errno("%s: cannot read", x->name);
        if (more == 0)
            break;
        *got += (size_t)more;
    }
    return EAE_OK;
}

static int read_exactly(const eae_exchange *x, void *to, size_t n)
{
    size_t got;
    int status = read_some(x, to, n, &got);
    if (status == EAE_OK && got < n)
        status = eae_fail("%s: the connection ended early", x->name);
    return status;
}

/* EAE_MISS: the other side has closed. What it says of an error is ours from here on. */
static int read_head(const eae_exchange *x, char *kind, uint64_t *length)
{
    uint8_t head[9];
    size_t got;
    int status = read_some(x, head, sizeof head, &got);
    if (status != EAE_OK || got == 0)
        return status != EAE_OK ? status : EAE_MISS;
    if (got < sizeof head)
        return eae_fail("%s: the connection ended early", x->name);
    *kind = (char)head[0];
    *length = 0;
    for (int i = 0; i < 8; i++)
        *length |= (uint64_t)head[1 + i] << (8 * i);
    if (*kind != 'X')
        return EAE_OK;
    char text[TEXT_MAX + 1] = "";
    size_t n = *length < TEXT_MAX ? (size_t)*length : TEXT_MAX;
    status = read_exactly(x, text, n);
    for (char *p = text; *p; p++) {
        if ((unsigned char)*p < 32 || (unsigned char)*p > 126)
            *p = '?'; /* it goes to a terminal */
    }
    return status == EAE_OK ? eae_fail("%s: %s", x->name, text) : status;
}

static int not_understood(const eae_exchange *x)
{
    return eae_fail("%s: does not speak as 'eae-cache serve' of this version does", x->name);
}

/* The head of a frame that must be of this kind and no longer than `limit`. */
static int expect(const eae_exchange *x, char kind, uint64_t limit, uint64_t *length)
{
    char have;
    int status = read_head(x, &have, length);
    if (status == EAE_MISS)
        return eae_fail("%s: the connection ended early", x->name);
    if (status == EAE_OK && (have != kind || *length > limit))
        status = not_understood(x);
    return status;
}

static int greet(const eae_exchange *x)
{
    uint64_t n;
    char text[sizeof hello - 1];
    int status = send_frame(x, 'H', hello, sizeof hello - 1);
    if (status == EAE_OK)
        status = expect(x, 'H', sizeof text, &n);
    if (status == EAE_OK && n != sizeof text)
        status = not_understood(x);
    if (status == EAE_OK)
        status = read_exactly(x, text, sizeof text);
    if (status == EAE_OK && memcmp(text, hello, sizeof text) != 0)
        status = not_understood(x);
    return status;
}

static int send_keys(const eae_exchange *x, char kind, const eae_keys *keys)
{
    return send_frame(x, kind, keys->key, (size_t)keys->count * HASH);
}

static int read_list(const eae_exchange *x, uint64_t length, eae_keys *keys)
{
    *keys = (eae_keys){NULL, 0};
    if (length > LIST_MAX || length % HASH != 0)
        return not_understood(x);
    keys->key = eae_try_alloc((size_t)length + 1, 1, "a list of keys");
    if (!keys->key)
        return EAE_FAIL;
    keys->count = (int64_t)(length / HASH);
    return read_exactly(x, keys->key, (size_t)length);
}

static int read_keys(const eae_exchange *x, eae_keys *keys)
{
    uint64_t n;
    *keys = (eae_keys){NULL, 0};
    int status = expect(x, 'K', LIST_MAX, &n);
    return status == EAE_OK ? read_list(x, n, keys) : status;
}

/* ---- entries and objects on their way -------------------------------------------------------- */

/* EAE_OK, and nothing sent, where it is not there any more. */
static int send_object(const eae_exchange *x, const eae_hash *hash, eae_exchanged *done)
{
    struct stat st;
    eae_object o;
    int fd = eae_store_read(x->store, "objects", hash, &st);
    if (fd < 0)
        return EAE_OK;
    close(fd);
    if (eae_object_open(x->store, hash, (uint64_t)st.st_size, &o) != EAE_OK)
        return EAE_OK;
    int status = send_head(x, 'o', HASH + o.size);
    if (status == EAE_OK)
        status = send_bytes(x, hash->byte, HASH);
    if (status == EAE_OK)
        status = eae_object_each(&o, send_piece, (void *)x);
    done->objects += status == EAE_OK;
    done->bytes += status == EAE_OK ? o.size : 0;
    eae_object_close(&o);
    return status;
}

static int send_entry(const eae_exchange *x, const eae_entry *e)
{
    eae_buffer b = {0};
    eae_buffer_add(&b, e->key.byte, HASH);
    eae_entry_encode(e, &b);
    int status = send_frame(x, 'e', b.data, b.length);
    eae_buffer_free(&b);
    return status;
}

static int take_object(const eae_exchange *x, uint64_t length, eae_exchanged *done)
{
    eae_hash hash;
    eae_store_file f;
    if (length <= HASH)
        return not_understood(x);
    int status = read_exactly(x, hash.byte, HASH);
    if (status != EAE_OK)
        return status;
    status = eae_store_begin(x->store, &f);
    char *piece = eae_malloc(PIECE, 1);
    for (uint64_t left = length - HASH; left > 0 && status == EAE_OK;) {
        size_t n = left < PIECE ? (size_t)left : PIECE;
        status = read_exactly(x, piece, n);
        if (status == EAE_OK)
            status = eae_store_add(&f, piece, n);
        left -= n;
    }
    free(piece);
    if (status != EAE_OK) {
        eae_store_discard(&f);
        return status;
    }
    done->objects++;
    done->bytes += length - HASH;
    return eae_store_accept(x->store, &f, &hash, x->name);
}

static int read_entry(const eae_exchange *x, uint64_t length, eae_entry *e)
{
    eae_hash key;
    if (length <= HASH || length > HASH + EAE_ENTRY_MAX)
        return not_understood(x);
    int status = read_exactly(x, key.byte, HASH);
    size_t n = (size_t)length - HASH;
    char *text = eae_malloc(n, 1);
    if (status == EAE_OK)
        status = read_exactly(x, text, n);
    if (status == EAE_OK && !eae_entry_decode(e, &key, text, n))
        status = eae_fail("%s: sent an entry that does not fit its key", x->name);
    free(text);
    return status;
}

/* ---- who has what -------------------------------------------------------------------------- */

static bool has(const eae_store *s, const char *room, const eae_hash *hash)
{
    char *path = eae_store_path(s, room, hash);
    bool there = access(path, F_OK) == 0;
    free(path);
    return there && eae_store_touch(s, room, hash); /* not to be evicted before it is of use */
}

/* Whatever they are: what is damaged is found, and said, when it is read. */
static bool has_objects(const eae_store *s, const eae_entry *e)
{
    return (e->output_size == 0 || has(s, "objects", &e->output)) &&
           (e->errors_size == 0 || has(s, "objects", &e->errors));
}

static bool is_complete(const eae_store *s, const eae_hash *key)
{
    eae_entry e;
    if (!has(s, "entries", key) || eae_entry_read(s, key, &e) != EAE_OK)
        return false;
    bool complete = has_objects(s, &e);
    eae_entry_free(&e);
    return complete;
}

/* Those of `keys` that are lacking here; the caller frees. */
static eae_keys lacking(const eae_store *s, const eae_keys *keys, bool entries)
{
    eae_keys out = {EAE_NEW_ARRAY(eae_hash, keys->count + 1), 0};
    for (int64_t i = 0; i < keys->count; i++) {
        bool here = entries ? is_complete(s, &keys->key[i]) : has(s, "objects", &keys->key[i]);
        if (!here)
            out.key[out.count++] = keys->key[i];
    }
    return out;
}

static int by_hash(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(eae_hash));
}

/* The objects that entries name, each once; the caller frees. */
static eae_keys objects_of(const eae_entry *e, int64_t n)
{
    eae_keys all = {EAE_NEW_ARRAY(eae_hash, 2 * n + 1), 0};
    int64_t kept = 0;
    for (int64_t i = 0; i < n; i++) {
        if (e[i].output_size)
            all.key[all.count++] = e[i].output;
        if (e[i].errors_size)
            all.key[all.count++] = e[i].errors;
    }
    eae_keys_sort(&all);
    for (int64_t i = 0; i < all.count; i++) {
        if (i == 0 || !eae_hash_equal(&all.key[i], &all.key[kept - 1]))
            all.key[kept++] = all.key[i];
    }
    all.count = kept;
    return all;
}

/* Of keys in order; NULL: all. */
static bool is_among(const eae_keys *keys, const eae_hash *key)
{
    return !keys ||
           (keys->count > 0 && bsearch(key, keys->key, (size_t)keys->count, sizeof *key, by_hash));
}

static void keep_only(eae_keys *all, const eae_keys *wanted)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < all->count; i++) {
        if (is_among(wanted, &all->key[i]))
            all->key[kept++] = all->key[i];
    }
    all->count = kept;
}

static void free_entries(eae_entry *e, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        eae_entry_free(&e[i]);
    free(e);
}

/* ---- push ---------------------------------------------------------------------------------- */

/* Which of `keys` the other side lacks. */
static int ask_lacking(const eae_exchange *x, char kind, const eae_keys *keys, eae_keys *answer)
{
    int status = send_keys(x, kind, keys);
    return status == EAE_OK ? read_keys(x, answer) : status;
}

static int read_count(const eae_exchange *x, int64_t *n)
{
    uint64_t length, value = 0;
    uint8_t count[8];
    int status = expect(x, 'R', sizeof count, &length);
    if (status == EAE_OK && length != sizeof count)
        status = not_understood(x);
    if (status == EAE_OK)
        status = read_exactly(x, count, sizeof count);
    for (int i = 0; i < 8 && status == EAE_OK; i++)
        value |= (uint64_t)count[i] << (8 * i);
    *n = value < INT64_MAX ? (int64_t)value : INT64_MAX;
    return status;
}

static int push_entries(const eae_exchange *x, const eae_entry *e, int64_t n, eae_exchanged *done)
{
    eae_keys objects = objects_of(e, n), wanted = {NULL, 0};
    int status = ask_lacking(x, 'w', &objects, &wanted);
    keep_only(&wanted, &objects);
    for (int64_t i = 0; i < wanted.count && status == EAE_OK; i++)
        status = send_object(x, &wanted.key[i], done);
    for (int64_t i = 0; i < n && status == EAE_OK; i++)
        status = send_entry(x, &e[i]);
    if (status == EAE_OK)
        status = send_frame(x, 'D', NULL, 0);
    if (status == EAE_OK)
        status = read_count(x, &done->entries);
    free(objects.key);
    free(wanted.key);
    return status;
}

int eae_exchange_push(eae_exchange *x, const eae_keys *keys, eae_exchanged *done)
{
    eae_keys all = {NULL, 0}, wanted = {NULL, 0};
    *done = (eae_exchanged){0};
    int status = greet(x);
    if (status == EAE_OK)
        status = eae_store_list(x->store, "entries", &all);
    if (status == EAE_OK && keys)
        keep_only(&all, keys);
    if (status == EAE_OK)
        status = ask_lacking(x, 'q', &all, &wanted);
    keep_only(&wanted, &all);
    eae_entry *e = EAE_NEW_ARRAY(eae_entry, wanted.count + 1);
    int64_t n = 0;
    for (int64_t i = 0; i < wanted.count && status == EAE_OK; i++) {
        if (eae_entry_read(x->store, &wanted.key[i], &e[n]) == EAE_OK &&
            is_complete(x->store, &wanted.key[i]))
            n++;
    }
    if (status == EAE_OK)
        status = push_entries(x, e, n, done);
    free_entries(e, n);
    free(all.key);
    free(wanted.key);
    return status;
}

/* ---- pull ---------------------------------------------------------------------------------- */

/* Frames of entries up to 'D'. */
static int read_entries(const eae_exchange *x, int64_t most, eae_entry *e, int64_t *n)
{
    char kind = 'e';
    uint64_t length;
    int status = EAE_OK;
    for (*n = 0; status == EAE_OK; *n += status == EAE_OK) {
        status = read_head(x, &kind, &length);
        if (status == EAE_OK && kind == 'D' && length == 0)
            return EAE_OK;
        if (status == EAE_MISS || (status == EAE_OK && (kind != 'e' || *n >= most)))
            status = not_understood(x);
        if (status == EAE_OK)
            status = read_entry(x, length, &e[*n]);
    }
    return status;
}

static int read_objects(const eae_exchange *x, int64_t most, eae_exchanged *done)
{
    char kind = 'o';
    uint64_t length;
    int status = EAE_OK;
    while (status == EAE_OK) {
        status = read_head(x, &kind, &length);
        if (status == EAE_OK && kind == 'D' && length == 0)
            return EAE_OK;
        if (status == EAE_MISS || (status == EAE_OK && (kind != 'o' || done->objects >= most)))
            status = not_understood(x);
        if (status == EAE_OK)
            status = take_object(x, length, done);
    }
    return status;
}

static int pull_entries(const eae_exchange *x, const eae_keys *keys, eae_exchanged *done)
{
    eae_entry *e = EAE_NEW_ARRAY(eae_entry, keys->count + 1);
    int64_t n = 0;
    int status = send_keys(x, 'E', keys);
    if (status == EAE_OK)
        status = read_entries(x, keys->count, e, &n);
    eae_keys named = objects_of(e, n), wanted = lacking(x->store, &named, false);
    if (status == EAE_OK)
        status = send_keys(x, 'O', &wanted);
    if (status == EAE_OK)
        status = read_objects(x, wanted.count, done);
    for (int64_t i = 0; i < n && status == EAE_OK; i++) {
        bool whole = eae_entry_has_objects(x->store, &e[i]);
        if (!is_among(keys, &e[i].key))
            status = not_understood(x);
        else if (whole)
            status = eae_entry_write(x->store, &e[i]);
        done->entries += whole && status == EAE_OK;
    }
    free_entries(e, n);
    free(named.key);
    free(wanted.key);
    return status;
}

int eae_exchange_pull(eae_exchange *x, const eae_keys *keys, eae_exchanged *done)
{
    eae_keys there = {NULL, 0};
    *done = (eae_exchanged){0};
    int status = greet(x);
    if (status == EAE_OK)
        status = send_frame(x, 'L', NULL, 0);
    if (status == EAE_OK)
        status = read_keys(x, &there);
    if (status == EAE_OK) {
        eae_keys_sort(&there);
        keep_only(&there, keys);
        eae_keys wanted = lacking(x->store, &there, true);
        status = pull_entries(x, &wanted, done);
        free(wanted.key);
    }
    free(there.key);
    return status;
}

/* ---- serve --------------------------------------------------------------------------------- */

static int answer_list(const eae_exchange *x)
{
    eae_keys all;
    int status = eae_store_list(x->store, "entries", &all);
    if (status == EAE_OK)
        status = send_keys(x, 'K', &all);
    free(all.key);
    return status;
}

static int answer_lacking(const eae_exchange *x, const eae_keys *keys, bool entries)
{
    eae_keys answer = lacking(x->store, keys, entries);
    int status = send_keys(x, 'K', &answer);
    free(answer.key);
    return status;
}

static int answer_wanted(const eae_exchange *x, const eae_keys *keys, bool entries)
{
    eae_exchanged done = {0};
    int status = EAE_OK;
    for (int64_t i = 0; i < keys->count && status == EAE_OK; i++) {
        eae_entry e;
        if (!entries) {
            status = send_object(x, &keys->key[i], &done);
        } else if (eae_entry_read(x->store, &keys->key[i], &e) == EAE_OK) {
            status = send_entry(x, &e);
            eae_entry_free(&e);
        }
    }
    return status == EAE_OK ? send_frame(x, 'D', NULL, 0) : status;
}

static int keep_entry(const eae_exchange *x, uint64_t length, eae_exchanged *done)
{
    eae_entry e;
    int status = read_entry(x, length, &e);
    if (status != EAE_OK)
        return status;
    if (eae_entry_has_objects(x->store, &e)) { /* else one of them was damaged over there */
        status = eae_entry_write(x->store, &e);
        done->entries += status == EAE_OK;
    }
    eae_entry_free(&e);
    return status;
}

static int send_count(const eae_exchange *x, int64_t n)
{
    uint8_t count[8];
    for (int i = 0; i < 8; i++)
        count[i] = (uint8_t)((uint64_t)n >> (8 * i));
    return send_frame(x, 'R', count, sizeof count);
}

static int answer(const eae_exchange *x, char kind, uint64_t length, eae_exchanged *done)
{
    eae_keys keys = {NULL, 0};
    if (kind == 'o')
        return take_object(x, length, done);
    if (kind == 'e')
        return keep_entry(x, length, done);
    if (kind == 'L' && length == 0)
        return answer_list(x);
    if (kind == 'D' && length == 0)
        return send_count(x, done->entries);
    if (kind == '\0' || !strchr("qwEO", kind))
        return not_understood(x);
    int status = read_list(x, length, &keys);
    if (status == EAE_OK)
        status = kind == 'q' || kind == 'w' ? answer_lacking(x, &keys, kind == 'q')
                                            : answer_wanted(x, &keys, kind == 'E');
    free(keys.key);
    return status;
}

int eae_exchange_serve(eae_exchange *x)
{
    eae_exchanged done = {0};
    char kind = '\0';
    uint64_t length = 0;
    int status = greet(x);
    while (status == EAE_OK) {
        status = read_head(x, &kind, &length);
        if (status == EAE_OK)
            status = answer(x, kind, length, &done);
    }
    if (status == EAE_MISS)
        return EAE_OK;
    char *text = eae_strdup(eae_message());
    (void)send_frame(x, 'X', text, strlen(text)); /* if it can still hear */
    eae_set_message(text);
    free(text);
    return EAE_FAIL;
}
