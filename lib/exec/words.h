/*
 * words.h - a command line cut into words, as a shell would, without a shell.
 *
 * Blanks and line ends separate words; '...' is literal; in "..." a backslash stands for itself
 * except before " \ $ ` and a line end; elsewhere a backslash makes the next byte literal. Nothing
 * is expanded. What only a shell could do (| & ; < > ( ) $ `, unquoted) is an error that says so.
 */
#ifndef EAE_EXEC_WORDS_H
#define EAE_EXEC_WORDS_H

#include "base/names.h"
#include "base/status.h"

/* Append the words of `text` to `words`: at least one. EAE_USAGE with a message if there is none, a
 * quote does not end, or a shell would be needed. */
int eae_split_words(const char *text, eae_names *words);

#endif
