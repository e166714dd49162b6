/*
 * test_stream.c - reading: the good, bad and unsupported streams of tests/data/stream (made by
 * make.py there), pipes, spilling, files that change.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/number.h"
#include "matrix/stream.h"

#define FOLDER "tests/data/stream/"

static const eae_read_options options = {.memory = 1 << 30, .threads = 2};

/* ---- the files of make.py ---------------------------------------------------------------- */

static void check_frame(const eae_frame *f, char **field)
{
    double sum = 0;
    int64_t missing = 0, number;

    assert_string_equal(eae_kind_name(f->kind), field[1]);
    assert_string_equal(eae_type_name(f->type), field[2]);
    assert_true(eae_parse_int(field[3], strlen(field[3]), &number));
    assert_int_equal(f->rows.count, number);
    assert_true(eae_parse_int(field[4], strlen(field[4]), &number));
    assert_int_equal(f->cols.count, number);
    for (int64_t i = 0; i < f->rows.count; i++)
        for (int64_t j = 0; j < f->cols.count; j++) {
            double value = eae_frame_value(f, i, j);

            missing += isnan(value);
            sum += isnan(value) ? 0 : value;
        }
    assert_true(sum == strtod(field[5], NULL));
    assert_int_equal(missing, strtol(field[6], NULL, 10));
}

/* Read the file of this line unless it is the one that is open already; *next: its next frame. */
static void check_good_line(char *line, eae_bundle *b, char *open_file, int *next)
{
    char *field[7], path[256];
    const char *paths[] = {path};

    for (int i = 0; i < 7; i++) {
        field[i] = strtok(i == 0 ? line : NULL, "\t\n");
        assert_non_null(field[i]);
    }
    if (strcmp(open_file, field[0]) != 0) {
        assert_int_equal(*next, b->count);
        eae_bundle_free(b);
        snprintf(open_file, 256, "%s", field[0]);
        snprintf(path, sizeof path, FOLDER "%s", field[0]);
        if (eae_read(b, paths, 1, &options) != EAE_OK)
            fail_msg("%s", eae_message());
        *next = 0;
    }
    assert_true(*next < b->count);
    check_frame(b->frame[(*next)++], field);
}

static void good_files_are_read(void **state)
{
    FILE *list = fopen(FOLDER "good.tsv", "r");
    char line[512], open_file[256] = "";
    eae_bundle b = {0};
    int next = 0, lines = 0;

    (void)state;
    assert_non_null(list);
    assert_non_null(fgets(line, sizeof line, list));
    for (; fgets(line, sizeof line, list) != NULL; lines++)
        check_good_line(line, &b, open_file, &next);
    assert_true(lines >= 20);
    assert_int_equal(next, b.count);
    eae_bundle_free(&b);
    fclose(list);
}

static void bad_files_are_refused(void **state)
{
    FILE *list = fopen(FOLDER "bad.tsv", "r");
    char line[512], path[256];
    const char *paths[] = {path};
    int lines = 0;

    (void)state;
    assert_non_null(list);
    assert_non_null(fgets(line, sizeof line, list));
    for (; fgets(line, sizeof line, list) != NULL; lines++) {
        const char *file = strtok(line, "\t"), *words = strtok(NULL, "\n");
        eae_bundle b;

        snprintf(path, sizeof path, FOLDER "%s", file);
        assert_int_equal(eae_read(&b, paths, 1, &options), EAE_FAIL);
        if (strstr(eae_message(), words) == NULL)
            fail_msg("%s: \"%s\" is not in the message: %s", file, words, eae_message());
        assert_true(strstr(eae_message(), path) != NULL || strstr(words, "label") != NULL);
    }
    assert_true(lines >= 90);
    fclose(list);
}

/* Every beginning of a good stream that does not end with a frame is refused. */
static void every_truncation_is_noticed(void **state)
{
    char *bytes, path[] = "build/test_truncated.eae";
    const char *paths[] = {path};
    size_t n;

    (void)state;
    assert_int_equal(eae_read_file(FOLDER "good-every-kind.eae", &bytes, &n), EAE_OK);
    for (size_t cut = 1; cut < n; cut += 7) {
        FILE *file = fopen(path, "wb");
        eae_bundle b;

        assert_int_equal(fwrite(bytes, 1, cut, file), cut);
        fclose(file);
        if (cut >= 64 && memcmp(bytes + cut - 16, "EAE-end\n", 8) == 0)
            continue;
        assert_int_equal(eae_read(&b, paths, 1, &options), EAE_FAIL);
        assert_non_null(strstr(eae_message(), "the stream ends inside"));
    }
    unlink(path);
    free(bytes);
}

/* ---- larger streams ---------------------------------------------------------------------- */

