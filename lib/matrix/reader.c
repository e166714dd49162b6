/* reader.c - see reader.h. */
#include "matrix/reader.h"

#include <stdlib.h>
#include <string.h>

#include "base/threads.h"
#include "matrix/format.h"

/* A column block seen in this stream, for the frames that leave it out. */
typedef struct known_block {
    eae_hash digest;
    int frame[EAE_KIND_RANK + 1]; /* by kind: the parsed frame that was given it, or -1 */
    const uint8_t *bytes;
    size_t length;
    uint64_t offset;
} known_block;

typedef struct parser {
    const char *name;
    const uint8_t *bytes;
    uint64_t size;
    eae_region *region;
    known_block *known;
    int known_count;
    int parsed; /* frames so far, of all inputs */
} parser;

/* The frame at hand: where its parts are, all offsets from the beginning of the stream. */
typedef struct layout {
    eae_preamble p;
    eae_footer footer;
    uint64_t start;
    uint64_t columns; /* of the column block, which may be in an earlier frame */
    uint64_t columns_length;
    uint64_t rows;
    uint64_t payload;
    uint64_t tail; /* of the footer */
    uint64_t end;
} layout;

static int fail_at(const parser *s, uint64_t at, const char *text)
{
    return eae_fail("%s: byte %llu: %s", s->name, (unsigned long long)at, text);
}

bool eae_is_stream(const char *bytes, size_t n)
{
    size_t check = n < EAE_MAGIC_SIZE ? n : EAE_MAGIC_SIZE;

    return n > 0 && memcmp(bytes, eae_frame_magic, check) == 0;
}

static int check_zeros(const parser *s, uint64_t from, uint64_t to)
{
    for (uint64_t at = from; at < to; at++)
        if (s->bytes[at] != 0)
            return fail_at(s, at, "a byte of padding is not zero");
    return EAE_OK;
}

static int check_present(const parser *s, uint64_t at, uint64_t length, const char *part)
{
    if (length <= s->size - at)
        return EAE_OK;
    return eae_fail("%s: byte %llu: the stream ends inside the %s of the frame: it is truncated "
                    "(%llu bytes are missing, at least)",
                    s->name, (unsigned long long)s->size, part,
                    (unsigned long long)(length - (s->size - at)));
}

/* Magic and version come first: what follows may look different in another version. */
static int read_preamble(const parser *s, layout *l)
{
    size_t present =
        s->size - l->start < EAE_MAGIC_SIZE ? (size_t)(s->size - l->start) : EAE_MAGIC_SIZE;
    eae_hash own;

    if (memcmp(s->bytes + l->start, eae_frame_magic, present) != 0)
        return fail_at(s, l->start, "something that is not a frame follows the last frame");
    if (check_present(s, l->start, sizeof l->p, "preamble") != EAE_OK)
        return EAE_FAIL;
    memcpy(&l->p, s->bytes + l->start, sizeof l->p);
    if (l->p.major != EAE_FORMAT_MAJOR || l->p.minor != EAE_FORMAT_MINOR)
        return eae_fail("%s: byte %llu: version %u.%u of the matrix stream is not supported "
                        "(only %d.%d is)",
                        s->name, (unsigned long long)l->start + EAE_MAGIC_SIZE, l->p.major,
                        l->p.minor, EAE_FORMAT_MAJOR, EAE_FORMAT_MINOR);
    own = eae_hash_bytes(&l->p, offsetof(eae_preamble, own));
    if (!eae_hash_equal(&own, &l->p.own))
        return fail_at(s, l->start, "the preamble of a frame is damaged: its hash differs");
    return EAE_OK;
}

static int check_preamble(const parser *s, const layout *l)
{
    const eae_preamble *p = &l->p;
    static const eae_preamble zero;

    if (p->kind < EAE_KIND_DATA || p->kind > EAE_KIND_RANK)
        return eae_fail("%s: byte %llu: a frame of unknown kind %u", s->name,
                        (unsigned long long)l->start + 12, p->kind);
    if (p->type < EAE_F32 || p->type > EAE_U8)
        return eae_fail("%s: byte %llu: a frame of unknown element type %u", s->name,
                        (unsigned long long)l->start + 13, p->type);
    if (p->flags > EAE_FLAG_COLUMNS_LEFT_OUT)
        return fail_at(s, l->start + 14, "a frame with unknown flags");
    if (memcmp(p->reserved, zero.reserved, sizeof p->reserved) != 0)
        return fail_at(s, l->start + offsetof(eae_preamble, reserved),
                       "a reserved field is not zero");
    if (p->column_length > p->header_length || p->column_length % 8 != 0 ||
        p->header_length % 8 != 0 ||
        (p->column_length == 0) != (p->flags == EAE_FLAG_COLUMNS_LEFT_OUT))
        return fail_at(s, l->start + offsetof(eae_preamble, header_length),
                       "impossible lengths of the header");
    return EAE_OK;
}

