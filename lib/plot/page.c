/* page.c - the files of a page one by one, and what its sections are made of. */
#include "plot/page.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "matrix/reader.h"
#include "matrix/text_source.h"
#include "plot/draw.h"
#include "plot/html.h"
#include "plot/svg.h"

/* On a screen there is more room than in a column of a paper: inches, points. */
enum { PAGE_WIDTH = 5, PAGE_TEXT = 10 };
enum { MATRIX_COLUMNS = 60, HEAD = 64 };

/* ---- parts ------------------------------------------------------------------------------- */

void eae_page_section(eae_page *page, const char *name, const char *what)
{
    const char *slash = strrchr(name, '/');
    page->sections++;
    eae_buffer_printf(&page->body, "<section id=\"s%d\">\n<h2>", page->sections);
    eae_html_text(&page->body, slash ? slash + 1 : name);
    eae_buffer_puts(&page->body, ": ");
    eae_html_text(&page->body, what);
    eae_buffer_puts(&page->body, "</h2>\n");
    eae_buffer_printf(&page->contents, "<li><a href=\"#s%d\">", page->sections);
    eae_html_text(&page->contents, slash ? slash + 1 : name);
    eae_buffer_puts(&page->contents, "</a>: ");
    eae_html_text(&page->contents, what);
    eae_buffer_puts(&page->contents, "</li>\n");
}

void eae_page_paragraph(eae_page *page, const char *text)
{
    eae_buffer_puts(&page->body, "<p>");
    eae_html_text(&page->body, text);
    eae_buffer_puts(&page->body, "</p>\n");
}

static void why_not(eae_page *page)
{
    eae_buffer_puts(&page->body, "<p class=\"why\">No figure: ");
    eae_html_text(&page->body, eae_message());
    eae_buffer_puts(&page->body, "</p>\n");
}

int eae_page_figure(eae_page *page, int status, const eae_figure *figure)
{
    eae_buffer svg = {0};
    eae_drawing drawing = {.format = EAE_FORMAT_SVG, .text = PAGE_TEXT, .tmpdir = page->o->tmpdir};
    if (status != EAE_OK) {
        why_not(page);
        return EAE_OK;
    }
    bool narrow = figure->width < PAGE_WIDTH;
    drawing.width = narrow ? PAGE_WIDTH : figure->width * 1.25;
    drawing.height = figure->height * 1.25;
    status = eae_figure_draw(figure, &drawing, &svg);
    if (status == EAE_OK) {
        char prefix[24];
        eae_buffer name = {0};
        eae_buffer_printf(&name, "f%d_", ++page->figures);
        memcpy(prefix, name.data, name.length + 1);
        eae_buffer_free(&name);
        eae_buffer_printf(&page->body, "<figure id=\"figure%d\">\n", page->figures);
        eae_svg_inline(&page->body, &svg, prefix);
        eae_buffer_puts(&page->body, "<figcaption>");
        eae_html_text(&page->body, figure->caption.data ? figure->caption.data : "");
        eae_buffer_puts(&page->body, "</figcaption>\n</figure>\n");
    }
    eae_buffer_free(&svg);
    return status;
}

int eae_page_table_figure(eae_page *page, const char *kind, eae_tidy *t)
{
    eae_figure figure = {0};
    eae_figure_options o = *page->o->figure;
    o.width = PAGE_WIDTH;
    o.text = PAGE_TEXT;
    if (strcmp(kind, "stability") == 0) /* its metrics are others */
        o.metric = NULL;
    int status = eae_figure_kind_find(kind)->table(t, &o, &figure);
    status = eae_page_figure(page, status, &figure);
    eae_figure_free(&figure);
    return status;
}

int eae_page_table_of(const char *body, size_t length, const char *name, eae_tidy *t)
{
    char *text = eae_strndup(body, length);
    return eae_tidy_parse(t, text, length, name);
}

/* ---- files ------------------------------------------------------------------------------- */