static eae_frame *counting_frame(int64_t rows, int64_t cols)
{
    eae_frame *f;
    char name[32];

    assert_int_equal(eae_frame_new(&f, EAE_KIND_DATA, EAE_F32, rows, cols), EAE_OK);
    for (int64_t i = 0; i < rows; i++)
        eae_names_add(&f->rows.names, name, (size_t)sprintf(name, "s%d", (int)i));
    for (int64_t j = 0; j < cols; j++)
        eae_names_add(&f->cols.names, name, (size_t)sprintf(name, "g%d", (int)j));
    for (int64_t i = 0; i < rows * cols; i++)
        eae_frame_f32(f)[i] = (float)i;
    return f;
}

/* A stream of 3 MB: larger than what is read instead of mapped. */
static void write_large(const char *path)
{
    eae_frame *f = counting_frame(750, 1000);
    eae_writer *w;

    assert_int_equal(eae_writer_open(&w, path, true), EAE_OK);
    assert_int_equal(eae_writer_frame(w, f), EAE_OK);
    assert_int_equal(eae_writer_close(w), EAE_OK);
    eae_frame_free(f);
}

static void check_large(const eae_bundle *b)
{
    assert_int_equal(b->count, 1);
    assert_int_equal(b->frame[0]->rows.count, 750);
    for (int64_t i = 0; i < 750 * 1000; i++)
        if (eae_frame_f32(b->frame[0])[i] != (float)i)
            fail_msg("element %d differs", (int)i);
}

/* Read `path` through a pipe on standard input, with so much memory. */
static void read_piped(const char *path, uint64_t memory, bool writable)
{
    eae_read_options o = {.memory = memory, .threads = 1};
    int ends[2], saved = dup(STDIN_FILENO), child_status;
    eae_bundle b;
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    if (child == 0) {
        char *bytes;
        size_t n;

        close(ends[0]);
        _exit(eae_read_file(path, &bytes, &n) != EAE_OK ||
              eae_write_all(ends[1], bytes, n, "pipe") != EAE_OK);
    }
    close(ends[1]);
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
    if (eae_read(&b, NULL, 0, &o) != EAE_OK)
        fail_msg("%s", eae_message());
    dup2(saved, STDIN_FILENO);
    close(saved);
    assert_int_equal(waitpid(child, &child_status, 0), child);
    assert_int_equal(child_status, 0);
    check_large(&b);
    assert_int_equal(eae_frame_own(b.frame[0]), EAE_OK);
    eae_frame_f32(b.frame[0])[5] = 1.0f;
    assert_true(writable == (b.frame[0]->mapping != NULL));
    eae_bundle_free(&b);
}

static void pipes_are_held_or_spilled(void **state)
{
    const char *path = "build/test_large.eae";

    (void)state;
    write_large(path);
    read_piped(path, 1 << 30, true);
    read_piped(path, 1 << 20, false);
    unlink(path);
}

static void mapped_files_are_read(void **state)
{
    const char *path[] = {"build/test_mapped.eae"};
    eae_bundle b;

    (void)state;
    write_large(path[0]);
    assert_int_equal(eae_read(&b, path, 1, &options), EAE_OK);
    check_large(&b);
    assert_int_equal(eae_bundle_check(&b), EAE_OK);

    /* a byte is appended meanwhile */
    int fd = open(path[0], O_WRONLY | O_APPEND);
    assert_int_equal(write(fd, "x", 1), 1);
    close(fd);
    assert_int_equal(eae_bundle_check(&b), EAE_FAIL);
    assert_non_null(strstr(eae_message(), "build/test_mapped.eae: changed"));
    eae_bundle_free(&b);
    unlink(path[0]);
}

/* The program must end with one line and status 1, not by a signal. */
static void truncation_of_a_mapped_file_ends_the_program(void **state)
{
    const char *path[] = {"build/test_sigbus.eae"};
    int ends[2], child_status;
    char line[512] = "";
    pid_t child;

    (void)state;
    write_large(path[0]);
    assert_int_equal(pipe(ends), 0);
    child = fork();
    if (child == 0) {
        volatile float sum = 0;
        eae_bundle b;

        dup2(ends[1], STDERR_FILENO);
        if (eae_read(&b, path, 1, &options) != EAE_OK || truncate(path[0], 4096) != 0)
            _exit(7);
        for (int64_t i = 0; i < 750 * 1000; i++)
            sum += eae_frame_f32(b.frame[0])[i];
        _exit(sum > 0 ? 8 : 9);
    }
    close(ends[1]);
    assert_true(read(ends[0], line, sizeof line - 1) > 0);
    while (read(ends[0], line + strlen(line), sizeof line - 1 - strlen(line)) > 0)
        ;
    close(ends[0]);
    assert_int_equal(waitpid(child, &child_status, 0), child);
    assert_true(WIFEXITED(child_status));
    assert_int_equal(WEXITSTATUS(child_status), 1);
    if (strstr(line, "build/test_sigbus.eae: the file was truncated") == NULL)
        fail_msg("%s", line);
    unlink(path[0]);
}