/* Payload: where the shape and the header say it is, and all of it there. */
static int place_payload(const parser *s, layout *l)
{
    const eae_preamble *p = &l->p;
    size_t elements, bytes;

    if (check_present(s, l->start + sizeof *p, p->header_length, "header") != EAE_OK)
        return EAE_FAIL;
    if (p->payload_offset != eae_align_up(sizeof *p + p->header_length, EAE_FRAME_ALIGN))
        return fail_at(s, l->start + offsetof(eae_preamble, payload_offset),
                       "the payload is not where it should begin");
    if (p->rows > INT64_MAX || p->cols > INT64_MAX || !eae_mul_fits(p->rows, p->cols, &elements) ||
        !eae_mul_fits(elements, eae_type_size((eae_type)p->type), &bytes) ||
        bytes != p->payload_length)
        return fail_at(s, l->start + offsetof(eae_preamble, payload_length),
                       "the length of the payload is not rows x columns x element size");
    l->rows = l->start + sizeof *p + p->column_length;
    l->payload = l->start + p->payload_offset;
    /* the header is there, so that only its padding can be missing before the payload */
    if (check_present(s, l->start, p->payload_offset, "header") != EAE_OK ||
        check_present(s, l->payload, p->payload_length, "payload") != EAE_OK)
        return EAE_FAIL;
    l->tail = eae_align_up(l->payload - l->start + p->payload_length, EAE_FRAME_ALIGN) + l->start;
    if (l->tail > s->size)
        return check_present(s, l->payload, l->tail - l->payload, "payload");
    return EAE_OK;
}

static int check_history(const parser *s, const layout *l)
{
    const char *text = (const char *)s->bytes + l->tail + sizeof l->footer;
    uint64_t n = l->footer.history_length;

    if (n > 0 && text[n - 1] != '\n')
        return fail_at(s, l->tail + sizeof l->footer + n - 1, "the history does not end a line");
    for (uint64_t i = 0; i < n; i++) {
        bool line_start = i == 0 || text[i - 1] == '\n';

        if (((unsigned char)text[i] < 0x20 && text[i] != '\n') || (line_start && text[i] != '{'))
            return fail_at(s, l->tail + sizeof l->footer + i,
                           "the history is not one JSON object a line");
    }
    return EAE_OK;
}

static int check_end_mark(const parser *s, const layout *l)
{
    eae_end_mark end;
    uint64_t at = l->end - sizeof end;

    memcpy(&end, s->bytes + at, sizeof end);
    if (memcmp(end.magic, eae_end_magic, sizeof end.magic) != 0)
        return fail_at(s, at, "the end mark of the frame is missing");
    if (end.frame_length != l->end - l->start)
        return fail_at(s, at + 8, "the end mark gives another length of the frame");
    return EAE_OK;
}

static int read_footer(const parser *s, layout *l)
{
    const uint64_t fixed = sizeof l->footer, closing = sizeof(eae_hash) + sizeof(eae_end_mark);
    eae_footer *f = &l->footer;
    eae_hash own, stored;

    if (check_present(s, l->tail, fixed, "footer") != EAE_OK)
        return EAE_FAIL;
    memcpy(f, s->bytes + l->tail, sizeof *f);
    if (memcmp(f->magic, eae_footer_magic, sizeof f->magic) != 0)
        return fail_at(s, l->tail, "the footer of the frame is missing");
    if (f->history_length > INT64_MAX / 2 ||
        f->length != eae_align_up(fixed + f->history_length + closing, EAE_FRAME_ALIGN))
        return fail_at(s, l->tail + 8, "impossible lengths of the footer");
    if (check_present(s, l->tail, f->length, "footer") != EAE_OK)
        return EAE_FAIL;
    l->end = l->tail + f->length;
    own = eae_hash_bytes(s->bytes + l->tail, f->length - closing);
    memcpy(&stored, s->bytes + l->end - closing, sizeof stored);
    if (!eae_hash_equal(&own, &stored))
        return fail_at(s, l->tail, "the footer of the frame is damaged: its hash differs");
    if (f->reserved != 0)
        return fail_at(s, l->tail + 24, "a reserved field is not zero");
    if (check_zeros(s, l->tail + fixed + f->history_length, l->end - closing) != EAE_OK ||
        check_history(s, l) != EAE_OK)
        return EAE_FAIL;
    return check_end_mark(s, l);
}

