/*
 * utf8.h - well-formed UTF-8 (Unicode, table 3-7). Pure functions.
 */
#ifndef EAE_BASE_UTF8_H
#define EAE_BASE_UTF8_H

/* Bytes of the character at p, in text that ends with a zero byte: 1 .. 4 (the zero byte itself:
 * 1); 0 if there is none that is well-formed. */
int eae_utf8_length(const char *p);

#endif
