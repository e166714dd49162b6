/* queue_text.c - see queue_text.h. */
#include "exec/queue_text.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

static void *grow(void *array, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return array;
    *capacity = *capacity ? 2 * *capacity : 16;
    return eae_realloc(array, *capacity, size);
}

eae_queue_job *eae_queue_jobs_add(eae_queue_jobs *jobs)
{
    jobs->job = grow(jobs->job, jobs->count, &jobs->capacity, sizeof *jobs->job);
    eae_queue_job *job = &jobs->job[jobs->count++];
    *job = (eae_queue_job){.id = -1, .state = EAE_QUEUE_UNSURE};
    return job;
}

eae_queue_host *eae_queue_hosts_add(eae_queue_hosts *hosts)
{
    hosts->host = grow(hosts->host, hosts->count, &hosts->capacity, sizeof *hosts->host);
    eae_queue_host *host = &hosts->host[hosts->count++];
    *host = (eae_queue_host){
        .slots = -1, .used = -1, .load = NAN, .memory = -1, .memory_free = -1, .gpus = -1};
    return host;
}

eae_queue_line *eae_queue_lines_add(eae_queue_lines *lines)
{
    lines->line = grow(lines->line, lines->count, &lines->capacity, sizeof *lines->line);
    eae_queue_line *line = &lines->line[lines->count++];
    *line = (eae_queue_line){.pending = -1, .running = -1, .suspended = -1};
    return line;
}

void eae_queue_jobs_free(eae_queue_jobs *jobs)
{
    free(jobs->job);
    *jobs = (eae_queue_jobs){0};
}

void eae_queue_hosts_free(eae_queue_hosts *hosts)
{
    free(hosts->host);
    *hosts = (eae_queue_hosts){0};
}

void eae_queue_lines_free(eae_queue_lines *lines)
{
    free(lines->line);
    *lines = (eae_queue_lines){0};
}
