/*
 * block.c - the block of an axis in the header: names, then annotation columns. Every part begins
 * at a multiple of 8 and is padded with zeros, which are checked.
 *
 *     u64 count | u32 annotations | u32 flags (1: names)
 *     names:       u64 bytes | u32 length[count] | bytes
 *     annotation:  u32 type | u32 name length | name | values, or for text
 *                  u64 entries | u64 bytes | u32 length[entries] | bytes | i32 code[count]
 */
#include "matrix/format.h"

#include <stdlib.h>
#include <string.h>

const uint8_t eae_frame_magic[EAE_MAGIC_SIZE] = {0x89, 'E', 'A', 'E', '\r', '\n', 0x1a, '\n'};
const uint8_t eae_footer_magic[EAE_MAGIC_SIZE] = {'E', 'A', 'E', 'f', 'o', 'o', 't', '\n'};
const uint8_t eae_end_magic[EAE_MAGIC_SIZE] = {'E', 'A', 'E', '-', 'e', 'n', 'd', '\n'};

enum { HAS_NAMES = 1 };

eae_hash eae_content_identity(const eae_preamble *p, const eae_hash *payload)
{
    struct {
        uint8_t kind, type, zero[6];
        uint64_t rows, cols;
        eae_hash columns, rows_block, payload;
    } identity = {.kind = p->kind,
                  .type = p->type,
                  .rows = p->rows,
                  .cols = p->cols,
                  .columns = p->column_digest,
                  .rows_block = p->row_digest,
                  .payload = *payload};

    _Static_assert(sizeof identity == 72, "no gaps");
    return eae_hash_bytes(&identity, sizeof identity);
}

/* ---- encoding --------------------------------------------------------------------------- */

static void put_u32(eae_buffer *b, uint32_t value)
{
    eae_buffer_add(b, &value, sizeof value);
}

static void put_u64(eae_buffer *b, uint64_t value)
{
    eae_buffer_add(b, &value, sizeof value);
}

/* `start`: where the block begins in the buffer. */
static void put_padding(eae_buffer *b, size_t start)
{
    static const char zeros[8];
    size_t n = b->length - start;

    eae_buffer_add(b, zeros, eae_align_up(n, 8) - n);
}

static void put_strings(eae_buffer *b, const eae_names *names, size_t start)
{
    for (int64_t i = 0; i < names->count; i++)
        put_u32(b, (uint32_t)strlen(eae_name(names, i)));
    put_padding(b, start);
    for (int64_t i = 0; i < names->count; i++) {
        const char *name = eae_name(names, i);

        eae_buffer_add(b, name, strlen(name));
    }
    put_padding(b, start);
}

static uint64_t string_bytes(const eae_names *names)
{
    uint64_t sum = 0;

    for (int64_t i = 0; i < names->count; i++)
        sum += strlen(eae_name(names, i));
    return sum;
}

static void put_annotation(eae_buffer *b, const eae_annot *a, size_t start)
{
    size_t n = (size_t)a->count;

    put_u32(b, (uint32_t)a->type);
    put_u32(b, (uint32_t)strlen(a->name));
    eae_buffer_add(b, a->name, strlen(a->name));
    put_padding(b, start);
    if (a->type == EAE_ANNOT_F64)
        eae_buffer_add(b, eae_payload_canonical(EAE_F64, a->f64, n * sizeof *a->f64, a->f64),
                       n * sizeof *a->f64);
    else if (a->type == EAE_ANNOT_I64)
        eae_buffer_add(b, a->i64, n * sizeof *a->i64);
    else {
        put_u64(b, (uint64_t)a->dict.count);
        put_u64(b, string_bytes(&a->dict));
        put_strings(b, &a->dict, start);
        eae_buffer_add(b, a->code, n * sizeof *a->code);
        put_padding(b, start);
    }
}

void eae_block_encode(const eae_axis *axis, eae_buffer *b)
{
    size_t start = b->length;

    put_u64(b, (uint64_t)axis->count);
    put_u32(b, (uint32_t)axis->annot_count);
    put_u32(b, axis->names.count > 0 ? HAS_NAMES : 0);
    if (axis->names.count > 0) {
        put_u64(b, string_bytes(&axis->names));
        put_strings(b, &axis->names, start);
    }
    for (int i = 0; i < axis->annot_count; i++)
        put_annotation(b, &axis->annot[i], start);
}

