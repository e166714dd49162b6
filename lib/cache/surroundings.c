/* surroundings.c - see surroundings.h. */
#include "cache/surroundings.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "cache/memo.h"
#include "cache/program.h"

extern char **environ;

/* Model and features as the processor tells them; /proc/cpuinfo says the same once for each core.
 */
static void add_processor(eae_buffer *text)
{
    struct utsname name;
    if (uname(&name) == 0)
        eae_buffer_printf(text, "machine %s\n", name.machine);
#if defined(__x86_64__)
    static const unsigned leaf[] = {1, 7, 0x80000001, 0x80000002, 0x80000003, 0x80000004};
    for (size_t i = 0; i < sizeof leaf / sizeof *leaf; i++) {
        unsigned a = 0, b = 0, c = 0, d = 0;
        __get_cpuid_count(leaf[i], 0, &a, &b, &c, &d);
        if (leaf[i] == 1) {
            b = 0;            /* the number of this core, and the like */
            c &= ~(1u << 27); /* what the operating system has switched on */
        }
        eae_buffer_printf(text, "%08x %08x %08x %08x\n", a, b, c, d);
    }
#endif
}

static void add_state(eae_buffer *text, const char *path)
{
    struct stat st;
    if (stat(path, &st) == 0)
        eae_buffer_printf(text, "%s %ju %ju %jd %jd.%09ld\n", path, (uintmax_t)st.st_dev,
                          (uintmax_t)st.st_ino, (intmax_t)st.st_size, (intmax_t)st.st_mtim.tv_sec,
                          st.st_mtim.tv_nsec);
}

int eae_surroundings(const eae_store *s, eae_buffer *text)
{
    static const char *const variables[] = {"LD_LIBRARY_PATH=", "LD_PRELOAD=", "OPENBLAS_",
                                            "GOTO_NUM_THREADS="};
    eae_program_file self;
    int status = eae_program_find(&self, s, "/proc/self/exe");
    if (status == EAE_OK)
        eae_buffer_add(text, self.lines.data, self.lines.length);
    eae_program_free(&self);
    add_processor(text);
    add_state(text, "/etc/ld.so.cache");
    for (char **p = environ; *p; p++) {
        for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
            if (strncmp(*p, variables[i], strlen(variables[i])) == 0)
                eae_buffer_printf(text, "%s\n", *p);
        }
    }
    return status;
}

int eae_run_identity(const eae_store *s, int (*ask)(void *context, eae_buffer *text), void *context,
                     eae_buffer *text)
{
    eae_buffer name = {0};
    eae_buffer_puts(&name, "run-identity ");
    int status = eae_surroundings(s, &name);
    if (status == EAE_OK && !eae_memo_get(s, name.data, text)) {
        status = ask(context, text);
        if (status == EAE_OK)
            eae_memo_put(s, name.data, text->data ? text->data : "", text->length);
    }
    eae_buffer_free(&name);
    return status;
}
