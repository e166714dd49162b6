/* draw.c - see draw.h. */
#include "plot/draw.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/files.h"
#include "base/share.h"
#include "exec/command.h"
#include "plot/svg.h"

enum { PICTURE_MAX = 1 << 28, TERM_WIDTH = 79, TERM_HEIGHT = 24 };

static const char *const format_name[] = {"svg", "png", "pdf", "term"};

int eae_format_of_name(const char *path)
{
    const char *dot = strrchr(path, '.');
    for (int i = EAE_FORMAT_SVG; dot && i <= EAE_FORMAT_PDF; i++) {
        if (strcmp(dot + 1, format_name[i]) == 0)
            return i;
    }
    return dot && strcmp(dot, ".txt") == 0 ? EAE_FORMAT_TERM : -1;
}

bool eae_format_is_foreign(const char *path)
{
    static const char *const foreign[] = {".jpg", ".jpeg", ".gif", ".tif", ".tiff",
                                          ".eps", ".ps",   ".bmp", ".webp"};
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < sizeof foreign / sizeof *foreign; i++) {
        if (strcasecmp(dot, foreign[i]) == 0)
            return true;
    }
    return false;
}

static int64_t count_lines(const eae_buffer *b)
{
    int64_t n = 0;
    for (size_t i = 0; i < b->length; i++)
        n += b->data[i] == '\n';
    return n;
}

/* ---- templates --------------------------------------------------------------------------- */

char *eae_template_folder(void)
{
    char self[PATH_MAX];
    const char *share = getenv("EAE_SHARE");
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    self[n > 0 ? n : 0] = '\0'; /* where the system does not say */
    char *folder = eae_share_folder(self, "plot", "style.gp");
    if (!folder && share && *share)
        eae_fail("EAE_SHARE: no templates in %s/plot", share);
    else if (!folder)
        eae_fail("no templates found beside the program: set EAE_SHARE to the folder that has "
                 "plot/");
    return folder;
}

static int add_file(eae_buffer *script, const char *path)
{
    char *text;
    size_t length;
    int status = eae_read_file(path, &text, &length);
    if (status != EAE_OK)
        return status;
    if (memchr(text, '\0', length))
        status = eae_fail("%s: not a template: it has zero bytes", path);
    else
        eae_buffer_printf(script, "\n%s\n", text);
    free(text);
    return status;
}

static int add_templates(eae_buffer *script, const char *kind, const char *given, int64_t *first)
{
    char *folder = eae_template_folder();
    if (!folder)
        return EAE_FAIL;
    char *style = eae_sprintf("%s/style.gp", folder), *own = eae_sprintf("%s/%s.gp", folder, kind);
    int status = add_file(script, style);
    *first = count_lines(script) + 1;
    if (status == EAE_OK)
        status = add_file(script, given ? given : own);
    free(own);
    free(style);
    free(folder);
    return status;
}

/* ---- the script -------------------------------------------------------------------------- */

/* *first: lines before the template's own. */
static int build(const eae_figure *figure, const eae_drawing *drawing, eae_buffer *script,
                 int64_t *first)
{
    eae_script head = {0};
    bool term = drawing->format == EAE_FORMAT_TERM;
    double width = term ? TERM_WIDTH : figure->width;
    double height = term ? (figure->lines ? figure->lines : TERM_HEIGHT) : figure->height;
    eae_buffer_printf(&head.text,
                      "# %s: a figure of eae-plot; draw it with: gnuplot -d FILE > picture\n",
                      figure->kind);
    if (figure->caption.length > 0)
        eae_script_comment(&head, figure->caption.data);
    eae_script_text(&head, "format", format_name[drawing->format]);
    eae_script_number(&head, "width", drawing->width > 0 ? drawing->width : width);
    eae_script_number(&head, "height", drawing->height > 0 ? drawing->height : height);
    eae_script_number(&head, "points_of_text", drawing->text);
    eae_script_text(&head, "figure_title", drawing->title ? drawing->title : "");
    eae_script_text(&head, "x_title", drawing->x_title ? drawing->x_title : "");
    eae_script_text(&head, "y_title", drawing->y_title ? drawing->y_title : "");
    eae_script_text(&head, "figure_note", figure->note.length ? figure->note.data : "");
    eae_buffer_add(script, head.text.data, head.text.length);
    if (figure->script.text.length > 0)
        eae_buffer_add(script, figure->script.text.data, figure->script.text.length);
    eae_script_free(&head);
    return add_templates(script, figure->kind, drawing->template_file, first);
}

int eae_figure_script(const eae_figure *figure, const eae_drawing *drawing, eae_buffer *script)
{
    int64_t first;
    return build(figure, drawing, script, &first);
}

/* ---- gnuplot ----------------------------------------------------------------------------- */

