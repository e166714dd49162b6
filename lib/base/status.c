/* status.c - the message of the last failure, per thread; see status.h. */
#include "base/status.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGE_MAX = 2048 };

static _Thread_local char message[MESSAGE_MAX];

static void format_message(const char *fmt, va_list ap)
{
    char text[MESSAGE_MAX];
    /* by way of a second buffer: an argument may point into the present message */
    vsnprintf(text, sizeof text, fmt, ap);
    memcpy(message, text, sizeof text);
}

int eae_fail(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    format_message(fmt, ap);
    va_end(ap);
    return EAE_FAIL;
}

int eae_fail_errno(const char *fmt, ...)
{
    int saved = errno;
    va_list ap;
    va_start(ap, fmt);
    format_message(fmt, ap);
    va_end(ap);
    size_t used = strlen(message);
    snprintf(message + used, sizeof message - used, ": %s", strerror(saved));
    errno = saved;
    return EAE_FAIL;
}

int eae_fail_usage(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    format_message(fmt, ap);
    va_end(ap);
    return EAE_USAGE;
}

int eae_fail_within(int status, const char *fmt, ...)
{
    char *inner = strdup(message);
    va_list ap;
    va_start(ap, fmt);
    format_message(fmt, ap);
    va_end(ap);
    size_t used = strlen(message);
    if (inner) /* else memory is so short that the context alone must do */
        snprintf(message + used, sizeof message - used, ": %s", inner);
    free(inner);
    return status;
}

const char *eae_message(void)
{
    return message;
}

void eae_set_message(const char *text)
{
    char copy[MESSAGE_MAX];
    snprintf(copy, sizeof copy, "%s", text);
    memcpy(message, copy, sizeof copy);
}
