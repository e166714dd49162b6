/* html.c - see html.h. */
#include "plot/html.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/help.h"
#include "base/number.h"
#include "plot/script.h"

static const char style[] =
    "body{font:15px/1.45 system-ui,'Helvetica Neue',Arial,sans-serif;color:#222;background:#fff;"
    "max-width:60rem;margin:2rem auto;padding:0 1rem}\n"
    "h1{font-size:1.7rem;margin:0 0 .5rem}h2{font-size:1.25rem;margin:2.2rem 0 .4rem;"
    "border-top:1px solid #ddd;padding-top:1rem;overflow-wrap:anywhere}\n"
    "h3{font-size:1rem;margin:1.2rem 0 .3rem}p{max-width:46rem;margin:.4rem 0}"
    "nav li{overflow-wrap:anywhere}\n"
    "figure{margin:1rem 0;break-inside:avoid}figure svg{max-width:100%;height:auto}"
    "figcaption{max-width:46rem;font-size:.87rem;color:#444}\n"
    ".wide{overflow-x:auto}table{border-collapse:collapse;font-size:.83rem;margin:.6rem 0;"
    "font-variant-numeric:tabular-nums}caption{text-align:left;color:#444;padding:.2rem 0}\n"
    "th,td{padding:.18rem .6rem;text-align:left;border-bottom:1px solid #eee;white-space:nowrap}"
    "th{border-bottom:1px solid #888;font-weight:600}td.n,th.n{text-align:right}\n"
    "pre{font-size:.8rem;background:#f6f6f6;padding:.6rem;white-space:pre-wrap;"
    "overflow-wrap:anywhere}.why{color:#666}footer{margin-top:3rem;font-size:.8rem;color:#666}\n"
    "@media print{body{margin:0;max-width:none;font-size:10pt}nav{display:none}"
    "h2{break-after:avoid}.wide{overflow:visible}table{font-size:7pt}"
    "th,td{white-space:normal;padding:.1rem .3rem}td.n{white-space:nowrap}pre{border:1px solid "
    "#ddd}}\n";

void eae_html_text(eae_buffer *b, const char *text)
{
    char *plain = eae_short_text(text, 0);
    for (const char *p = plain; *p; p++) {
        switch (*p) {
        case '&':
            eae_buffer_puts(b, "&amp;");
            break;
        case '<':
            eae_buffer_puts(b, "&lt;");
            break;
        case '>':
            eae_buffer_puts(b, "&gt;");
            break;
        case '"':
            eae_buffer_puts(b, "&quot;");
            break;
        case '\'':
            eae_buffer_puts(b, "&#39;");
            break;
        default:
            eae_buffer_putc(b, *p);
        }
    }
    free(plain);
}

