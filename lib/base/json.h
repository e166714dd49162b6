/*
 * json.h - texts as JSON has them. Bytes that are not UTF-8 are written as \udcXX escapes, so that
 * what is written is always valid.
 */
#ifndef EAE_BASE_JSON_H
#define EAE_BASE_JSON_H

#include "base/memory.h"

/* `text` as a JSON string with its quotes. */
void eae_json_string(eae_buffer *b, const char *text);

#endif
