/* backend.c - the table of back ends, and what they report; see backend.h. */
#include "exec/backend.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"

/* A new place is a line here. */
static const eae_exec_backend *const all[] = {&eae_exec_local,    &eae_exec_ssh, &eae_exec_slurm,
                                              &eae_exec_openlava, &eae_exec_lsf, &eae_exec_script};

enum { COUNT = sizeof all / sizeof *all };

const eae_exec_backend *eae_exec_backend_at(int i)
{
    return i < COUNT ? all[i] : NULL;
}

const eae_exec_backend *eae_exec_backend_find(const char *name)
{
    eae_buffer names = {0};
    size_t n = strcspn(name, ":");
    for (int i = 0; i < COUNT; i++) {
        if (strlen(all[i]->name) == n && strncmp(name, all[i]->name, n) == 0)
            return all[i];
    }
    for (int i = 0; i < COUNT; i++)
        eae_buffer_printf(&names, "%s%s", i ? ", " : "", all[i]->name);
    eae_fail_usage("--on: '%.*s' is not one of %s", (int)n, name, names.data);
    eae_buffer_free(&names);
    return NULL;
}

const char *eae_config_setting(const eae_exec_config *config, const char *name)
{
    return eae_setting_of(config->settings, name);
}

eae_host_info *eae_site_host(eae_site *s, const char *name)
{
    s->host = eae_realloc(s->host, (size_t)s->host_count + 1, sizeof *s->host);
    eae_host_info *h = &s->host[s->host_count++];
    *h = (eae_host_info){.name = eae_strdup(name),
                         .slots = -1,
                         .used = -1,
                         .load = NAN,
                         .memory = -1,
                         .memory_free = -1,
                         .gpus = -1};
    return h;
}

eae_queue_info *eae_site_queue(eae_site *s, const char *name)
{
    s->queue = eae_realloc(s->queue, (size_t)s->queue_count + 1, sizeof *s->queue);
    eae_queue_info *q = &s->queue[s->queue_count++];
    *q = (eae_queue_info){.name = eae_strdup(name), .priority = -1, .pending = -1, .running = -1};
    return q;
}

void eae_site_free(eae_site *s)
{
    for (int i = 0; i < s->host_count; i++) {
        free(s->host[i].name);
        free(s->host[i].state);
        free(s->host[i].note);
    }
    for (int i = 0; i < s->queue_count; i++) {
        free(s->queue[i].name);
        free(s->queue[i].state);
        free(s->queue[i].window);
    }
    free(s->host);
    free(s->queue);
    *s = (eae_site){0};
}
