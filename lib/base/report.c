/* report.c - TSV and JSON lines, built in memory. */
#include "base/report.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/diag.h"
#include "base/json.h"
#include "base/memory.h"

struct eae_report {
    const char **columns;
    int count;
    int next; /* column of the next cell */
    bool json;
    int64_t rows;
    eae_buffer text;
};

static void put_tsv_text(eae_buffer *b, const char *text)
{
    for (const char *p = text; *p; p++) {
        if (*p == '\t')
            eae_buffer_puts(b, "\\t");
        else if (*p == '\n')
            eae_buffer_puts(b, "\\n");
        else if (*p == '\r')
            eae_buffer_puts(b, "\\r");
        else
            eae_buffer_putc(b, *p);
    }
}

eae_report *eae_report_new(const char *const *columns, int count, bool json)
{
    eae_report *r = EAE_NEW(eae_report);
    *r = (eae_report){.count = count, .json = json};
    r->columns = eae_malloc((size_t)count, sizeof *r->columns);
    memcpy(r->columns, columns, (size_t)count * sizeof *r->columns);
    for (int c = 0; c < count && !json; c++) {
        put_tsv_text(&r->text, columns[c]);
        eae_buffer_putc(&r->text, c + 1 < count ? '\t' : '\n');
    }
    return r;
}

void eae_report_free(eae_report *r)
{
    if (!r)
        return;
    eae_buffer_free(&r->text);
    free(r->columns);
    free(r);
}

static void begin_cell(eae_report *r)
{
    if (r->json) {
        eae_buffer_putc(&r->text, r->next == 0 ? '{' : ',');
        eae_json_string(&r->text, r->columns[r->next]);
        eae_buffer_putc(&r->text, ':');
    } else if (r->next > 0) {
        eae_buffer_putc(&r->text, '\t');
    }
}

static void end_cell(eae_report *r)
{
    if (++r->next < r->count)
        return;
    eae_buffer_puts(&r->text, r->json ? "}\n" : "\n");
    r->next = 0;
    r->rows++;
}

void eae_report_text(eae_report *r, const char *text)
{
    begin_cell(r);
    if (!text)
        eae_buffer_puts(&r->text, r->json ? "null" : "NA");
    else if (r->json)
        eae_json_string(&r->text, text);
    else
        put_tsv_text(&r->text, text);
    end_cell(r);
}

void eae_report_int(eae_report *r, int64_t value)
{
    if (value == EAE_MISSING_I64) {
        eae_report_text(r, NULL);
        return;
    }
    begin_cell(r);
    eae_buffer_printf(&r->text, "%" PRId64, value);
    end_cell(r);
}

void eae_report_real(eae_report *r, double value)
{
    if (isnan(value)) {
        eae_report_text(r, NULL);
        return;
    }
    char text[EAE_NUMBER_TEXT];
    eae_format_double(value, text);
    if (isinf(value)) {
        eae_report_text(r, text);
        return;
    }
    begin_cell(r);
    eae_buffer_puts(&r->text, text);
    end_cell(r);
}

void eae_report_time(eae_report *r, double seconds)
{
    char text[32] = "";
    time_t t = (time_t)seconds;
    struct tm local;
    if (seconds > 0 && localtime_r(&t, &local))
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &local);
    eae_report_text(r, *text ? text : NULL);
}

int64_t eae_report_rows(const eae_report *r)
{
    return r->rows;
}

const char *eae_report_body(const eae_report *r, size_t *length)
{
    *length = r->text.length;
    return r->text.data ? r->text.data : "";
}

static void check_rows(const eae_report *r)
{
    if (r->next != 0)
        eae_bug("report row %" PRId64 " has %d of %d cells", r->rows + 1, r->next, r->count);
}

int eae_report_put(const eae_report *r, eae_output *out)
{
    check_rows(r);
    return eae_output_write(out, r->text.data, r->text.length);
}

int eae_report_write(const eae_report *r, const char *path)
{
    check_rows(r);
    return eae_output_whole(path, r->text.data, r->text.length);
}
