/* ssh_host.c - see ssh_host.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pipe2 */
#endif
#include "exec/backends/ssh_host.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/files.h"
#include "base/number.h"
#include "exec/batch_parts.h"
#include "exec/backends/spans.h"
#include "exec/spawn.h"

enum { SAID_MAX = 4096, RETRY_MAX = 30, HOST_MAX = 255 };

double eae_ssh_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- names ----------------------------------------------------------------------------------- */

static bool host_name(const char *name, size_t n)
{
    bool good = n > 0 && n <= HOST_MAX && isalnum((unsigned char)*name);
    for (size_t i = 0; i < n && good; i++)
        good = isalnum((unsigned char)name[i]) || memchr("._:@-", name[i], 5);
    return good;
}

int eae_ssh_parse(eae_ssh_host *h, const char *text, size_t n)
{
    const char *slash = memchr(text, '/', n);
    *h = (eae_ssh_host){.link = {.in = -1, .out = -1}, .errors = -1, .push = -1};
    if (slash) {
        size_t digits = (size_t)(slash - text);
        if (!eae_parse_int(text, digits, &h->slots) || h->slots < 1 || h->slots > 100000)
            return eae_fail_usage("\"%.*s\" is not the number of slots of a host", (int)digits,
                                  text);
        n -= digits + 1;
        text = slash + 1;
    }
    if (!host_name(text, n))
        return eae_fail_usage("\"%.*s\" is not the name of a host", (int)n, text);
    h->name = eae_strndup(text, n);
    return EAE_OK;
}

bool eae_ssh_plain_path(const char *path)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "._/+@%:=,~-";
    return *path && *path != '-' && path[strspn(path, plain)] == '\0';
}

/* ---- the process ----------------------------------------------------------------------------- */

/* The last thing that ssh said, without its own name and the host's: as a rule, why it ended. */
static char *last_line(const eae_ssh_host *h)
{
    const char *text = h->said.data ? h->said.data : "";
    eae_span line, last = {"", 0};
    while (eae_span_line(&text, &line)) {
        if (line.n > 0)
            last = line;
    }
    if (eae_span_begins(last, "ssh: "))
        last = (eae_span){last.p + 5, last.n - 5};
    if (eae_span_begins(last, h->name) && last.n > strlen(h->name) + 2 &&
        strncmp(last.p + strlen(h->name), ": ", 2) == 0)
        last = (eae_span){last.p + strlen(h->name) + 2, last.n - strlen(h->name) - 2};
    return last.n > 0 ? eae_span_dup(last) : NULL;
}

static void end_push(eae_ssh_host *h)
{
    eae_spawn_close(&h->push);
    eae_buffer_free(&h->push_bytes);
    h->push_bytes = (eae_buffer){0};
    h->push_name = NULL;
}

static void stop_process(eae_ssh_host *h)
{
    int how;
    if (h->pid > 0) {
        kill(-h->pid, SIGKILL);
        eae_spawn_wait(h->pid, &how);
    }
    h->pid = 0;
    eae_spawn_close(&h->link.in);
    eae_spawn_close(&h->link.out);
    eae_spawn_close(&h->errors);
    end_push(h);
    eae_link_free(&h->link);
    h->link.greeted = h->link.ended = false;
}

void eae_ssh_drop(eae_ssh_host *h, const char *why)
{
    char *said = why ? NULL : last_line(h);
    char *text = eae_strdup(why ? why : said ? said : "the connection was closed");
    bool again = h->was_ready;
    stop_process(h);
    free(said);
    free(h->why);
    h->why = text;
    double wait = h->tries < 5 ? 1 << h->tries : RETRY_MAX;
    h->tries++;
    h->state = EAE_SSH_DOWN;
    h->retry_at = again ? eae_ssh_now() + wait : 0;
}

void eae_ssh_check(eae_ssh_host *h, double quiet)
{
    const eae_buffer nothing = {0};
    double now = eae_ssh_now();
    if (h->state != EAE_SSH_READY || h->link.out < 0)
        return;
    if (h->asked > 0 && now - h->asked > quiet) {
        eae_ssh_drop(h, "it is silent");
    } else if (h->asked <= 0 && now - h->heard > quiet) {
        eae_link_send(&h->link, EAE_REMOTE_ASK, &nothing);
        h->asked = now;
    }
}

void eae_ssh_finish(eae_ssh_host *h)
{
    h->was_ready = false; /* not to be tried again */
    eae_spawn_close(&h->link.out);
}

void eae_ssh_free(eae_ssh_host *h)
{
    stop_process(h);
    eae_buffer_free(&h->said);
    free(h->name);
    free(h->why);
    free(h->version);
    free(h->identity);
    free(h->cwd);
}

/* Of what the user's configuration may add, nothing that would get in the way: no terminal,
 * forwarding or other command, and no connection of others that would end with ours. */