/* Standard input as a file that can be looked at twice; *path is the caller's. */
static int spool(const eae_page *page, char **path)
{
    char chunk[1 << 16];
    int status = EAE_OK;
    int fd = eae_temp_named(page->o->tmpdir, ".in", path);
    if (fd < 0)
        return EAE_FAIL;
    for (ssize_t n = 1; n > 0 && status == EAE_OK;) {
        n = read(STDIN_FILENO, chunk, sizeof chunk);
        if (n < 0)
            status = eae_fail_errno("standard input");
        else
            status = eae_write_all(fd, chunk, (size_t)n, *path);
    }
    close(fd);
    return status;
}

static int read_stream(eae_page *page, const char *path, const char *name)
{
    eae_read_options read = {.memory = page->o->memory,
                             .tmpdir = page->o->tmpdir,
                             .threads = page->o->figure->threads,
                             .import = page->o->import};
    page->stream = eae_realloc(page->stream, (size_t)page->streams + 1, sizeof *page->stream);
    eae_bundle *b = &page->stream[page->streams++];
    *b = (eae_bundle){0};
    int status = eae_read(b, &path, 1, &read);
    if (status == EAE_OK)
        status = eae_bundle_check(b);
    return status == EAE_OK ? eae_page_stream(page, b, name) : status;
}

/* Has the header (the first line of a text) that column? `name` may go on with =... */
static bool has_column(const char *text, const char *name)
{
    size_t length = name ? strcspn(name, "=") : 0;
    for (const char *p = text; length > 0 && *p && *p != '\n';) {
        size_t n = strcspn(p, "\t\r\n");
        if (n == length && memcmp(p, name, n) == 0)
            return true;
        p += n;
        p += *p == '\t' || *p == '\r';
    }
    return false;
}

/* A report; but what is wide, or has the column that --label or --time names, is a data matrix. */
static int read_text(eae_page *page, const char *path, const char *name)
{
    char *text;
    size_t length;
    int status = eae_text_read_file(path, &text, &length);
    if (status != EAE_OK)
        return status;
    int64_t columns = 1;
    for (const char *p = text; *p && *p != '\n'; p++)
        columns += *p == '\t';
    const eae_import *import = page->o->import;
    bool data = columns > MATRIX_COLUMNS || has_column(text, import->label) ||
                has_column(text, import->time);
    if (!data)
        return eae_page_table(page, text, length, name);
    free(text);
    return read_stream(page, path, name);
}

static int add_file(eae_page *page, const char *path, const char *name)
{
    char head[HEAD];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return eae_fail_errno("%s", name);
    ssize_t n = read(fd, head, sizeof head);
    close(fd);
    if (n < 0)
        return eae_fail_errno("%s", name);
    if (n == 0)
        return eae_fail("%s: empty", name);
    return eae_is_stream(head, (size_t)n) ? read_stream(page, path, name)
                                          : read_text(page, path, name);
}

static int add_any(eae_page *page, const char *path)
{
    char *spooled = NULL;
    if (strcmp(path, "-") != 0)
        return add_file(page, path, path);
    int status = spool(page, &spooled);
    if (status == EAE_OK)
        status = add_file(page, spooled, "standard input");
    eae_temp_remove(spooled);
    return status;
}

int eae_page_make(const eae_names *files, const eae_page_options *o, eae_buffer *html)
{
    eae_page page = {.o = o};
    int status = EAE_OK;
    for (int64_t i = 0; i < files->count && status == EAE_OK; i++)
        status = add_any(&page, eae_name(files, i));
    if (status == EAE_OK)
        status = eae_page_map(&page);
    if (status == EAE_OK) {
        eae_html_begin(html, o->title ? o->title : "eAE report");
        eae_buffer_printf(html, "<nav><ol>\n%s</ol></nav>\n", page.contents.data);
        eae_buffer_add(html, page.body.data, page.body.length);
        eae_html_end(html);
    }
    for (int i = 0; i < page.streams; i++)
        eae_bundle_free(&page.stream[i]);
    free(page.stream);
    eae_buffer_free(&page.body);
    eae_buffer_free(&page.contents);
    return status;
}