static void remember_columns(parser *s, const layout *l)
{
    known_block block = {.digest = l->p.column_digest,
                         .bytes = s->bytes + l->start + sizeof l->p,
                         .length = l->p.column_length,
                         .offset = l->start + sizeof l->p};

    for (int k = 0; k <= EAE_KIND_RANK; k++)
        block.frame[k] = -1;
    s->known = eae_realloc(s->known, (size_t)s->known_count + 1, sizeof *s->known);
    s->known[s->known_count++] = block;
}

static known_block *find_columns(parser *s, const eae_preamble *p, uint64_t at)
{
    for (int i = s->known_count - 1; i >= 0; i--)
        if (eae_hash_equal(&s->known[i].digest, &p->column_digest))
            return &s->known[i];
    fail_at(s, at, "the frame leaves out its columns, and no frame before it has them");
    return NULL;
}

static int check_digest(const parser *s, uint64_t at, uint64_t n, const eae_hash *digest,
                        const char *what)
{
    eae_hash h = eae_hash_bytes(s->bytes + at, n);

    if (eae_hash_equal(&h, digest))
        return EAE_OK;
    return eae_fail("%s: byte %llu: the %s of the frame are damaged: their hash differs", s->name,
                    (unsigned long long)at, what);
}

/* A second frame of a kind with the same columns gets none of its own (*shares_columns says whose
 * they are): otherwise a thousand frames would need a thousand copies of a million names. */
static int decode_columns(parser *s, const layout *l, eae_frame *f, int *shares_columns)
{
    const eae_preamble *p = &l->p;
    uint64_t at = l->start + sizeof *p;
    known_block *block;

    if (p->column_length > 0) {
        if (check_digest(s, at, p->column_length, &p->column_digest, "columns") != EAE_OK)
            return EAE_FAIL;
        remember_columns(s, l);
    }
    block = find_columns(s, p, l->start + offsetof(eae_preamble, column_digest));
    if (block == NULL)
        return EAE_FAIL;
    *shares_columns = block->frame[p->kind];
    if (*shares_columns >= 0)
        return EAE_OK;
    block->frame[p->kind] = s->parsed;
    return eae_block_decode(&f->cols, p->cols, block->bytes, block->length, s->name, block->offset);
}

static int decode_rows(parser *s, const layout *l, eae_frame *f)
{
    uint64_t n = l->p.header_length - l->p.column_length;

    if (check_digest(s, l->rows, n, &l->p.row_digest, "rows") != EAE_OK)
        return EAE_FAIL;
    return eae_block_decode(&f->rows, l->p.rows, s->bytes + l->rows, n, s->name, l->rows);
}

static void take_history(const parser *s, const layout *l, eae_frame *f)
{
    const char *text = (const char *)s->bytes + l->tail + sizeof l->footer;
    const char *end = text + l->footer.history_length;

    while (text < end) {
        const char *line_end = memchr(text, '\n', (size_t)(end - text));

        eae_names_add(&f->history, text, (size_t)(line_end - text));
        text = line_end + 1;
    }
}

/* The parts that were found, as a frame whose payload lies in the region. */
static int build_frame(parser *s, const layout *l, eae_parsed_frame *parsed)
{
    eae_frame *f = EAE_NEW(eae_frame);
    eae_hash content = eae_content_identity(&l->p, &l->footer.payload);

    f->kind = (eae_kind)l->p.kind;
    f->type = (eae_type)l->p.type;
    f->rows.count = (int64_t)l->p.rows;
    f->cols.count = (int64_t)l->p.cols;
    f->content = content;
    f->mapping = eae_region_retain(s->region);
    f->payload = eae_region_bytes(s->region) + l->payload;
    take_history(s, l, f);
    if (decode_columns(s, l, f, &parsed->shares_columns) != EAE_OK ||
        decode_rows(s, l, f) != EAE_OK)
        goto fail;
    if (!eae_hash_equal(&content, &l->footer.content)) {
        fail_at(s, l->tail + offsetof(eae_footer, content),
                "the content identity of the frame is not that of its parts");
        goto fail;
    }
    if (eae_frame_check_rows(f) != EAE_OK ||
        (parsed->shares_columns < 0 && eae_frame_check_columns(f) != EAE_OK)) {
        eae_fail_within(EAE_FAIL, "%s: byte %llu", s->name, (unsigned long long)l->start);
        goto fail;
    }
    parsed->frame = f;
    return EAE_OK;
fail:
    eae_frame_free(f);
    return EAE_FAIL;
}

static int parse_frame(parser *s, uint64_t *at, eae_parsed_frame *parsed)
{
    layout l = {.start = *at};

    if (read_preamble(s, &l) != EAE_OK || check_preamble(s, &l) != EAE_OK ||
        place_payload(s, &l) != EAE_OK)
        return EAE_FAIL;
    if (check_zeros(s, l.rows + l.p.header_length - l.p.column_length, l.payload) != EAE_OK ||
        check_zeros(s, l.payload + l.p.payload_length, l.tail) != EAE_OK ||
        read_footer(s, &l) != EAE_OK)
        return EAE_FAIL;
    if (build_frame(s, &l, parsed) != EAE_OK)
        return EAE_FAIL;
    parsed->payload = l.footer.payload;
    parsed->is_checked = false;
    parsed->offset = l.payload;
    parsed->name = s->name;
    *at = l.end;
    return EAE_OK;
}