/* ---- decoding --------------------------------------------------------------------------- */

typedef struct cursor {
    const uint8_t *bytes;
    size_t at;
    size_t n;
    const char *name;
    uint64_t offset;
} cursor;

static int fail_at(const cursor *c, size_t at, const char *text)
{
    return eae_fail("%s: byte %llu: %s", c->name, (unsigned long long)(c->offset + at), text);
}

/* The next `count` elements of `size` bytes, or NULL, message set. */
static const uint8_t *take(cursor *c, uint64_t count, size_t size)
{
    const uint8_t *p = c->bytes + c->at;

    if (count > (c->n - c->at) / size) {
        fail_at(c, c->at, "the header is shorter than what it says it holds");
        return NULL;
    }
    c->at += (size_t)count * size;
    return p;
}

static int take_u64(cursor *c, uint64_t *value)
{
    const uint8_t *p = take(c, 1, sizeof *value);

    if (p == NULL)
        return EAE_FAIL;
    memcpy(value, p, sizeof *value);
    return EAE_OK;
}

static int take_u32(cursor *c, uint32_t *value)
{
    const uint8_t *p = take(c, 1, sizeof *value);

    if (p == NULL)
        return EAE_FAIL;
    memcpy(value, p, sizeof *value);
    return EAE_OK;
}

static int take_padding(cursor *c)
{
    for (; c->at % 8 != 0; c->at++) {
        if (c->at == c->n)
            return fail_at(c, c->at, "the header is shorter than what it says it holds");
        if (c->bytes[c->at] != 0)
            return fail_at(c, c->at, "a byte of padding is not zero");
    }
    return EAE_OK;
}

/* `count` strings of `total` bytes together, none of them with a zero byte in it. */
static int take_strings(cursor *c, uint64_t count, uint64_t total, eae_names *names)
{
    const uint8_t *lengths = take(c, count, sizeof(uint32_t));
    const uint8_t *text;
    size_t text_at, used = 0;

    if (lengths == NULL || take_padding(c) != EAE_OK)
        return EAE_FAIL;
    text_at = c->at;
    text = take(c, total, 1);
    if (text == NULL || take_padding(c) != EAE_OK)
        return EAE_FAIL;
    if (memchr(text, 0, (size_t)total) != NULL)
        return fail_at(c, text_at, "a zero byte in a name");
    names->capacity = (int64_t)count;
    names->offset = eae_malloc((size_t)count, sizeof *names->offset);
    names->room = (size_t)(total + count);
    names->bytes = eae_malloc(names->room, 1);
    for (uint64_t i = 0; i < count; i++) {
        uint32_t length;

        memcpy(&length, lengths + i * sizeof length, sizeof length);
        if (length > total - used)
            return fail_at(c, text_at, "the lengths of the names do not add up");
        eae_names_add(names, (const char *)text + used, length);
        used += length;
    }
    if (used != total)
        return fail_at(c, text_at, "the lengths of the names do not add up");
    return EAE_OK;
}

/* Entries differ and stand in order of first appearance, all of them used; the classes of a label
 * may stand in any order and need no samples. */
static int check_codes(const cursor *c, const eae_annot *a, size_t at)
{
    bool label = strcmp(a->name, "label") == 0;
    int64_t seen = 0;

    if (eae_names_find_duplicate(&a->dict, NULL) >= 0)
        return fail_at(c, at, "two equal entries in a dictionary");
    for (int64_t i = 0; i < a->count; i++) {
        if (a->code[i] < -1 || a->code[i] >= a->dict.count)
            return fail_at(c, at + (size_t)i * sizeof *a->code, "a code outside its dictionary");
        if (!label && a->code[i] > seen)
            return fail_at(c, at + (size_t)i * sizeof *a->code,
                           "a dictionary is not in order of first appearance");
        if (a->code[i] == seen)
            seen++;
    }
    if (!label && seen != a->dict.count)
        return fail_at(c, at, "a dictionary has entries that are not used");
    return EAE_OK;
}