/* ---- operands ---------------------------------------------------------------------------- */

static void refuse(const char *const *path, int n, const char *words)
{
    eae_bundle b;

    assert_int_equal(eae_read(&b, path, n, &options), EAE_FAIL);
    if (strstr(eae_message(), words) == NULL)
        fail_msg("\"%s\" is not in the message: %s", words, eae_message());
}

static void unusable_operands_are_refused(void **state)
{
    static const char *const missing[] = {FOLDER "no-such-file.eae"};
    static const char *const folder[] = {FOLDER};
    static const char *const terminal[] = {"/dev/ptmx"};

    (void)state;
    refuse(missing, 1, "no-such-file.eae: cannot open: No such file");
    refuse(folder, 1, "is a directory");
    refuse(terminal, 1, "is a terminal");
}

static void standard_input_is_read_once(void **state)
{
    static const char *const twice[] = {"-", "-"};
    int saved = dup(STDIN_FILENO), fd = open(FOLDER "good-data.eae", O_RDONLY);

    (void)state;
    dup2(fd, STDIN_FILENO);
    close(fd);
    refuse(twice, 2, "standard input can be read only once");
    fd = open("/dev/null", O_RDONLY);
    dup2(fd, STDIN_FILENO);
    close(fd);
    refuse(NULL, 0, "standard input: empty");
    dup2(saved, STDIN_FILENO);
    close(saved);
}

static void bundles_give_their_frames(void **state)
{
    static const char *const every[] = {FOLDER "good-every-kind.eae"};
    static const char *const apart[] = {FOLDER "good-predictions-apart.eae"};
    eae_frame *f, *taken;
    eae_bundle b;
    char *kinds;

    (void)state;
    assert_int_equal(eae_read(&b, every, 1, &options), EAE_OK);
    kinds = eae_bundle_kinds(&b);
    assert_string_equal(kinds, "split, data, prediction, model, rank");
    free(kinds);
    assert_int_equal(eae_bundle_find(&b, EAE_KIND_MODEL, &f), EAE_OK);
    assert_int_equal(f->kind, EAE_KIND_MODEL);
    taken = eae_bundle_take(&b, 3);
    assert_ptr_equal(taken, f);
    assert_int_equal(eae_bundle_find(&b, EAE_KIND_MODEL, &f), EAE_OK);
    assert_null(f);
    eae_bundle_free(&b);
    /* its payload outlives the bundle */
    assert_true(eae_frame_value(taken, 0, 0) == 1);
    eae_frame_free(taken);

    assert_int_equal(eae_read(&b, apart, 1, &options), EAE_OK);
    assert_int_equal(eae_bundle_find(&b, EAE_KIND_PREDICTION, &f), EAE_FAIL);
    eae_bundle_free(&b);
}

static void annotations_are_read(void **state)
{
    static const char *const path[] = {FOLDER "good-data-f64.eae"};
    eae_bundle b;
    eae_annot *a;

    (void)state;
    assert_int_equal(eae_read(&b, path, 1, &options), EAE_OK);
    a = eae_axis_find(&b.frame[0]->rows, "label");
    assert_int_equal(a->dict.count, 3);
    assert_string_equal(eae_name(&a->dict, 2), "nobody");
    assert_string_equal(eae_annot_text(a, 0), "ill");
    assert_null(eae_annot_text(a, 2));
    a = eae_axis_find(&b.frame[0]->rows, "visits");
    assert_int_equal(a->i64[0], 3);
    assert_true(eae_annot_is_missing(a, 1));
    a = eae_axis_find(&b.frame[0]->rows, "age");
    assert_true(isnan(a->f64[1]) && a->f64[2] == 45.5);
    a = eae_axis_find(&b.frame[0]->rows, "site");
    assert_string_equal(eae_annot_text(a, 0), "Z\xc3\xbcrich");
    assert_string_equal(eae_annot_text(a, 2), "");
    assert_string_equal(eae_name(&b.frame[0]->cols.names, 1), "b c");
    eae_bundle_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_files_are_read),
        cmocka_unit_test(bad_files_are_refused),
        cmocka_unit_test(every_truncation_is_noticed),
        cmocka_unit_test(pipes_are_held_or_spilled),
        cmocka_unit_test(mapped_files_are_read),
        cmocka_unit_test(truncation_of_a_mapped_file_ends_the_program),
        cmocka_unit_test(unusable_operands_are_refused),
        cmocka_unit_test(standard_input_is_read_once),
        cmocka_unit_test(bundles_give_their_frames),
        cmocka_unit_test(annotations_are_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
