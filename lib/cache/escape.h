/*
 * escape.h - any bytes as one word of one line of text, and back.
 *
 * A backslash begins \\ (itself), \s (blank), \n, \t and \xHH (other control characters and bytes
 * from 128 on); \e stands for an empty word. Different bytes give different words.
 */
#ifndef EAE_CACHE_ESCAPE_H
#define EAE_CACHE_ESCAPE_H

#include <stdbool.h>

#include "base/memory.h"

/* Appends the word for bytes[0..n-1] to `out`. */
void eae_escape(eae_buffer *out, const void *bytes, size_t n);
/* Appends what the word stands for; false where it is none that eae_escape() gives. */
bool eae_unescape(eae_buffer *out, const char *word, size_t n);

#endif
