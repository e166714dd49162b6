/* history.c - see history.h. */
#include "matrix/history.h"

#include <stdlib.h>
#include <string.h>

#include "base/help.h"
#include "base/json.h"
#include "matrix/stream.h"

void eae_history_merge(eae_names *to, const eae_names *from)
{
    for (int64_t i = 0; i < from->count; i++) {
        const char *line = eae_name(from, i);
        bool known = false;

        for (int64_t j = 0; j < to->count && !known; j++)
            known = strcmp(eae_name(to, j), line) == 0;
        if (!known)
            eae_names_add(to, line, strlen(line));
    }
}

static void put_strings(eae_buffer *b, const eae_names *words)
{
    eae_buffer_putc(b, '[');
    for (int64_t i = 0; i < words->count; i++) {
        if (i > 0)
            eae_buffer_putc(b, ',');
        eae_json_string(b, eae_name(words, i));
    }
    eae_buffer_putc(b, ']');
}

static void content_hashes(eae_frame *const *inputs, int count, eae_names *hashes)
{
    for (int i = 0; i < count; i++) {
        char text[EAE_HASH_TEXT];

        /* a frame that cannot be hashed cannot be written either: the writer reports it */
        if (eae_hash_is_zero(&inputs[i]->content) &&
            eae_frame_content(inputs[i], &inputs[i]->content) != EAE_OK)
            continue;
        eae_names_add(hashes, eae_hash_text(&inputs[i]->content, text), EAE_HASH_TEXT - 1);
    }
}

void eae_history_append(eae_frame *f, const eae_options *o, int keep_operands, const char *identity,
                        eae_frame *const *inputs, int input_count)
{
    eae_names argv = {0}, hashes = {0}, merged = {0};
    eae_buffer b = {0};

    for (int i = 0; i < input_count; i++)
        eae_history_merge(&merged, &inputs[i]->history);
    eae_options_history(o, keep_operands, &argv);
    content_hashes(inputs, input_count, &hashes);
    eae_buffer_puts(&b, "{\"program\":");
    eae_json_string(&b, eae_name(&argv, 0));
    eae_buffer_puts(&b, ",\"version\":\"" EAE_VERSION "\"");
    if (identity != NULL) {
        eae_buffer_puts(&b, ",\"identity\":");
        eae_json_string(&b, identity);
    }
    eae_buffer_puts(&b, ",\"argv\":");
    put_strings(&b, &argv);
    eae_buffer_printf(&b, ",\"seed\":%lld,\"inputs\":", (long long)eae_opt_int(o, "seed"));
    put_strings(&b, &hashes);
    if (merged.count > 0) {
        const char *last = eae_name(&merged, merged.count - 1);
        eae_hash previous = eae_hash_bytes(last, strlen(last));
        char text[EAE_HASH_TEXT];

        eae_buffer_printf(&b, ",\"previous\":\"%s\"", eae_hash_text(&previous, text));
    }
    eae_buffer_putc(&b, '}');
    eae_names_add(&merged, b.data, b.length);
    eae_names_free(&f->history);
    f->history = merged;
    eae_names_free(&argv);
    eae_names_free(&hashes);
    eae_buffer_free(&b);
}