/* "/CreationDate (D:20261126145643Z)" becomes blanks: the length stays, and with it the offsets. */
static void blank_date(eae_buffer *picture)
{
    static const char key[] = "/CreationDate (";
    size_t n = sizeof key - 1;
    for (size_t i = 0; i + n < picture->length; i++) {
        if (memcmp(picture->data + i, key, n) != 0)
            continue;
        char *end = memchr(picture->data + i, ')', picture->length - i);
        if (end)
            memset(picture->data + i, ' ', (size_t)(end - picture->data) - i + 1);
    }
}

/* What gnuplot says of a mistake is: "FILE" line N: TEXT; before it stand the line itself and other
 * talk. The last such line, if any, and its number. */
static const char *complaint(const eae_buffer *errors, int64_t *line, size_t *length)
{
    static const char key[] = "\" line ";
    const char *found = NULL;
    for (const char *p = errors->data; p && (p = strstr(p, key)); p += sizeof key - 1)
        found = p;
    if (!found)
        return NULL;
    char *end;
    *line = strtoll(found + sizeof key - 1, &end, 10);
    end += strspn(end, ": ");
    *length = strcspn(end, "\r\n");
    return end;
}

/* `first`: the line of the script before the template. */
static int failed(const eae_command_result *result, const eae_drawing *drawing, int64_t first)
{
    int64_t line;
    size_t n;
    const char *text = complaint(&result->errors, &line, &n);
    if (text && drawing->template_file && line > first)
        return eae_fail("%s:%lld: gnuplot: %.*s", drawing->template_file, (long long)(line - first),
                        (int)n, text);
    if (text)
        return eae_fail("gnuplot: line %lld of the script (--script shows it): %.*s",
                        (long long)line, (int)n, text);
    char *failure = eae_command_failure(result);
    int status = eae_fail("gnuplot %s", failure ? failure : "drew nothing");
    free(failure);
    return status;
}

static int judge(eae_command_result *result, const eae_drawing *drawing, int64_t first,
                 eae_buffer *picture)
{
    bool good = result->status == 0 && result->signal == 0 && !result->overrun;
    if (!good || result->output.length == 0)
        return failed(result, drawing, first);
    if (result->errors.length > 0)
        eae_detail("gnuplot: %s", result->errors.data);
    *picture = result->output;
    result->output = (eae_buffer){0};
    if (drawing->format == EAE_FORMAT_PDF)
        blank_date(picture);
    return EAE_OK;
}

/* `script`: a file, read from its beginning. */
static int run_gnuplot(int script, const eae_drawing *drawing, int64_t first, eae_buffer *picture)
{
    eae_names words = {0}, environment = {0};
    eae_command_result result = {0};
    static const char *const word[] = {"gnuplot", "-d", "/dev/stdin"};
    /* what gnuplot would look at for these formats, and the language of its numbers */
    static const char *const variable[] = {"GNUTERM=unknown", "GNUPLOT_LIB=", "LC_ALL=C.UTF-8"};
    for (size_t i = 0; i < sizeof word / sizeof *word; i++)
        eae_names_add(&words, word[i], strlen(word[i]));
    for (size_t i = 0; i < sizeof variable / sizeof *variable; i++)
        eae_names_add(&environment, variable[i], strlen(variable[i]));
    eae_command command = {
        .words = &words, .environment = &environment, .input = script, .output_limit = PICTURE_MAX};
    int status = eae_command_run(&command, &result);
    if (status == EAE_OK)
        status = judge(&result, drawing, first, picture);
    else
        status = eae_fail_within(status, "figures need gnuplot (Debian: gnuplot-nox)");
    eae_command_result_free(&result);
    eae_names_free(&words);
    eae_names_free(&environment);
    return status;
}

int eae_figure_draw(const eae_figure *figure, const eae_drawing *drawing, eae_buffer *picture)
{
    eae_buffer script = {0};
    int64_t first = 0;
    int status = build(figure, drawing, &script, &first);
    int fd = status == EAE_OK ? eae_temp_file(drawing->tmpdir) : -1;
    if (status == EAE_OK && fd < 0)
        status = EAE_FAIL;
    if (status == EAE_OK)
        status = eae_write_all(fd, script.data, script.length, "temporary file");
    if (status == EAE_OK && lseek(fd, 0, SEEK_SET) < 0)
        status = eae_fail_errno("temporary file");
    if (status == EAE_OK)
        status = run_gnuplot(fd, drawing, first, picture);
    if (fd >= 0)
        close(fd);
    if (status == EAE_OK && drawing->format == EAE_FORMAT_SVG)
        eae_svg_finish(picture, drawing->title ? drawing->title : figure->kind,
                       figure->caption.data ? figure->caption.data : "");
    eae_buffer_free(&script);
    return status;
}
