/*
 * stream.c - from operands to merged frames: eae_read() and the bundle. The parts: source.c (bytes
 * of an operand), reader.c (frames in the bytes), merge.c; writer.c is the other direction.
 */
#include "matrix/stream.h"

#include <stdlib.h>
#include <string.h>

#include "matrix/format.h"
#include "matrix/merge.h"
#include "matrix/reader.h"
#include "matrix/source.h"
#include "matrix/text_source.h"

struct eae_input {
    eae_source source;
};

static const eae_import no_import;

static int read_plain(const eae_source *s, const eae_read_options *o)
{
    eae_text_source *source;
    eae_text text;

    if (eae_text_source_open(&source, eae_region_bytes(s->region), s->size, s->name, o->threads) !=
        EAE_OK)
        return EAE_FAIL;
    int status = eae_text_source_wait(source, SIZE_MAX, &text);
    if (status == EAE_OK) {
        eae_buffer_add(o->plain, text.data, text.length);
        if (text.length > 0 && text.data[text.length - 1] != '\n')
            eae_buffer_putc(o->plain, '\n');
    }
    eae_text_source_close(source);
    return status;
}

static int read_text(const eae_source *s, const eae_read_options *o, eae_parsed *parsed)
{
    const eae_import *import = o->import != NULL ? o->import : &no_import;
    eae_parsed_frame one = {.shares_columns = -1, .is_checked = true, .name = s->name};

    if (eae_import_bytes(eae_region_bytes(s->region), s->size, s->name, import, o->threads,
                         &one.frame) != EAE_OK)
        return EAE_FAIL;
    eae_parsed_add(parsed, &one);
    return EAE_OK;
}

/* A compressed stream is put in the place of the bytes it was made from; what is neither compressed
 * nor a stream stays as it is. */
static int unpack_stream(eae_source *s, int threads)
{
    const char *bytes = eae_region_bytes(s->region);
    eae_region *unpacked = NULL;
    eae_text_source *source;
    eae_text text;
    int status;

    if (eae_text_source_open(&source, bytes, s->size, s->name, threads) != EAE_OK)
        return EAE_FAIL;
    status = eae_text_source_wait(source, EAE_MAGIC_SIZE, &text);
    if (status == EAE_OK && text.data != bytes && eae_is_stream(text.data, text.length)) {
        status = eae_text_source_wait(source, SIZE_MAX, &text);
        if (status == EAE_OK && (unpacked = eae_region_memory(text.length)) == NULL)
            status = EAE_FAIL;
    }
    if (unpacked != NULL) {
        memcpy(eae_region_bytes(unpacked), text.data, text.length);
        eae_source_release(s);
        s->region = unpacked;
        s->size = text.length;
    }
    eae_text_source_close(source);
    return status;
}

static int read_content(eae_source *s, const eae_read_options *o, eae_parsed *parsed)
{
    if (!eae_is_stream(eae_region_bytes(s->region), s->size) &&
        unpack_stream(s, o->threads) != EAE_OK)
        return EAE_FAIL;
    if (eae_is_stream(eae_region_bytes(s->region), s->size))
        return eae_frames_parse(s, parsed);
    return o->plain != NULL ? read_plain(s, o) : read_text(s, o, parsed);
}

static int read_operand(eae_source *s, const char *path, const eae_read_options *o,
                        eae_parsed *parsed)
{
    int status;

    if (eae_source_open(s, path, o->memory, o->tmpdir) != EAE_OK)
        return EAE_FAIL;
    if (s->size == 0)
        status = eae_fail("%s: empty%s", s->name,
                          strcmp(path, "-") == 0 ? " (did the program before it fail?)" : "");
    else
        status = read_content(s, o, parsed);
    /* what the frames need of it they retain */
    eae_source_release(s);
    if (status != EAE_OK)
        eae_source_close(s);
    return status;
}

static int read_operands(eae_bundle *b, const char *const *path, int n, const eae_read_options *o,
                         eae_parsed *parsed)
{
    bool standard_input = false;

    for (int i = 0; i < n; i++) {
        if (strcmp(path[i], "-") == 0 && standard_input)
            return eae_fail("standard input can be read only once");
        standard_input |= strcmp(path[i], "-") == 0;
        if (read_operand(&b->input[i].source, path[i], o, parsed) != EAE_OK)
            return EAE_FAIL;
        b->input_count++;
    }
    if (o->verify_later)
        b->unverified = eae_frames_verify_later(parsed);
    return eae_frames_verify(parsed, o->threads);
}

/* Merge, and hand the frames over to the bundle. */
static int collect(eae_bundle *b, eae_parsed *parsed)
{
    eae_member *member = EAE_NEW_ARRAY(eae_member, parsed->count);
    int status;

    for (int i = 0; i < parsed->count; i++) {
        member[i] = (eae_member){.frame = parsed->frame[i].frame,
                                 .same_columns = parsed->frame[i].shares_columns,
                                 .source = parsed->frame[i].name};
        parsed->frame[i].frame = NULL;
    }
    status = eae_merge_members(member, parsed->count);
    b->frame = EAE_NEW_ARRAY(eae_frame *, parsed->count);
    for (int i = 0; i < parsed->count; i++)
        if (member[i].frame != NULL)
            b->frame[b->count++] = member[i].frame;
    free(member);
    return status;
}

