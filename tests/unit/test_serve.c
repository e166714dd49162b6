/*
 * test_serve.c - the servant on an ssh host, spoken to over pipes: what it takes, what it refuses;
 * and the names of hosts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/files.h"
#include "exec/backends/remote.h"
#include "exec/backends/serve.h"
#include "exec/backends/ssh_host.h"

typedef struct {
    char root[40];
    pid_t pid;
    int to, from;
    eae_link link;
} fixture;

static const char *identify(void)
{
    const char *told = getenv("EAE_TEST_OF_IDENTITY");
    return told ? told : "avx9";
}

static void begin(fixture *f)
{
    int to[2], from[2];
    memset(f, 0, sizeof *f);
    strcpy(f->root, "/tmp/eae-serve.XXXXXX");
    assert_non_null(mkdtemp(f->root));
    setenv("XDG_STATE_HOME", f->root, 1);
    assert_int_equal(pipe(to), 0);
    assert_int_equal(pipe(from), 0);
    fflush(NULL);
    f->pid = fork();
    if (f->pid == 0) {
        dup2(to[0], 0);
        dup2(from[1], 1);
        for (int i = 0; i < 2; i++) {
            close(to[i]);
            close(from[i]);
        }
        _exit(eae_serve(identify, "1.2"));
    }
    close(to[0]);
    close(from[1]);
    f->link = (eae_link){.in = from[0], .out = to[1]};
}

/* Its input ends: so does it, with status 0. */
static void end(fixture *f)
{
    int how;
    close(f->link.out);
    assert_int_equal(waitpid(f->pid, &how, 0), f->pid);
    assert_true(WIFEXITED(how) && WEXITSTATUS(how) == 0);
    close(f->link.in);
    eae_link_free(&f->link);
    eae_batch_remove(f->root);
}

static void send(fixture *f, eae_remote_message type, eae_buffer *b)
{
    eae_link_send(&f->link, type, b);
    eae_buffer_free(b);
    assert_int_equal(eae_link_flush(&f->link), EAE_OK);
}

/* The next answer, which must be of that type. */
static eae_cursor answer(fixture *f, eae_remote_message wanted)
{
    uint32_t type = 0;
    eae_cursor c;
    bool got = false;
    while (!got) {
        assert_int_equal(eae_link_next(&f->link, &type, &c, &got), EAE_OK);
        if (!got) {
            assert_false(f->link.ended);
            assert_int_equal(eae_link_fill(&f->link), EAE_OK);
        }
    }
    assert_int_equal(type, wanted);
    return c;
}

static void hello(fixture *f, uint32_t protocol, const char *folder, const char *cwd)
{
    eae_buffer b = {0};
    eae_names environment = {0};
    eae_put_u32(&b, protocol);
    eae_put_text(&b, folder);
    eae_put_text(&b, cwd);
    eae_put_u32(&b, 1);
    eae_names_add(&environment, "EAE_TEST_OF_IDENTITY=avx10", 26);
    eae_put_words(&b, &environment);
    eae_names_free(&environment);
    send(f, EAE_REMOTE_HELLO, &b);
}

static void put(fixture *f, const char *name, uint64_t offset, uint64_t size, const eae_hash *hash,
                const char *bytes)
{
    eae_buffer b = {0};
    eae_put_text(&b, name);
    eae_put_u64(&b, offset);
    eae_put_u64(&b, size);
    eae_put_hash(&b, hash);
    eae_put_bytes(&b, bytes, strlen(bytes));
    send(f, EAE_REMOTE_PUT, &b);
}

static bool has_file(fixture *f, const eae_hash *hash, uint64_t size, const char *name)
{
    eae_buffer b = {0};
    eae_hash same;
    eae_put_hash(&b, hash);
    eae_put_u64(&b, size);
    eae_put_text(&b, name);
    send(f, EAE_REMOTE_INPUT, &b);
    eae_cursor c = answer(f, EAE_REMOTE_HAS);
    eae_get_hash(&c, &same);
    assert_true(eae_hash_equal(hash, &same));
    return eae_get_u32(&c);
}

static bool has(fixture *f, const eae_hash *hash, uint64_t size)
{
    return has_file(f, hash, size, "");
}

static void expect_trouble(fixture *f, const char *said)
{
    eae_cursor c = answer(f, EAE_REMOTE_TROUBLE);
    char *text = eae_get_text(&c);
    if (!strstr(text, said))
        fail_msg("said: %s", text);
    free(text);
}

static char *path_in(const fixture *f, const char *name)
{
    return eae_sprintf("%s/eae/hosted/%s", f->root, name);
}

