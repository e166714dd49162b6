/* options_history.c - the command line as the history has it; see options.h. */
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/options_parts.h"

typedef eae_option_value value;

/* "--sets=<hash>,<hash>" of a list of files; NULL where one of them cannot be read again. */
static char *history_files(const value *v)
{
    eae_buffer b = {0};
    eae_hash hash;
    char text[EAE_HASH_TEXT];
    eae_buffer_printf(&b, "--%s=", v->option->name);
    for (int64_t i = 0; i < v->words.count; i++) {
        if (!eae_hash_file(eae_name(&v->words, i), &hash)) {
            eae_buffer_free(&b);
            return NULL;
        }
        eae_buffer_printf(&b, "%s%s", i ? "," : "", eae_hash_text(&hash, text));
    }
    return b.data;
}

/* "--samples=P01,P02", "--map=<hash>": the option as the history has it; the caller frees. */
static char *history_word(const value *v, const char *value_text)
{
    const char *name = v->option->name, *arg = v->option->arg;
    eae_hash hash;
    char text[EAE_HASH_TEXT];
    if (v->option->type == EAE_OPT_FLAG || (v->option->optional && !*value_text))
        return eae_sprintf("--%s", name);
    char *files = v->option->type == EAE_OPT_NAMES && arg && strcmp(arg, "FILES") == 0
                      ? history_files(v)
                      : NULL;
    if (files)
        return files;
    if (arg && strncmp(arg, "FILE", 4) == 0 && eae_hash_file(value_text, &hash))
        return eae_sprintf("--%s=%s", name, eae_hash_text(&hash, text));
    if (v->option->type == EAE_OPT_FILE)
        return eae_sprintf("--%s", name);
    return eae_sprintf("--%s=%s", name, value_text);
}

void eae_options_history(const eae_options *o, int keep_operands, eae_names *argv)
{
    eae_names_add(argv, o->program->name, strlen(o->program->name));
    for (int i = 0; i < keep_operands && i < o->operand_count; i++)
        eae_names_add(argv, o->operand[i], strlen(o->operand[i]));
    for (int i = 0; i < o->count; i++) {
        const value *v = &o->values[i];
        if (!v->given || v->option->quiet)
            continue;
        int64_t times = v->option->many ? v->words.count : 1;
        for (int64_t k = 0; k < times; k++) {
            char *word = history_word(v, v->option->many ? eae_name(&v->words, k) : v->text);
            eae_names_add(argv, word, strlen(word));
            free(word);
        }
    }
}