static int take_text(cursor *c, eae_annot *a)
{
    uint64_t entries, total;
    const uint8_t *codes;
    size_t at;

    if (take_u64(c, &entries) != EAE_OK || take_u64(c, &total) != EAE_OK)
        return EAE_FAIL;
    if (entries > INT32_MAX)
        return fail_at(c, c->at - 16, "a dictionary has too many entries");
    if (take_strings(c, entries, total, &a->dict) != EAE_OK)
        return EAE_FAIL;
    at = c->at;
    codes = take(c, (uint64_t)a->count, sizeof *a->code);
    if (codes == NULL || take_padding(c) != EAE_OK)
        return EAE_FAIL;
    a->code = eae_malloc((size_t)a->count, sizeof *a->code);
    memcpy(a->code, codes, (size_t)a->count * sizeof *a->code);
    return check_codes(c, a, at);
}

static int take_annotation(cursor *c, eae_annot *a, int64_t count)
{
    uint32_t type, length;
    const uint8_t *text;
    size_t at = c->at;

    if (take_u32(c, &type) != EAE_OK || take_u32(c, &length) != EAE_OK)
        return EAE_FAIL;
    text = take(c, length, 1);
    if (text == NULL || take_padding(c) != EAE_OK)
        return EAE_FAIL;
    if (memchr(text, 0, length) != NULL)
        return fail_at(c, at, "a zero byte in a name");
    a->name = eae_strndup((const char *)text, length);
    a->type = (eae_annot_type)type;
    a->count = count;
    if (type == EAE_ANNOT_TEXT)
        return take_text(c, a);
    if (type != EAE_ANNOT_F64 && type != EAE_ANNOT_I64)
        return fail_at(c, at, "an annotation column of unknown type");
    const uint8_t *values = take(c, (uint64_t)count, 8);
    if (values == NULL)
        return EAE_FAIL;
    void *copy = eae_malloc((size_t)count, 8);
    memcpy(copy, values, (size_t)count * 8);
    if (type == EAE_ANNOT_F64)
        a->f64 = copy;
    else
        a->i64 = copy;
    return EAE_OK;
}

static int take_block(cursor *c, eae_axis *axis, uint64_t count)
{
    uint64_t stored_count, total;
    uint32_t annotations, flags;

    if (take_u64(c, &stored_count) != EAE_OK || take_u32(c, &annotations) != EAE_OK ||
        take_u32(c, &flags) != EAE_OK)
        return EAE_FAIL;
    if (stored_count != count)
        return fail_at(c, 0, "header and preamble disagree about the shape");
    if (flags > HAS_NAMES || (flags == HAS_NAMES && count == 0))
        return fail_at(c, 12, "unknown flags in a header block");
    /* an annotation column takes at least 8 bytes */
    if (annotations > (c->n - c->at) / 8)
        return fail_at(c, 8, "the header is shorter than what it says it holds");
    axis->count = (int64_t)count;
    if (flags == HAS_NAMES &&
        (take_u64(c, &total) != EAE_OK || take_strings(c, count, total, &axis->names) != EAE_OK))
        return EAE_FAIL;
    axis->annot = EAE_NEW_ARRAY(eae_annot, annotations);
    for (uint32_t i = 0; i < annotations; i++) {
        axis->annot_count++;
        if (take_annotation(c, &axis->annot[i], axis->count) != EAE_OK)
            return EAE_FAIL;
    }
    if (c->at != c->n)
        return fail_at(c, c->at, "the header holds more than it says");
    return EAE_OK;
}

int eae_block_decode(eae_axis *axis, uint64_t count, const uint8_t *bytes, size_t n,
                     const char *name, uint64_t offset)
{
    cursor c = {.bytes = bytes, .n = n, .name = name, .offset = offset};

    memset(axis, 0, sizeof *axis);
    if (take_block(&c, axis, count) == EAE_OK)
        return EAE_OK;
    eae_axis_free(axis);
    return EAE_FAIL;
}