static pid_t start_ssh(const eae_ssh_host *h, const eae_ssh_config *config, const int fd[3])
{
    char timeout[40], *remote = eae_sprintf("exec %s serve", config->program);
    snprintf(timeout, sizeof timeout, "-oConnectTimeout=%d", config->connect_seconds);
    const char *const argv[] = {"ssh",
                                "-T",
                                "-x",
                                "-a",
                                "-oBatchMode=yes",
                                timeout,
                                "-oServerAliveInterval=15",
                                "-oServerAliveCountMax=3",
                                "-oLogLevel=ERROR",
                                "-oPermitLocalCommand=no",
                                "-oRemoteCommand=none",
                                "-oClearAllForwardings=yes",
                                "-oControlMaster=no",
                                "--",
                                h->name,
                                remote,
                                NULL};
    eae_spawn how = {.argv = (char *const *)argv,
                     .input = fd[0],
                     .output = fd[1],
                     .errors = fd[2],
                     .group = true};
    int error;
    pid_t pid = eae_spawn_start(&how, &error);
    errno = error;
    if (pid < 0)
        eae_fail_errno("cannot start ssh");
    free(remote);
    return pid;
}

void eae_ssh_connect(eae_ssh_host *h, const eae_ssh_config *config)
{
    int in[2] = {-1, -1}, out[2] = {-1, -1}, err[2] = {-1, -1};
    h->said.length = 0;
    h->begun = eae_ssh_now();
    if (eae_spawn_pipe(in) && eae_spawn_pipe(out) && eae_spawn_pipe(err))
        h->pid = start_ssh(h, config, (int[]){in[0], out[1], err[1]});
    eae_spawn_close(&in[0]);
    eae_spawn_close(&out[1]);
    eae_spawn_close(&err[1]);
    h->link.out = in[1];
    h->link.in = out[0];
    h->errors = err[0];
    if (h->pid <= 0) {
        h->pid = 0;
        eae_ssh_drop(h, eae_message());
        return;
    }
    for (int i = 0; i < 3; i++) {
        int fd = i == 0 ? h->link.in : i == 1 ? h->link.out : h->errors;
        fcntl(fd, F_SETFL, O_NONBLOCK);
    }
    eae_buffer b = {0};
    eae_put_u32(&b, EAE_REMOTE_PROTOCOL);
    eae_put_text(&b, config->folder);
    eae_put_text(&b, config->batch ? config->batch->cwd : "");
    eae_put_u32(&b, config->identity != NULL);
    eae_put_words(&b, config->batch ? &config->batch->environment : &(eae_names){0});
    eae_link_send(&h->link, EAE_REMOTE_HELLO, &b);
    eae_buffer_free(&b);
    h->state = EAE_SSH_CONNECTING;
    h->asked = 0;
    if (!h->was_ready) /* else it is lost since it was heard */
        h->heard = h->begun;
}

/* ---- files to the host ----------------------------------------------------------------------- */

static void put_piece(eae_ssh_host *h, const char *name, const eae_hash *hash, uint64_t offset,
                      uint64_t size, const char *bytes, size_t n)
{
    eae_buffer b = {0};
    eae_put_text(&b, name);
    eae_put_u64(&b, offset);
    eae_put_u64(&b, size);
    eae_put_hash(&b, hash);
    eae_put_bytes(&b, bytes, n);
    eae_link_send(&h->link, EAE_REMOTE_PUT, &b);
    eae_buffer_free(&b);
}

void eae_ssh_put(eae_ssh_host *h, const char *name, const char *bytes, size_t n)
{
    eae_hash hash = eae_hash_bytes(bytes, n);
    put_piece(h, name, &hash, 0, n, bytes, n);
}

/* Begin to send a file; the rest follows as the connection takes it. */
static int push_file(eae_ssh_host *h, const char *name, const char *path, const eae_hash *hash)
{
    struct stat st;
    h->push = open(path, O_RDONLY | O_CLOEXEC);
    if (h->push < 0 || fstat(h->push, &st) != 0)
        return eae_fail_errno("%s: cannot read", path);
    h->push_name = name;
    h->push_at = 0;
    h->push_size = (uint64_t)st.st_size;
    h->push_hash = *hash;
    return EAE_OK;
}

static bool read_piece(eae_ssh_host *h, char *piece, size_t n)
{
    if (h->push < 0)
        memcpy(piece, h->push_bytes.data + h->push_at, n);
    return h->push < 0 || n == 0 || pread(h->push, piece, n, (off_t)h->push_at) == (ssize_t)n;
}

