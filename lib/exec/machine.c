/* machine.c - see machine.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* getloadavg, sched_getaffinity */
#endif
#include "exec/machine.h"

#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/threads.h"
#include "exec/slots.h"

enum { GPUS_MAX = 64 };

int eae_machine_cores(void)
{
    return eae_threads_available();
}

static void split(const char *text, eae_names *names)
{
    while (*text) {
        size_t n = strcspn(text, ",");
        if (n > 0)
            eae_names_add(names, text, n);
        text += n + (text[n] == ',');
    }
}

void eae_machine_gpus(eae_names *gpus)
{
    const char *visible = getenv("CUDA_VISIBLE_DEVICES");
    char path[32];
    if (visible) {
        split(visible, gpus);
        return;
    }
    for (int i = 0; i < GPUS_MAX; i++) {
        int n = snprintf(path, sizeof path, "/dev/nvidia%d", i);
        size_t digits = strlen("/dev/nvidia");
        if (access(path, F_OK) == 0)
            eae_names_add(gpus, path + digits, (size_t)n - digits);
    }
}

void eae_machine_describe(eae_site *site)
{
    char name[256] = "";
    eae_names gpus = {0};
    gethostname(name, sizeof name - 1);
    eae_host_info *h = eae_site_host(site, name);
    char *dir = eae_slots_directory();
    h->state = eae_strdup("alive");
    h->slots = eae_machine_cores();
    h->used = dir ? eae_slots_used(dir, (int)h->slots) : -1;
    if (getloadavg(&h->load, 1) != 1)
        h->load = NAN;
    h->memory = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
    h->memory_free = (int64_t)eae_memory_available();
    eae_machine_gpus(&gpus);
    h->gpus = gpus.count;
    eae_names_free(&gpus);
    free(dir);
}
