/* diag.c - see diag.h. */
#include "base/diag.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/files.h"

static const char *program = "eae";
static eae_loudness level = EAE_NORMAL;

void eae_diag_program(const char *name)
{
    program = name;
}

const char *eae_diag_program_name(void)
{
    return program;
}

void eae_diag_loudness(eae_loudness loudness)
{
    level = loudness;
}

bool eae_diag_quiet(void)
{
    return level == EAE_QUIET;
}

bool eae_diag_verbose(void)
{
    return level == EAE_VERBOSE;
}

/* One write per line, so that the lines of several programs in a pipe do not mix. */
static void say(const char *kind, const char *fmt, va_list ap)
{
    char text[4096];
    vsnprintf(text, sizeof text, fmt, ap);
    fprintf(stderr, "%s: %s%s\n", program, kind, text);
}

#define SAY(kind) \
    do { \
        va_list ap; \
        va_start(ap, fmt); \
        say(kind, fmt, ap); \
        va_end(ap); \
    } while (0)

void eae_die(const char *fmt, ...)
{
    SAY("");
    eae_files_discard_all();
    exit(EAE_FAIL);
}

void eae_usage(const char *fmt, ...)
{
    SAY("");
    fprintf(stderr, "Try '%s --help'\n", program);
    eae_files_discard_all();
    exit(EAE_USAGE);
}

void eae_warn(const char *fmt, ...)
{
    if (level > EAE_QUIET)
        SAY("warning: ");
}

void eae_note(const char *fmt, ...)
{
    if (level > EAE_QUIET)
        SAY("");
}

void eae_detail(const char *fmt, ...)
{
    if (level == EAE_VERBOSE)
        SAY("");
}

void eae_bug(const char *fmt, ...)
{
    SAY("bug: ");
    eae_files_discard_all();
    abort();
}

void eae_die_status(int status)
{
    if (status == EAE_USAGE)
        eae_usage("%s", eae_message());
    fprintf(stderr, "%s: %s\n", program, eae_message());
    eae_files_discard_all();
    exit(status);
}

void eae_die_signal(int number)
{
    const struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    eae_files_discard_all();
    signal(number, SIG_DFL);
    raise(number);
    exit(128 + number);
}