static int go_on_pushing(eae_ssh_host *h)
{
    char *piece = h->push_name ? eae_malloc(EAE_REMOTE_PIECE, 1) : NULL;
    int status = EAE_OK;
    while (h->push_name && status == EAE_OK && eae_link_pending(&h->link) < EAE_REMOTE_AHEAD) {
        uint64_t left = h->push_size - h->push_at;
        size_t n = left < EAE_REMOTE_PIECE ? (size_t)left : EAE_REMOTE_PIECE;
        if (!read_piece(h, piece, n)) {
            status = eae_fail("the %s became shorter while it was sent", h->push_name);
            break;
        }
        put_piece(h, h->push_name, &h->push_hash, h->push_at, h->push_size, piece, n);
        h->push_at += n;
        if (h->push_at == h->push_size)
            end_push(h);
    }
    free(piece);
    return status;
}

static bool has_input(const eae_batch *b)
{
    return b && (b->input.path || b->input.stored);
}

/* ---- what jobs read: their standard input, and the files of --input ----------------------------
 */

typedef struct {
    const char *name; /* "": standard input; NULL: there is nothing more */
    char *path;
    eae_hash hash;
    uint64_t size;
} item;

static const char *input_setting(const eae_batch *batch, int index)
{
    for (int64_t i = 0; i < batch->settings.count; i++) {
        const char *s = eae_name(&batch->settings, i);
        if (strncmp(s, "input=", 6) == 0 && index-- == 0)
            return s + 6;
    }
    return NULL;
}

/* The index-th, from 0. The caller frees the path. */
static int item_of(const eae_batch *batch, int index, item *it)
{
    struct stat st;
    *it = (item){.hash = batch->input.hash, .size = batch->input.size};
    if (has_input(batch) && index-- == 0) {
        it->name = "";
        it->path = batch->input.path ? eae_strdup(batch->input.path)
                                     : eae_sprintf("%s/input", batch->path);
        return EAE_OK;
    }
    it->name = input_setting(batch, index);
    if (!it->name)
        return EAE_OK;
    it->path = *it->name == '/' ? eae_strdup(it->name) : eae_sprintf("%s/%s", batch->cwd, it->name);
    if (stat(it->path, &st) != 0 || !eae_hash_file(it->path, &it->hash))
        return eae_fail("%s: not a file that can be read", it->path);
    it->size = (uint64_t)st.st_size;
    return EAE_OK;
}

static void be_ready(eae_ssh_host *h)
{
    h->was_ready = true;
    h->tries = 0;
    h->state = EAE_SSH_READY;
}

/* Ask for what comes next; with nothing left, the host is ready. */
static int ask_for_item(eae_ssh_host *h, const eae_batch *batch)
{
    item it;
    eae_buffer b = {0};
    int status = item_of(batch, h->item, &it);
    if (status == EAE_OK && !it.name) {
        be_ready(h);
    } else if (status == EAE_OK) {
        eae_put_hash(&b, &it.hash);
        eae_put_u64(&b, it.size);
        eae_put_text(&b, it.name);
        eae_link_send(&h->link, EAE_REMOTE_INPUT, &b);
        eae_buffer_free(&b);
    }
    free(it.path);
    return status;
}

static int push_item(eae_ssh_host *h, const eae_batch *batch)
{
    item it;
    int status = item_of(batch, h->item, &it);
    if (status == EAE_OK)
        status = push_file(h, "object", it.path, &it.hash);
    free(it.path);
    return status;
}

/* As it is there: the input in its folder, and a directory that is there. */
static int push_batch(eae_ssh_host *h, const eae_batch *batch)
{
    eae_batch there = *batch;
    there.input.stored = has_input(batch);
    there.input.path = NULL;
    there.cwd = h->cwd;
    h->push_bytes.length = 0;
    eae_batch_put(&there, &h->push_bytes);
    h->push_name = "batch";
    h->push_at = 0;
    h->push_size = h->push_bytes.length;
    h->push_hash = eae_hash_bytes(h->push_bytes.data, h->push_bytes.length);
    return EAE_OK;
}

/* ---- messages about the connection ----------------------------------------------------------- */

static int welcome(eae_ssh_host *h, const eae_ssh_config *config, eae_cursor *c)
{
    uint32_t protocol = eae_get_u32(c);
    free(h->version);
    free(h->identity);
    free(h->cwd);
    h->version = eae_get_text(c);
    h->identity = eae_get_text(c);
    h->cwd = eae_get_text(c);
    uint32_t cores = eae_get_u32(c);
    if (protocol != EAE_REMOTE_PROTOCOL)
        return eae_fail("eae-submit %s there speaks another protocol (%u, not %d)", h->version,
                        protocol, EAE_REMOTE_PROTOCOL);
    if (!eae_cursor_ok(c))
        return eae_fail("the connection is damaged");
    if (config->identity && strcmp(config->identity, h->identity) != 0)
        return eae_fail("its programs are others (%s there, %s here), and may give other bytes; "
                        "--mixed allows that",
                        h->identity, config->identity);
    if (h->slots == 0)
        h->slots = cores > 0 ? cores : 1;
    if (!config->batch) {
        be_ready(h);
        return EAE_OK;
    }
    h->state = EAE_SSH_STAGING;
    h->pushed_item = false;
    h->item = 0;
    return push_batch(h, config->batch);
}