static void welcome_and_files(void **state)
{
    (void)state;
    fixture f;
    struct stat st;
    begin(&f);
    hello(&f, EAE_REMOTE_PROTOCOL, "0a1b-cafe", "/");
    eae_cursor c = answer(&f, EAE_REMOTE_WELCOME);
    assert_int_equal(eae_get_u32(&c), EAE_REMOTE_PROTOCOL);
    static const char *const texts[] = {"1.2", "avx10", "/"};
    for (int i = 0; i < 3; i++) {
        char *text = eae_get_text(&c);
        assert_string_equal(text, texts[i]);
        free(text);
    }
    assert_true(eae_get_u32(&c) > 0 && eae_cursor_ok(&c));
    /* in two pieces; not there before the second */
    eae_hash hash = eae_hash_bytes("one two", 7);
    assert_false(has(&f, &hash, 7));
    put(&f, "object", 0, 7, &hash, "one ");
    assert_false(has(&f, &hash, 7));
    put(&f, "object", 4, 7, &hash, "two");
    assert_true(has(&f, &hash, 7));
    assert_false(has(&f, &hash, 8));
    char *input = path_in(&f, "0a1b-cafe/input"), *text;
    assert_int_equal(eae_read_file(input, &text, NULL), EAE_OK);
    assert_string_equal(text, "one two");
    assert_int_equal(stat(input, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    char *folder = path_in(&f, "0a1b-cafe");
    assert_int_equal(stat(folder, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    free(folder);
    free(input);
    free(text);
    /* empty ones */
    hash = eae_hash_bytes("", 0);
    put(&f, "cancel/3", 0, 0, &hash, "");
    put(&f, "chunks/1", 0, 0, &hash, "");
    assert_false(has(&f, &hash, 1));
    char *cancel = path_in(&f, "0a1b-cafe/cancel/3");
    assert_int_equal(stat(cancel, &st), 0);
    free(cancel);
    end(&f);
}

/* Files of --input: what is there is left alone, what is missing is put there. */
static void files_that_jobs_need(void **state)
{
    (void)state;
    fixture f;
    char *text;
    begin(&f);
    hello(&f, EAE_REMOTE_PROTOCOL, "0a1b", "/no/such/place");
    answer(&f, EAE_REMOTE_WELCOME);
    eae_hash hash = eae_hash_bytes("sets", 4), other = eae_hash_bytes("SETS", 4);
    assert_false(has_file(&f, &hash, 4, "data/a b.gmt"));
    put(&f, "object", 0, 4, &hash, "sets");
    assert_true(has_file(&f, &hash, 4, "data/a b.gmt"));
    char *file = path_in(&f, "0a1b/cwd/data/a b.gmt");
    assert_int_equal(eae_read_file(file, &text, NULL), EAE_OK);
    assert_string_equal(text, "sets");
    assert_true(has_file(&f, &hash, 4, file)); /* by its whole path */
    eae_buffer b = {0};
    eae_put_hash(&b, &other);
    eae_put_u64(&b, 4);
    eae_put_text(&b, "data/a b.gmt");
    send(&f, EAE_REMOTE_INPUT, &b);
    expect_trouble(&f, "another file of that name is there");
    free(text);
    free(file);
    end(&f);
}

static void what_is_refused(void **state)
{
    (void)state;
    fixture f;
    begin(&f);
    hello(&f, EAE_REMOTE_PROTOCOL, "0a1b", "/no/such/place");
    eae_cursor c = answer(&f, EAE_REMOTE_WELCOME);
    eae_get_u32(&c);
    free(eae_get_text(&c));
    free(eae_get_text(&c));
    char *cwd = eae_get_text(&c);
    char *own = path_in(&f, "0a1b/cwd");
    assert_string_equal(cwd, own);
    free(cwd);
    free(own);
    eae_hash hash = eae_hash_bytes("x", 1), other = eae_hash_bytes("y", 1);
    static const char *const names[] = {"",        "../x",      "/etc/x",    "chunks/../x",
                                        "chunks/", "chunks/1x", "journal/1", "cancel/all/",
                                        "site/x"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        put(&f, names[i], 0, 1, &hash, "x");
        expect_trouble(&f, "unknown kind");
    }
    put(&f, "batch", 0, 1, &other, "x");
    expect_trouble(&f, "arrived damaged");
    put(&f, "batch", 1, 2, &hash, "x");
    expect_trouble(&f, "a piece of it is missing");
    put(&f, "batch", 0, 1, &hash, "xx");
    expect_trouble(&f, "a piece of it is missing");
    eae_buffer b = {0};
    eae_put_u32(&b, 3);
    send(&f, EAE_REMOTE_START, &b);
    expect_trouble(&f, "arrived damaged");
    send(&f, (eae_remote_message)77, &b);
    expect_trouble(&f, "unknown kind");
    char *batch = path_in(&f, "0a1b/batch");
    assert_int_not_equal(access(batch, F_OK), 0);
    free(batch);
    end(&f);
}

static void folders_that_are_none(void **state)
{
    (void)state;
    static const char *const names[] = {"..", ".", "a/b", "../../x", "a b", "-\n"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        fixture f;
        begin(&f);
        hello(&f, EAE_REMOTE_PROTOCOL, names[i], "/");
        expect_trouble(&f, "not the name of a batch");
        end(&f);
    }
}

/* Another protocol is told which one we speak, and gets nothing else. */
static void another_protocol(void **state)
{
    (void)state;
    fixture f;
    begin(&f);
    hello(&f, EAE_REMOTE_PROTOCOL + 1, "0a1b", "/");
    eae_cursor c = answer(&f, EAE_REMOTE_WELCOME);
    assert_int_equal(eae_get_u32(&c), EAE_REMOTE_PROTOCOL);
    char *folder = path_in(&f, "0a1b");
    assert_int_not_equal(access(folder, F_OK), 0);
    free(folder);
    end(&f);
}

static void a_chunk_that_was_never_there(void **state)
{
    (void)state;
    fixture f;
    begin(&f);
    hello(&f, EAE_REMOTE_PROTOCOL, "0a1b", "/");
    answer(&f, EAE_REMOTE_WELCOME);
    eae_buffer b = {0};
    eae_put_u64(&b, 9);
    eae_put_u64(&b, 0);
    eae_put_u64(&b, 0);
    send(&f, EAE_REMOTE_WATCH, &b);
    eae_cursor c = answer(&f, EAE_REMOTE_STATE);
    assert_true(eae_get_u64(&c) == 9);
    assert_int_equal(eae_get_u32(&c), EAE_CHUNK_GONE);
    send(&f, EAE_REMOTE_ASK, &b);
    c = answer(&f, EAE_REMOTE_INFO);
    assert_true(eae_get_u32(&c) > 0);
    send(&f, EAE_REMOTE_FORGET, &b);
    send(&f, EAE_REMOTE_ASK, &b);
    answer(&f, EAE_REMOTE_INFO);
    char *folder = path_in(&f, "0a1b");
    assert_int_not_equal(access(folder, F_OK), 0);
    free(folder);
    end(&f);
}

/* A worker is started by the program that we are; this one ends at once, and that is all that is
 * known. */
static void a_worker_that_does_nothing(void **state)
{
    (void)state;
    fixture f;
    begin(&f);
    hello(&f, EAE_REMOTE_PROTOCOL, "0a1b", "/");
    answer(&f, EAE_REMOTE_WELCOME);
    eae_buffer b = {0};
    eae_put_u64(&b, 1);
    send(&f, EAE_REMOTE_START, &b);
    eae_cursor c = answer(&f, EAE_REMOTE_STATE);
    assert_true(eae_get_u64(&c) == 1);
    if (eae_get_u32(&c) == EAE_CHUNK_RUNNING) {
        c = answer(&f, EAE_REMOTE_STATE);
        assert_true(eae_get_u64(&c) == 1);
        assert_int_equal(eae_get_u32(&c), EAE_CHUNK_GONE);
    }
    char *note = eae_get_text(&c);
    assert_string_equal(note, "nothing to do here");
    free(note);
    end(&f);
}

static void names_of_hosts(void **state)
{
    (void)state;
    static const char *const good[] = {
        "h1", "user@h1.example.org", "10.0.0.1", "2001:db8::1", "4/h1", "a_b-c"};
    static const char *const bad[] = {"",      "-oProxyCommand=x",
                                      "-h",    "@h",
                                      "a b",   "h1;id",
                                      "$(id)", "h1\n",
                                      "h1,h2", "0/h1",
                                      "/h",    "x/h1",
                                      "-1/h1", "4/-h",
                                      "4/",    "h\xc3\xa4",
                                      "a/b/c"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        eae_ssh_host h;
        assert_int_equal(eae_ssh_parse(&h, good[i], strlen(good[i])), EAE_OK);
        assert_int_equal(h.slots, strchr(good[i], '/') ? 4 : 0);
        eae_ssh_free(&h);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        eae_ssh_host h;
        if (eae_ssh_parse(&h, bad[i], strlen(bad[i])) != EAE_USAGE)
            fail_msg("taken as a host: %s", bad[i]);
        eae_ssh_free(&h);
    }
    assert_true(eae_ssh_plain_path("/opt/eae-1.0/bin/eae-submit"));
    assert_false(eae_ssh_plain_path("/opt/my programs/eae-submit"));
    assert_false(eae_ssh_plain_path("eae;id"));
    assert_false(eae_ssh_plain_path(""));
    assert_false(eae_ssh_plain_path("-x"));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(welcome_and_files),
        cmocka_unit_test(files_that_jobs_need),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(folders_that_are_none),
        cmocka_unit_test(another_protocol),
        cmocka_unit_test(a_chunk_that_was_never_there),
        cmocka_unit_test(a_worker_that_does_nothing),
        cmocka_unit_test(names_of_hosts),
    };
    if (argc > 1 && strcmp(argv[1], "work") == 0) {
        fputs("nothing to do here\n", stderr);
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