void eae_html_begin(eae_buffer *b, const char *title)
{
    eae_buffer_puts(b, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                       "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                       "style-src 'unsafe-inline'; img-src data:\">\n"
                       "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                       "<link rel=\"icon\" href=\"data:,\">\n<title>");
    eae_html_text(b, title);
    eae_buffer_printf(b, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<h1>", style);
    eae_html_text(b, title);
    eae_buffer_puts(b, "</h1>\n");
}

void eae_html_end(eae_buffer *b)
{
    eae_buffer_printf(b,
                      "<footer>Made by eae-plot %s. Figures are vector graphics; the page needs "
                      "no network and runs nothing.</footer>\n</body>\n</html>\n",
                      EAE_VERSION);
}

/* ---- tables ------------------------------------------------------------------------------ */

static bool is_number(const char *text, double *value)
{
    return eae_parse_double(text, strlen(text), value);
}

/* A column of numbers, some of which may be missing. */
static bool is_numeric(const eae_tidy *t, int column, int64_t rows)
{
    bool any = false;
    for (int64_t i = 0; i < rows; i++) {
        double value;
        const char *text = eae_tidy_text(t, i, column);
        if (is_number(text, &value))
            any = true;
        else if (strcmp(text, "NA") != 0 && *text)
            return false;
    }
    return any;
}

static void add_cell(eae_buffer *b, const char *text, bool numeric)
{
    double value;
    eae_buffer_puts(b, numeric ? "<td class=\"n\">" : "<td>");
    if (numeric && is_number(text, &value) && value != floor(value)) {
        char *rounded = eae_sprintf("%.4g", value);
        eae_html_text(b, rounded);
        free(rounded);
    } else {
        char *shorter = eae_short_text(text, 60);
        eae_html_text(b, shorter);
        free(shorter);
    }
    eae_buffer_puts(b, "</td>");
}

/* One of the columns that lead a report, with one value in all of its rows. */
static bool is_constant(const eae_tidy *t, int column)
{
    static const char *const lead[] = {"model", "spec", "param", "size", "split", "list"};
    bool leads = false;
    for (size_t k = 0; k < sizeof lead / sizeof *lead; k++)
        leads = leads || strcmp(eae_name(&t->header, column), lead[k]) == 0;
    for (int64_t i = 1; i < t->rows && leads; i++)
        leads = strcmp(eae_tidy_text(t, i, column), eae_tidy_text(t, 0, column)) == 0;
    return leads && t->rows > 1;
}

static void add_caption(eae_buffer *b, const eae_tidy *t, int64_t rows)
{
    const char *between = "";
    eae_buffer_puts(b, "<caption>");
    for (int c = 0; c < t->header.count; c++) {
        if (!is_constant(t, c) || strcmp(eae_tidy_text(t, 0, c), "NA") == 0)
            continue;
        eae_buffer_puts(b, between);
        eae_html_text(b, eae_name(&t->header, c));
        eae_buffer_putc(b, ' ');
        eae_html_text(b, eae_tidy_text(t, 0, c));
        between = ", ";
    }
    if (*between)
        eae_buffer_puts(b, ". ");
    if (rows < t->rows)
        eae_buffer_printf(b, "The first %lld of %lld lines.", (long long)rows, (long long)t->rows);
    eae_buffer_puts(b, "</caption>\n");
}

static void add_row(eae_buffer *b, const eae_tidy *t, int64_t row, const int *column, int n,
                    const bool *numeric)
{
    eae_buffer_puts(b, "<tr>");
    for (int c = 0; c < n; c++)
        add_cell(b, eae_tidy_text(t, row, column[c]), numeric[c]);
    eae_buffer_puts(b, "</tr>\n");
}

static bool is_shown(const eae_tidy *t, int column, const char *const *shown)
{
    for (int k = 0; shown && shown[k]; k++) {
        if (strcmp(eae_name(&t->header, column), shown[k]) == 0)
            return true;
    }
    return !shown;
}

void eae_html_table(eae_buffer *b, const eae_tidy *t, int64_t most, const char *const *shown)
{
    enum { COLUMNS_MOST = 20 };
    int64_t rows = t->rows < most ? t->rows : most;
    int column[COLUMNS_MOST], n = 0;
    bool numeric[COLUMNS_MOST];
    for (int c = 0; c < t->header.count && n < COLUMNS_MOST; c++) {
        if (is_constant(t, c) || !is_shown(t, c, shown))
            continue;
        numeric[n] = is_numeric(t, c, rows);
        column[n++] = c;
    }
    eae_buffer_puts(b, "<div class=\"wide\"><table>\n");
    add_caption(b, t, rows);
    eae_buffer_puts(b, "<thead><tr>");
    for (int c = 0; c < n; c++) {
        eae_buffer_puts(b, numeric[c] ? "<th class=\"n\">" : "<th>");
        eae_html_text(b, eae_name(&t->header, column[c]));
        eae_buffer_puts(b, "</th>");
    }
    eae_buffer_puts(b, "</tr></thead>\n<tbody>\n");
    for (int64_t i = 0; i < rows; i++)
        add_row(b, t, i, column, n, numeric);
    eae_buffer_puts(b, "</tbody></table></div>\n");
}