static int has(eae_ssh_host *h, const eae_ssh_config *config, eae_cursor *c)
{
    eae_hash hash;
    eae_get_hash(c, &hash);
    if (eae_get_u32(c)) {
        h->item++;
        h->pushed_item = false;
        return ask_for_item(h, config->batch);
    }
    if (h->pushed_item)
        return eae_fail("an input cannot be stored there");
    h->pushed_item = true;
    return push_item(h, config->batch);
}

static int take_message(eae_ssh_host *h, const eae_ssh_config *config, uint32_t type, eae_cursor *c,
                        eae_ssh_fn fn, void *context)
{
    if (h->state == EAE_SSH_CONNECTING && type == EAE_REMOTE_WELCOME)
        return welcome(h, config, c);
    if (h->state == EAE_SSH_STAGING && type == EAE_REMOTE_HAS)
        return has(h, config, c);
    if (type == EAE_REMOTE_TROUBLE) {
        char *text = eae_get_text(c);
        int status = EAE_OK;
        if (h->state == EAE_SSH_READY)
            eae_warn("%s: %s", h->name, text);
        else
            status = eae_fail("%s", text);
        free(text);
        return status;
    }
    if (h->state == EAE_SSH_READY)
        fn(context, h, type, c);
    return EAE_OK;
}

/* ---- the loop -------------------------------------------------------------------------------- */

void eae_ssh_wait_for(const eae_ssh_host *h, struct pollfd p[3])
{
    bool writes = eae_link_pending(&h->link) > 0 || h->push_name;
    p[0] = (struct pollfd){.fd = h->link.in, .events = POLLIN};
    p[1] = (struct pollfd){.fd = h->errors, .events = POLLIN};
    p[2] = (struct pollfd){.fd = writes ? h->link.out : -1, .events = POLLOUT};
}

static void take_errors(eae_ssh_host *h)
{
    char text[SAID_MAX];
    ssize_t n = read(h->errors, text, sizeof text);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        eae_spawn_close(&h->errors);
    if (n <= 0)
        return;
    if (h->said.length > SAID_MAX)
        h->said.length = 0;
    for (ssize_t i = 0; i < n; i++) /* nothing that would move a terminal's cursor */
        eae_buffer_putc(&h->said, text[i] == '\n' || (unsigned char)text[i] >= ' ' ? text[i] : ' ');
}

static int take_answers(eae_ssh_host *h, const eae_ssh_config *config, eae_ssh_fn fn, void *context)
{
    uint32_t type;
    eae_cursor c;
    bool got = true;
    int status = eae_link_fill(&h->link);
    if (!h->link.ended) {
        h->heard = eae_ssh_now();
        h->asked = 0;
    }
    while (status == EAE_OK && got) {
        status = eae_link_next(&h->link, &type, &c, &got);
        if (status == EAE_OK && got)
            status = take_message(h, config, type, &c, fn, context);
    }
    return status;
}

/* After the last piece of a file: what comes next. */
static int go_on_staging(eae_ssh_host *h, const eae_ssh_config *config)
{
    bool pushed = h->push_name != NULL;
    int status = go_on_pushing(h);
    if (status != EAE_OK || !pushed || h->push_name)
        return status;
    return ask_for_item(h, config->batch);
}

/* What is on its way to the host is a sign of life too. */
static void send_pending(eae_ssh_host *h)
{
    size_t before = eae_link_pending(&h->link);
    if (eae_link_flush(&h->link) != EAE_OK)
        h->link.ended = true;
    else if (h->asked > 0 && eae_link_pending(&h->link) < before)
        h->asked = eae_ssh_now();
}

void eae_ssh_step(eae_ssh_host *h, const struct pollfd p[3], const eae_ssh_config *config,
                  eae_ssh_fn fn, void *context)
{
    int status = EAE_OK;
    if (h->pid <= 0)
        return;
    if (p[1].revents && h->errors >= 0)
        take_errors(h);
    if (p[0].revents)
        status = take_answers(h, config, fn, context);
    if (status == EAE_OK)
        status = go_on_staging(h, config);
    if (status == EAE_OK && !h->link.ended && h->link.out >= 0)
        send_pending(h);
    if (status != EAE_OK) {
        eae_ssh_drop(h, eae_message());
    } else if (h->link.ended) {
        if (h->state == EAE_SSH_READY) /* it was not silent until now */
            h->heard = eae_ssh_now();
        if (h->errors >= 0)
            take_errors(h);
        eae_ssh_drop(h, NULL);
    }
}