static bool gives_roles(const eae_import *i)
{
    return i->label != NULL || i->positive != NULL || i->regression || i->group != NULL ||
           i->time != NULL || i->status != NULL || i->annot != NULL;
}

static int apply_roles(eae_bundle *b, const eae_import *import)
{
    for (int i = 0; i < b->count; i++) {
        if (b->frame[i]->kind != EAE_KIND_DATA)
            continue;
        if (eae_import_apply_roles(&b->frame[i], import) != EAE_OK)
            return EAE_FAIL;
        if (gives_roles(import))
            memset(&b->frame[i]->content, 0, sizeof b->frame[i]->content);
    }
    return EAE_OK;
}

int eae_read(eae_bundle *b, const char *const *path, int n, const eae_read_options *options)
{
    static const char *const standard_input[] = {"-"};
    eae_parsed parsed = {0};
    int status;

    if (n == 0) {
        path = standard_input;
        n = 1;
    }
    memset(b, 0, sizeof *b);
    b->input = EAE_NEW_ARRAY(struct eae_input, n);
    status = read_operands(b, path, n, options, &parsed);
    if (status == EAE_OK)
        status = collect(b, &parsed);
    if (status == EAE_OK)
        status = apply_roles(b, options->import != NULL ? options->import : &no_import);
    eae_parsed_free(&parsed);
    if (status != EAE_OK)
        eae_bundle_free(b);
    return status;
}

/* With what `how` says beyond the options of the command line. */
static int read_from_command(eae_bundle *b, const eae_options *o, int first, eae_read_options how)
{
    int n = eae_operand_count(o) > first ? eae_operand_count(o) - first : 0;
    const char **path = EAE_NEW_ARRAY(const char *, n);
    int status;

    how.memory = eae_opt_memory(o);
    how.tmpdir = eae_opt_text(o, "tmpdir");
    how.threads = eae_opt_threads(o);
    for (int i = 0; i < n; i++)
        path[i] = eae_operand(o, first + i);
    status = eae_read(b, path, n, &how);
    free(path);
    return status;
}

int eae_read_operands(eae_bundle *b, const eae_options *o, int first, const eae_import *import)
{
    return read_from_command(b, o, first, (eae_read_options){.import = import});
}

int eae_read_operands_ahead(eae_bundle *b, const eae_options *o, int first,
                            const eae_import *import)
{
    return read_from_command(b, o, first,
                             (eae_read_options){.import = import, .verify_later = true});
}

int eae_read_operands_or_text(eae_bundle *b, const eae_options *o, int first, eae_buffer *plain)
{
    return read_from_command(b, o, first, (eae_read_options){.plain = plain});
}

int eae_bundle_find(const eae_bundle *b, eae_kind kind, eae_frame **f)
{
    *f = NULL;
    for (int i = 0; i < b->count; i++) {
        if (b->frame[i]->kind != kind)
            continue;
        if (*f != NULL)
            return eae_fail("several %s frames with different columns", eae_kind_name(kind));
        *f = b->frame[i];
    }
    return EAE_OK;
}

char *eae_bundle_kinds(const eae_bundle *b)
{
    eae_buffer text = {0};

    eae_buffer_puts(&text, "");
    for (int i = 0; i < b->count; i++) {
        bool known = false;

        for (int j = 0; j < i && !known; j++)
            known = b->frame[j]->kind == b->frame[i]->kind;
        if (!known)
            eae_buffer_printf(&text, "%s%s", text.length > 0 ? ", " : "",
                              eae_kind_name(b->frame[i]->kind));
    }
    return text.data;
}

eae_frame *eae_bundle_take(eae_bundle *b, int i)
{
    eae_frame *f = b->frame[i];

    b->count--;
    memmove(b->frame + i, b->frame + i + 1, (size_t)(b->count - i) * sizeof *b->frame);
    return f;
}

int eae_bundle_check(const eae_bundle *b)
{
    for (int i = 0; i < b->input_count; i++)
        if (eae_source_check(&b->input[i].source) != EAE_OK)
            return EAE_FAIL;
    return eae_unverified_wait(b->unverified);
}

int eae_bundle_blame(const eae_bundle *b, int status)
{
    if (status == EAE_FAIL)
        (void)eae_bundle_check(b); /* sets the message where it has something to say */
    return status;
}

void eae_bundle_free(eae_bundle *b)
{
    eae_unverified_free(b->unverified); /* its messages name the inputs */
    for (int i = 0; i < b->count; i++)
        eae_frame_free(b->frame[i]);
    for (int i = 0; i < b->input_count; i++)
        eae_source_close(&b->input[i].source);
    free(b->frame);
    free(b->input);
    memset(b, 0, sizeof *b);
}
