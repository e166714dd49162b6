/* svg.c - see svg.h. */
#include "plot/svg.h"

#include <stdlib.h>
#include <string.h>

#include "plot/html.h"

/* Skip <title> .. </title> or <desc> .. </desc>, in which gnuplot escapes every '<'. */
static const char *after_element(const char *p, const char *open, const char *close)
{
    if (strncmp(p, open, strlen(open)) != 0)
        return NULL;
    const char *end = strstr(p, close);
    return end ? end + strlen(close) : NULL;
}

static const char *after_text(const char *p)
{
    const char *end = after_element(p, "<title>", "</title>");
    return end ? end : after_element(p, "<desc>", "</desc>");
}

/* The end of the tag at p, over its quoted attributes. */
static const char *tag_end(const char *p)
{
    char quote = 0;
    for (; *p; p++) {
        if (quote)
            quote = *p == quote ? 0 : quote;
        else if (*p == '\'' || *p == '"')
            quote = *p;
        else if (*p == '>')
            return p + 1;
    }
    return p;
}

static void add_titles(eae_buffer *out, const char *title, const char *description)
{
    eae_buffer_puts(out, "\n<title>");
    eae_html_text(out, title);
    eae_buffer_puts(out, "</title>\n<desc>");
    eae_html_text(out, description);
    eae_buffer_puts(out, "</desc>");
}

void eae_svg_finish(eae_buffer *svg, const char *title, const char *description)
{
    eae_buffer out = {0};
    bool done = false;
    if (!svg->data)
        return;
    for (const char *p = svg->data; *p;) {
        const char *end = after_text(p);
        if (end) {
            p = end;
            continue;
        }
        if (*p != '<') {
            eae_buffer_putc(&out, *p++);
            continue;
        }
        end = tag_end(p);
        eae_buffer_add(&out, p, (size_t)(end - p));
        if (strncmp(p, "<image", 6) == 0 && out.length > 2 &&
            memcmp(out.data + out.length - 2, "/>", 2) == 0) {
            out.length -= 2;
            eae_buffer_puts(&out, " style='image-rendering:pixelated'/>");
        }
        if (!done && strncmp(p, "<svg", 4) == 0) {
            add_titles(&out, title, description);
            done = true;
        }
        p = end;
    }
    eae_buffer_free(svg);
    *svg = out;
}

/* One tag, with the prefix put before names. */
static void add_tag(eae_buffer *html, const char *p, const char *end, const char *prefix)
{
    static const char *const mark[] = {" id='", " id=\"", "href='#", "href=\"#", "url(#"};
    while (p < end) {
        size_t n = 0;
        for (size_t k = 0; k < sizeof mark / sizeof *mark && n == 0; k++) {
            if (strncmp(p, mark[k], strlen(mark[k])) == 0)
                n = strlen(mark[k]);
        }
        eae_buffer_add(html, p, n ? n : 1);
        if (n > 0)
            eae_buffer_puts(html, prefix);
        p += n ? n : 1;
    }
}

void eae_svg_inline(eae_buffer *html, const eae_buffer *svg, const char *prefix)
{
    const char *p = svg->data ? strstr(svg->data, "<svg") : NULL;
    if (!p)
        return;
    while (*p) {
        const char *end = *p == '<' ? tag_end(p) : p + strcspn(p, "<");
        if (*p == '<')
            add_tag(html, p, end, prefix);
        else
            eae_buffer_add(html, p, (size_t)(end - p));
        p = end;
    }
}
