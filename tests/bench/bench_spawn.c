/*
 * bench_spawn.c - the floor of local dispatch: a plain posix_spawn loop.
 *
 *     bench_spawn JOBS IN_FLIGHT PROGRAM [ARGUMENT...]
 *
 * Runs the program JOBS times, IN_FLIGHT at a time, with /dev/null for output, and prints the
 * seconds.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* posix_spawn */
#endif
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

int main(int argc, char **argv)
{
    struct timespec from, to;
    posix_spawn_file_actions_t actions;
    if (argc < 4) {
        fprintf(stderr, "bench_spawn JOBS IN_FLIGHT PROGRAM [ARGUMENT...]\n");
        return 2;
    }
    long jobs = strtol(argv[1], NULL, 10), most = strtol(argv[2], NULL, 10), running = 0;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (long i = 0; i < jobs || running > 0;) {
        pid_t pid;
        if (i < jobs && running < most) {
            int error = posix_spawnp(&pid, argv[3], &actions, NULL, argv + 3, environ);
            if (error) {
                fprintf(stderr, "%s: %s\n", argv[3], strerror(error));
                return 1;
            }
            i++;
            running++;
        } else if (wait(NULL) > 0) {
            running--;
        }
    }
    clock_gettime(CLOCK_MONOTONIC, &to);
    printf("%.3f\n",
           (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) * 1e-9);
    posix_spawn_file_actions_destroy(&actions);
    return 0;
}
