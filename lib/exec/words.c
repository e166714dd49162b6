/* words.c - see words.h. */
#include "exec/words.h"

#include <string.h>

#include "base/memory.h"

/* The rest of a quoted part, from behind its opening quote; NULL if it does not end. */
static const char *take_quoted(const char *p, char quote, eae_buffer *word)
{
    for (; *p && *p != quote; p++) {
        if (quote == '"' && *p == '\\' && p[1] == '\n')
            p++; /* a continued line */
        else if (quote == '"' && *p == '\\' && p[1] && strchr("\"\\$`", p[1]))
            eae_buffer_putc(word, *++p);
        else
            eae_buffer_putc(word, *p);
    }
    return *p ? p + 1 : NULL;
}

/* One word; `p` is at its first byte. *end: behind it. */
static int take_word(const char *p, eae_buffer *word, const char **end)
{
    while (*p && !strchr(" \t\n", *p)) {
        if (*p == '\'' || *p == '"') {
            const char quote = *p;
            p = take_quoted(p + 1, quote, word);
            if (!p)
                return eae_fail_usage("a %c in the command has no end", quote);
        } else if (*p == '\\' && p[1]) {
            if (p[1] != '\n')
                eae_buffer_putc(word, p[1]);
            p += 2;
        } else if (strchr("|&;<>()$`", *p)) {
            return eae_fail_usage("'%c' in the command needs a shell, and none is started: quote "
                                  "it, or run sh -c '...'",
                                  *p);
        } else {
            eae_buffer_putc(word, *p++);
        }
    }
    *end = p;
    return EAE_OK;
}

int eae_split_words(const char *text, eae_names *words)
{
    eae_buffer word = {0};
    int status = EAE_OK;
    const int64_t before = words->count;
    const char *p = text + strspn(text, " \t\n");
    while (*p && status == EAE_OK) {
        word.length = 0;
        status = take_word(p, &word, &p);
        if (status == EAE_OK)
            eae_names_add(words, word.data ? word.data : "", word.length);
        p += strspn(p, " \t\n");
    }
    eae_buffer_free(&word);
    if (status == EAE_OK && words->count == before)
        status = eae_fail_usage("the command is empty");
    return status;
}
