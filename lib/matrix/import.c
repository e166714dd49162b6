/* import.c - see import.h: the options, and recognising what an input is. */
#include "matrix/import.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "matrix/import_parts.h"

const eae_option eae_import_options[] = {
    {.name = "label",
     .type = EAE_OPT_TEXT,
     .arg = "COL[=POS/NEG]",
     .help = "the outcome; samples of other classes than POS and NEG are dropped"},
    {.name = "positive", .type = EAE_OPT_TEXT, .arg = "CLASS", .help = "the positive class"},
    {.name = "regression", .type = EAE_OPT_FLAG, .help = "the label is a number to predict"},
    {.name = "group",
     .type = EAE_OPT_TEXT,
     .arg = "COL",
     .help = "samples that belong together (a patient, a family)"},
    {.name = "time", .type = EAE_OPT_TEXT, .arg = "COL", .help = "survival or censoring time"},
    {.name = "status",
     .type = EAE_OPT_TEXT,
     .arg = "COL[=EVENT]",
     .help = "1 for an event, 0 for a censored time; or the value that is an event"},
    {.name = "annot",
     .type = EAE_OPT_FILE,
     .arg = "FILE",
     .help = "annotations of samples: a table joined by id, or a CLS file"},
    {.name = "meta",
     .type = EAE_OPT_NAMES,
     .arg = "COLS",
     .help = "columns that are annotations, not features"},
    {.name = "by-feature",
     .type = EAE_OPT_FLAG,
     .help = "in text, rows are features and columns are samples"},
    {0}};

void eae_import_from_options(eae_import *import, const eae_options *o)
{
    *import = (eae_import){.label = eae_opt_text(o, "label"),
                           .positive = eae_opt_text(o, "positive"),
                           .regression = eae_flag(o, "regression"),
                           .group = eae_opt_text(o, "group"),
                           .time = eae_opt_text(o, "time"),
                           .status = eae_opt_text(o, "status"),
                           .annot = eae_opt_text(o, "annot"),
                           .meta = eae_given(o, "meta") ? eae_opt_names(o, "meta") : NULL,
                           .by_feature = eae_flag(o, "by-feature")};
}

/* ---- recognition ------------------------------------------------------------------------ */

static bool begins(const eae_text *t, const char *word)
{
    size_t n = strlen(word);
    return t->length >= n && memcmp(t->data, word, n) == 0;
}

/* Files that people have, whose contents can be had as text. */
static const struct {
    const char *magic, *what;
} foreign[] = {
    {"\xff\xfe", "text in UTF-16; convert it to UTF-8 first"},
    {"\xfe\xff", "text in UTF-16; convert it to UTF-8 first"},
    {"PK\x03\x04", "a zip archive or an Excel workbook; take the table out of it as TSV or CSV"},
    {"\xd0\xcf\x11\xe0", "an old Excel workbook; save the table as TSV or CSV"},
    {"\x89HDF", "an HDF5 file; write the matrix as .npy or TSV"},
    {"PAR1", "a Parquet file; write the table as TSV or CSV"},
    {"RDX", "an R workspace; write the table with write.table(sep = \"\\t\")"},
    {"X\n", "an R object; write the table with write.table(sep = \"\\t\")"},
    {"%PDF", "a PDF document"},
};

static int unknown_format(const eae_text *head)
{
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        if (begins(head, foreign[i].magic))
            return eae_fail("%s: %s", head->name, foreign[i].what);
    }
    return eae_fail("%s: not an eae stream, and no text or array format that is known here",
                    head->name);
}

static int import_head(const eae_import_job *job, eae_text *head, eae_frame **f)
{
    size_t look = head->length < 4096 ? head->length : 4096;
    bool npy = begins(head, "\x93NUMPY"), libsvm = !npy && eae_is_libsvm(head);
    if (npy || libsvm) {
        int status = eae_text_source_wait(job->source, SIZE_MAX, head);
        if (status != EAE_OK)
            return status;
        return npy ? eae_import_npy(job, head, f) : eae_import_libsvm(job, head, f);
    }
    if (memchr(head->data, '\0', look) || begins(head, "\xff\xfe") || begins(head, "\xfe\xff"))
        return unknown_format(head);
    if (begins(head, "#1.2") || begins(head, "#1.3"))
        return eae_import_gct(job, head, f);
    if (begins(head, "!Series_") || begins(head, "!Sample_") || begins(head, "!series_matrix"))
        return eae_import_geo(job, head, f);
    return eae_import_delimited(job, head, f);
}

int eae_import_bytes(const char *bytes, size_t n, const char *name, const eae_import *import,
                     int threads, eae_frame **f)
{
    static const eae_import defaults = {0};
    eae_import_job job = {.import = import ? import : &defaults, .threads = threads};
    eae_text head;
    *f = NULL;
    int status = eae_text_source_open(&job.source, bytes, n, name, threads);
    if (status != EAE_OK)
        return status;
    status = eae_text_source_wait(job.source, 1 << 20, &head);
    if (status == EAE_OK && head.length == 0)
        status = eae_fail("%s: empty", name);
    if (status == EAE_OK)
        status = import_head(&job, &head, f);
    if (status == EAE_OK)
        status = eae_order_label(*f, job.import);
    if (status != EAE_OK) {
        eae_frame_free(*f);
        *f = NULL;
    }
    eae_text_source_close(job.source);
    return status;
}

/* ---- name lists ------------------------------------------------------------------------- */

static void split_names(const char *text, const char *separators, eae_names *names)
{
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, separators);
        if (n > 0)
            eae_names_add(names, p, n);
        p += n + strspn(p + n, separators);
    }
}

int eae_read_name_list(const char *file_or_list, eae_names *names)
{
    struct stat st;
    if (stat(file_or_list, &st) != 0) {
        split_names(file_or_list, ",", names);
        return names->count ? EAE_OK : eae_fail("an empty list of names");
    }
    char *text;
    size_t length;
    int status = eae_text_read_file(file_or_list, &text, &length);
    if (status != EAE_OK)
        return status;
    split_names(text, "\r\n", names);
    free(text);
    return names->count ? EAE_OK : eae_fail("%s: no names in it", file_or_list);
}