void eae_parsed_add(eae_parsed *parsed, const eae_parsed_frame *one)
{
    if (parsed->count == parsed->room) {
        parsed->room = 2 * parsed->room + 4;
        parsed->frame = eae_realloc(parsed->frame, (size_t)parsed->room, sizeof *parsed->frame);
    }
    parsed->frame[parsed->count++] = *one;
}

int eae_frames_parse(const eae_source *source, eae_parsed *parsed)
{
    parser s = {.name = source->name,
                .bytes = (const uint8_t *)eae_region_bytes(source->region),
                .size = source->size,
                .region = source->region};
    int status = EAE_OK;
    uint64_t at = 0;

    while (status == EAE_OK && at < s.size) {
        eae_parsed_frame one = {0};

        s.parsed = parsed->count;
        status = parse_frame(&s, &at, &one);
        if (status == EAE_OK)
            eae_parsed_add(parsed, &one);
    }
    free(s.known);
    return status;
}

/* ---- hashes of payloads ---- */

typedef struct {
    eae_region *region; /* retained, for one that is checked later */
    const void *bytes;
    size_t length;
    eae_hash promised;
    uint64_t offset;
    const char *name;
} payload;

struct eae_unverified {
    payload *payload;
    int count;
    eae_behind *behind;
};

static payload payload_of(const eae_parsed_frame *p)
{
    const eae_frame *f = p->frame;
    return (payload){.bytes = f->payload,
                     .length =
                         (size_t)f->rows.count * (size_t)f->cols.count * eae_type_size(f->type),
                     .promised = p->payload,
                     .offset = p->offset,
                     .name = p->name};
}

static int verify_payload(const payload *p)
{
    eae_hash h = eae_hash_bytes(p->bytes, p->length);
    if (eae_hash_equal(&h, &p->promised))
        return EAE_OK;
    return eae_fail("%s: byte %llu: the payload of the frame is damaged: its hash differs", p->name,
                    (unsigned long long)p->offset);
}

static int verify_one(void *context, int64_t task, int worker)
{
    const eae_parsed_frame *f = &((const eae_parsed *)context)->frame[task];
    (void)worker;
    if (f->is_checked)
        return EAE_OK;
    payload p = payload_of(f);
    return verify_payload(&p);
}

int eae_frames_verify(const eae_parsed *parsed, int threads)
{
    return eae_parallel(threads, parsed->count, verify_one, (void *)(uintptr_t)parsed);
}

static int verify_all(void *context, int64_t task, int worker)
{
    const eae_unverified *u = context;
    int status = EAE_OK;
    (void)task;
    (void)worker;
    for (int i = 0; i < u->count && status == EAE_OK; i++)
        status = verify_payload(&u->payload[i]);
    return status;
}

/* Below this a hash takes less than the thread is worth. */
enum { WORTH_A_THREAD = 32 << 20 };

eae_unverified *eae_frames_verify_later(eae_parsed *parsed)
{
    eae_unverified *u = eae_malloc(1, sizeof *u);
    *u = (eae_unverified){.payload = EAE_NEW_ARRAY(payload, parsed->count)};
    for (int i = 0; i < parsed->count; i++) {
        eae_parsed_frame *f = &parsed->frame[i];
        payload p = payload_of(f);
        if (f->is_checked || p.length < WORTH_A_THREAD || eae_region_is_memory(f->frame->mapping))
            continue;
        p.region = eae_region_retain(f->frame->mapping);
        u->payload[u->count++] = p;
        f->is_checked = true;
    }
    if (u->count > 0) {
        u->behind = eae_behind_start(verify_all, u);
        return u;
    }
    eae_unverified_free(u);
    return NULL;
}

int eae_unverified_wait(eae_unverified *u)
{
    return u ? eae_behind_wait(u->behind) : EAE_OK;
}

void eae_unverified_free(eae_unverified *u)
{
    if (!u)
        return;
    eae_behind_free(u->behind);
    for (int i = 0; i < u->count; i++)
        eae_region_release(u->payload[i].region);
    free(u->payload);
    free(u);
}

void eae_parsed_free(eae_parsed *parsed)
{
    for (int i = 0; i < parsed->count; i++)
        eae_frame_free(parsed->frame[i].frame);
    free(parsed->frame);
    memset(parsed, 0, sizeof *parsed);
}
