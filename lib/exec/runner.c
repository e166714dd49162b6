/* runner.c - see runner.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pipe2 */
#endif
#include "exec/runner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/files.h"
#include "base/number.h"
#include "exec/lane.h"
#include "exec/spawn.h"

enum { KILL_AFTER = 2 }; /* seconds between SIGTERM and SIGKILL */

struct eae_runner {
    eae_runner_config config;
    eae_slots *slots;
    eae_lane *lane;
    struct pollfd *wait;
    int running;
    bool asked; /* for room since the last wait */
    int null;   /* /dev/null */
    char *input;
    bool other_directory;
    eae_names words; /* of the job that is being started */
    char **argv;
    int64_t argv_room;
    eae_buffer frame;
    int status; /* of the journal */
};

extern char **environ;

static int child_ended = -1; /* eventfd */

static void on_child(int sig)
{
    const uint64_t one = 1;
    int error = errno;
    (void)sig;
    if (write(child_ended, &one, sizeof one) < 0)
        errno = 0; /* it is readable already */
    errno = error;
}

static double monotonic(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double wall(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- what jobs are given ----------------------------------------------------------------------
 */

static bool same_variable(const char *a, const char *b)
{
    size_t n = strcspn(a, "=");
    return n == strcspn(b, "=") && memcmp(a, b, n) == 0;
}

static void set_variable(char **all, int *count, char *variable)
{
    for (int i = 0; i < *count; i++) {
        if (same_variable(all[i], variable)) {
            all[i] = variable;
            return;
        }
    }
    all[(*count)++] = variable;
}

static char *devices(const eae_runner_config *c, int lane)
{
    eae_buffer b = {0};
    eae_buffer_puts(&b, "CUDA_VISIBLE_DEVICES=");
    for (int k = 0; k < c->gpus_per_job; k++)
        eae_buffer_printf(&b, "%s%s", k ? "," : "",
                          eae_name(c->gpus, (int64_t)lane * c->gpus_per_job + k));
    return b.data;
}

/* Pointers to strings of `environ`, of the batch and of the lane, which outlive it. The numbers of
 * the job are written into the lane's later. */
static void make_environment(eae_runner *r, eae_lane *l, int number)
{
    const eae_runner_config *c = &r->config;
    const eae_names *away = &c->batch->environment;
    int own = 0, n = 0;
    while (environ[own])
        own++;
    l->environment = EAE_NEW_ARRAY(char *, own + away->count + 8);
    for (int i = 0; i < own; i++)
        l->environment[n++] = environ[i];
    for (int64_t i = 0; c->away && i < away->count; i++)
        set_variable(l->environment, &n, (char *)eae_name(away, i));
    snprintf(l->threads_text, sizeof l->threads_text, "OMP_NUM_THREADS=%d", c->threads);
    if (c->threads > 0 && (c->threads_rule || !getenv("OMP_NUM_THREADS")))
        set_variable(l->environment, &n, l->threads_text);
    if (c->gpus && c->gpus_per_job > 0) {
        free(l->gpus_text);
        l->gpus_text = devices(c, number);
        set_variable(l->environment, &n, l->gpus_text);
    }
    snprintf(l->job_text, sizeof l->job_text, "SUBMIT_JOB=");
    snprintf(l->attempt_text, sizeof l->attempt_text, "SUBMIT_ATTEMPT=");
    set_variable(l->environment, &n, l->batch_text);
    set_variable(l->environment, &n, l->job_text);
    set_variable(l->environment, &n, l->attempt_text);
    l->environment[n] = NULL;
}

/* A file elsewhere must still be what it was when the batch was made. */
static int check_input(const eae_runner *r)
{
    const eae_batch_input *input = &r->config.batch->input;
    struct stat st;
    if (!input->path)
        return EAE_OK;
    if (stat(input->path, &st) != 0)
        return eae_fail_errno("%s: cannot open", input->path);
    int64_t mtime = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    if ((uint64_t)st.st_size != input->size || mtime != input->mtime)
        return eae_fail("%s: changed since the batch was begun; begin a new one", input->path);
    return EAE_OK;
}

/* ---- open and close ---------------------------------------------------------------------------
 */

static int handle_children(void)
{
    struct sigaction act = {.sa_handler = on_child, .sa_flags = SA_RESTART | SA_NOCLDSTOP};
    if (child_ended < 0)
        child_ended = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (child_ended < 0 || sigaction(SIGCHLD, &act, NULL) != 0)
        return eae_fail_errno("cannot watch processes");
    return EAE_OK;
}

static bool is_elsewhere(const char *directory)
{
    struct stat here, there;
    return stat(".", &here) != 0 || stat(directory, &there) != 0 || here.st_dev != there.st_dev ||
           here.st_ino != there.st_ino;
}

int eae_runner_open(eae_runner **out, const eae_runner_config *config)
{
    eae_runner *r = EAE_NEW(eae_runner);
    const eae_batch *b = config->batch;
    r->config = *config;
    r->lane = EAE_NEW_ARRAY(eae_lane, config->lanes);
    r->wait = EAE_NEW_ARRAY(struct pollfd, 2 * config->lanes + 2);
    r->null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (b->input.path || b->input.stored)
        r->input = b->input.path ? eae_strdup(b->input.path) : eae_sprintf("%s/input", b->path);
    r->other_directory = is_elsewhere(b->cwd);
    for (int i = 0; i < config->lanes; i++) {
        eae_lane *l = &r->lane[i];
        l->path = eae_sprintf("%s/data/%s.%d", b->path, config->writer, i);
        l->data = l->output = l->errors = l->slot = -1;
        snprintf(l->batch_text, sizeof l->batch_text, "SUBMIT_BATCH=%s", b->id);
    }
    int status = r->null < 0 ? eae_fail_errno("/dev/null: cannot open") : handle_children();
    if (status == EAE_OK)
        status = check_input(r);
    if (status == EAE_OK && config->slot_directory)
        status = eae_slots_open(&r->slots, config->slot_directory, config->lanes);
    *out = r;
    if (status != EAE_OK) {
        eae_runner_close(r);
        *out = NULL;
    }
    return status;
}

void eae_runner_close(eae_runner *r)
{
    if (!r)
        return;
    for (int i = 0; i < r->config.lanes; i++) {
        eae_lane *l = &r->lane[i];
        if (l->busy) {
            int how;
            eae_lane_kill(l, SIGKILL);
            eae_spawn_wait(l->pid, &how);
        }
    }
    signal(SIGCHLD, SIG_DFL);
    eae_slots_close(r->slots);
    for (int i = 0; i < r->config.lanes; i++)
        eae_lane_free(&r->lane[i]);
    if (r->null >= 0)
        close(r->null);
    eae_names_free(&r->words);
    eae_buffer_free(&r->frame);
    free(r->argv);
    free(r->input);
    free(r->lane);
    free(r->wait);
    free(r);
}

/* ---- slots ------------------------------------------------------------------------------------
 */

static void give_back(eae_runner *r, eae_lane *l)
{
    if (l->slot >= 0)
        eae_slots_release(r->slots, l->slot);
    l->slot = -1;
}

/* Lane and slot need not have the same number; the devices of a job are those of its slot. */
static bool has_slot(eae_runner *r, eae_lane *l, bool wait)
{
    if (!r->slots || l->slot >= 0)
        return true;
    l->slot = eae_slots_take(r->slots, wait);
    l->turn = monotonic();
    return l->slot >= 0;
}

int eae_runner_room(eae_runner *r)
{
    int room = 0;
    r->asked = true;
    for (int i = 0; i < r->config.lanes; i++)
        room += !r->lane[i].busy && has_slot(r, &r->lane[i], true);
    return room;
}

/* ---- beginning --------------------------------------------------------------------------------
 */

static void write_frame(eae_runner *r, eae_journal_type type)
{
    int status = eae_journal_add(r->config.journal, type, &r->frame);
    if (status != EAE_OK)
        r->status = status;
}

static void note_begin(eae_runner *r, const eae_lane *l)
{
    r->frame.length = 0;
    eae_put_i64(&r->frame, l->record.job);
    eae_put_u32(&r->frame, (uint32_t)l->record.attempt);
    eae_put_i64(&r->frame, l->pid);
    eae_put_real(&r->frame, l->record.started);
    write_frame(r, EAE_JOURNAL_BEGAN);
    if (r->config.events)
        r->config.events->began(r->config.events->context, l->chunk, l->record.job,
                                l->record.attempt, l->pid);
}

static void note_end(eae_runner *r, eae_lane *l)
{
    r->frame.length = 0;
    l->record.ended = wall();
    l->busy = false;
    r->running--;
    eae_record_put(&r->frame, &l->record);
    write_frame(r, EAE_JOURNAL_ENDED);
    if (r->config.events)
        r->config.events->ended(r->config.events->context, l->chunk, &l->record);
}

static void find_words(eae_runner *r, int64_t job)
{
    static char shell[] = "sh", dash_c[] = "-c";
    int64_t n = 0;
    r->words.count = 0;
    r->words.used = 0;
    eae_batch_words(r->config.batch, job, &r->words);
    if (r->argv_room < r->words.count + 3) {
        r->argv_room = r->words.count + 3;
        r->argv = eae_realloc(r->argv, (size_t)r->argv_room, sizeof *r->argv);
    }
    if (r->config.batch->shell) {
        r->argv[n++] = shell;
        r->argv[n++] = dash_c;
    }
    for (int64_t i = 0; i < r->words.count; i++)
        r->argv[n++] = (char *)eae_name(&r->words, i);
    r->argv[n] = NULL;
}

static bool open_pipe(int *from, int *to)
{
    int ends[2];
    bool opened = eae_spawn_pipe(ends);
    *from = ends[0];
    *to = ends[1];
    return opened && fcntl(*from, F_SETFL, O_NONBLOCK) == 0;
}

/* errno of what failed, else 0. */
static int launch(eae_runner *r, eae_lane *l)
{
    eae_spawn how = {.argv = r->argv,
                     .environment = l->environment,
                     .directory = r->other_directory ? r->config.batch->cwd : NULL,
                     .input = r->null,
                     .output = -1,
                     .errors = -1,
                     .group = true};
    int error = 0;
    bool opened = open_pipe(&l->output, &how.output) && open_pipe(&l->errors, &how.errors);
    if (opened && r->input) {
        how.input = open(r->input, O_RDONLY | O_CLOEXEC);
        opened = how.input >= 0;
    }
    if (!opened)
        error = errno;
    else
        l->pid = eae_spawn_start(&how, &error);
    if (how.output >= 0)
        close(how.output);
    if (how.errors >= 0)
        close(how.errors);
    if (how.input >= 0 && how.input != r->null)
        close(how.input);
    return error;
}

static eae_lane *free_lane(eae_runner *r)
{
    for (int i = 0; i < r->config.lanes; i++) {
        eae_lane *l = &r->lane[i];
        if (!l->busy && has_slot(r, l, false))
            return l;
    }
    return NULL;
}

/* Made once, and again only for other devices. */
static void choose_environment(eae_runner *r, eae_lane *l)
{
    int number = l->slot >= 0 ? l->slot : (int)(l - r->lane);
    if (l->environment && (number == l->devices_of || r->config.gpus_per_job == 0))
        return;
    free(l->environment);
    l->devices_of = number;
    make_environment(r, l, number);
}

int eae_runner_start(eae_runner *r, eae_chunk *c, int64_t job, int attempt)
{
    eae_lane *l = free_lane(r);
    if (!l)
        return eae_fail("no lane is free"); /* room() was not asked */
    choose_environment(r, l);
    l->busy = true;
    l->chunk = c;
    l->killed = 0;
    l->log_seen = 0;
    l->pid = 0;
    l->record = (eae_record){.job = job, .attempt = attempt, .lane = (uint32_t)(l - r->lane)};
    l->record.output.offset = l->end;
    l->record.started = wall();
    l->deadline = r->config.timeout > 0 ? monotonic() + r->config.timeout : 0;
    snprintf(l->job_text, sizeof l->job_text, "SUBMIT_JOB=%lld", (long long)job + 1);
    snprintf(l->attempt_text, sizeof l->attempt_text, "SUBMIT_ATTEMPT=%d", attempt);
    find_words(r, job);
    r->running++;
    int error = launch(r, l);
    if (error == 0) {
        note_begin(r, l);
        return r->status;
    }
    eae_lane_finish(l, r->config.log_max);
    l->record.ending = EAE_ENDED_UNBORN;
    l->record.status = error;
    note_end(r, l);
    return r->status;
}

/* ---- waiting ----------------------------------------------------------------------------------
 */

/* SIGTERM, and some time later SIGKILL. */
static void end_lane(eae_lane *l, eae_ending why)
{
    if (l->killed == 0)
        l->ending = why;
    eae_lane_kill(l, l->killed ? SIGKILL : SIGTERM);
    kill(-l->pid, SIGCONT); /* a stopped one could not take it */
    l->deadline = monotonic() + KILL_AFTER;
}

static void check_deadline(eae_lane *l, double now)
{
    if (l->deadline > 0 && now >= l->deadline)
        end_lane(l, EAE_ENDED_TIMEOUT);
}

/* Has the process of this lane ended? What is left of its group goes before its number is free. */
static bool reap(eae_lane *l)
{
    siginfo_t how = {0};
    int status = 0;
    if (waitid(P_PID, (id_t)l->pid, &how, WEXITED | WNOHANG | WNOWAIT) != 0 || how.si_pid == 0)
        return false;
    kill(-l->pid, SIGKILL);
    eae_spawn_wait(l->pid, &status);
    if (l->record.ending != EAE_ENDED_OUTPUT) {
        l->record.status = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
        l->record.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
        if (l->killed)
            l->record.ending = l->ending;
    }
    return true;
}

/* A slot is kept for the next job, unless others wait and this turn was long enough. */
static void end_turn(eae_runner *r, eae_lane *l)
{
    if (l->slot >= 0 && (monotonic() - l->turn) * 1000 > EAE_SLOT_TURN_MS) {
        if (eae_slots_contended(r->slots))
            give_back(r, l);
        else
            l->turn = monotonic();
    }
}

static void reap_all(eae_runner *r)
{
    uint64_t times;
    while (read(child_ended, &times, sizeof times) > 0)
        continue;
    for (int i = 0; i < r->config.lanes; i++) {
        eae_lane *l = &r->lane[i];
        if (!l->busy || !reap(l))
            continue;
        bool had_data = l->data >= 0;
        eae_lane_finish(l, r->config.log_max);
        if (!had_data && l->data >= 0)
            eae_journal_attach(r->config.journal, l->data);
        note_end(r, l);
        end_turn(r, l);
    }
}

/* Milliseconds to the first deadline, at most wait_ms. */
static int time_left(const eae_runner *r, int wait_ms)
{
    double now = monotonic();
    for (int i = 0; i < r->config.lanes; i++) {
        const eae_lane *l = &r->lane[i];
        double left = (l->deadline - now) * 1000;
        if (l->busy && l->deadline > 0 && left < wait_ms)
            wait_ms = left > 0 ? (int)left + 1 : 0;
    }
    return wait_ms;
}

static int set_up_wait(eae_runner *r)
{
    int n = 0;
    r->wait[n++] = (struct pollfd){.fd = child_ended, .events = POLLIN};
    if (r->slots)
        r->wait[n++] = (struct pollfd){.fd = eae_slots_fd(r->slots), .events = POLLIN};
    for (int i = 0; i < r->config.lanes; i++) {
        const eae_lane *l = &r->lane[i];
        if (!l->busy)
            continue;
        r->wait[n++] = (struct pollfd){.fd = l->output, .events = POLLIN};
        r->wait[n++] = (struct pollfd){.fd = l->errors, .events = POLLIN};
    }
    return n;
}

int eae_runner_wait(eae_runner *r, int wait_ms)
{
    for (int i = 0; i < r->config.lanes; i++) {
        if (!r->lane[i].busy)
            give_back(r, &r->lane[i]);
    }
    if (r->slots && !r->asked)
        eae_slots_unwant(r->slots);
    r->asked = false;
    if (eae_journal_flush(r->config.journal) != EAE_OK)
        return EAE_FAIL;
    int n = set_up_wait(r);
    if (poll(r->wait, (nfds_t)n, time_left(r, wait_ms)) < 0 && errno != EINTR)
        return eae_fail_errno("cannot wait for jobs");
    double now = monotonic();
    for (int i = 0; i < r->config.lanes; i++) {
        eae_lane *l = &r->lane[i];
        if (!l->busy)
            continue;
        eae_lane_read(l, r->config.log_max);
        check_deadline(l, now);
    }
    reap_all(r);
    return r->status;
}

int eae_runner_running(const eae_runner *r)
{
    return r->running;
}

void eae_runner_cancel(eae_runner *r, int64_t job)
{
    for (int i = 0; i < r->config.lanes; i++) {
        eae_lane *l = &r->lane[i];
        if (l->busy && l->killed == 0 && (job < 0 || l->record.job == job))
            end_lane(l, EAE_ENDED_CANCEL);
    }
}

/* ---- what a dead client left ------------------------------------------------------------------
 */

static bool has_variable(const char *pid, const char *variable)
{
    char *path = eae_sprintf("/proc/%s/environ", pid), *text = NULL;
    size_t length = 0, n = strlen(variable);
    bool found = false;
    if (eae_read_file(path, &text, &length) == EAE_OK) {
        for (const char *p = text; p < text + length && !found; p += strlen(p) + 1)
            found = strncmp(p, variable, n) == 0 && p[n] == '\0';
    }
    free(text);
    free(path);
    return found;
}

int eae_runner_sweep(const eae_batch *b)
{
    char *variable = eae_sprintf("SUBMIT_BATCH=%s", b->id);
    DIR *proc = opendir("/proc");
    int killed = 0;
    for (struct dirent *e; proc && (e = readdir(proc));) {
        int64_t pid;
        if (!eae_parse_int(e->d_name, strlen(e->d_name), &pid) || pid == getpid() ||
            !has_variable(e->d_name, variable))
            continue;
        killed += kill((pid_t)pid, SIGKILL) == 0;
    }
    if (proc)
        closedir(proc);
    free(variable);
    return killed;
}
