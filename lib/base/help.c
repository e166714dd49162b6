/* help.c - see help.h. */
#include "base/help.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/files.h"

enum { HELP_COLUMN = 28, LINE_WIDTH = 100 };

/* Words of `text` from the present column on, wrapped, continued at HELP_COLUMN. */
static void wrap(eae_buffer *b, size_t column, const char *text)
{
    while (*text) {
        size_t n = strcspn(text, " ");
        if (column + 1 + n > LINE_WIDTH) {
            eae_buffer_printf(b, "\n%*s", HELP_COLUMN, "");
            column = HELP_COLUMN;
        }
        eae_buffer_add(b, text, n);
        eae_buffer_putc(b, ' ');
        column += n + 1;
        text += n;
        text += strspn(text, " ");
    }
    while (b->length > 0 && b->data[b->length - 1] == ' ')
        b->length--;
    eae_buffer_putc(b, '\n');
}

static void describe(eae_buffer *b, const eae_option *p)
{
    size_t start = b->length;
    if (p->shortcut)
        eae_buffer_printf(b, "  -%c, --%s", p->shortcut, p->name);
    else
        eae_buffer_printf(b, "      --%s", p->name);
    if (p->type != EAE_OPT_FLAG) {
        const char *arg = p->type == EAE_OPT_CHOICE ? p->range : p->arg;
        eae_buffer_printf(b, p->optional ? "[=%s]" : " %s", arg ? arg : "VALUE");
    }
    size_t column = b->length - start;
    if (column + 2 > HELP_COLUMN) {
        eae_buffer_printf(b, "\n%*s", HELP_COLUMN, "");
    } else {
        eae_buffer_printf(b, "%*s", (int)(HELP_COLUMN - column), "");
    }
    char *text =
        p->fallback ? eae_sprintf("%s (default: %s)", p->help, p->fallback) : eae_strdup(p->help);
    wrap(b, HELP_COLUMN, text);
    free(text);
}

static _Noreturn void finish(eae_buffer *b)
{
    int status = eae_write_all(1, b->data, b->length, "standard output");
    eae_buffer_free(b);
    if (status != EAE_OK)
        eae_die_status(status);
    exit(EAE_OK);
}

void eae_help_print(const eae_program *program)
{
    eae_buffer b = {0};
    eae_buffer_printf(&b, "%s\n\n%s [OPTION...] %s\n%s\n", program->example, program->name,
                      program->operands, program->summary);
    for (int g = 0; g < EAE_GROUPS_MAX && program->groups[g].options; g++) {
        eae_buffer_printf(&b, "\n%s:\n", program->groups[g].title);
        for (const eae_option *p = program->groups[g].options; p->name; p++)
            describe(&b, p);
    }
    /* of "eae-cache run" the page is that of eae-cache */
    eae_buffer_printf(&b, "\nSee also: man %.*s, man eae\n", (int)strcspn(program->name, " "),
                      program->name);
    finish(&b);
}

void eae_help_version(const char *name)
{
    eae_buffer b = {0};
    eae_buffer_printf(&b, "%s %s\nLicence: Apache-2.0\n", name, EAE_VERSION);
    finish(&b);
}

static void dump_marks(const eae_option *p, eae_buffer *b)
{
    const struct {
        const char *name;
        bool set;
    } marks[] = {{"optional", p->optional}, {"pairs", p->pairs},     {"quiet", p->quiet},
                 {"many", p->many},         {"repeats", p->repeats}, {"writes", p->writes}};
    const char *comma = "";
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        if (!marks[i].set)
            continue;
        eae_buffer_printf(b, "%s%s", comma, marks[i].name);
        comma = ",";
    }
}

void eae_options_dump(const eae_program *program, const char *command, eae_buffer *b)
{
    static const char *const types[] = {"flag",   "int",   "real",  "size", "text",
                                        "choice", "names", "reals", "file"};
    for (int g = 0; g < EAE_GROUPS_MAX && program->groups[g].options; g++) {
        for (const eae_option *p = program->groups[g].options; p->name; p++) {
            eae_buffer_printf(b, "%s\t%.1s\t%s\t%s\t%s\t%s\t", p->name,
                              p->shortcut ? &p->shortcut : "", types[p->type], p->arg ? p->arg : "",
                              p->fallback ? p->fallback : "", p->range ? p->range : "");
            dump_marks(p, b);
            eae_buffer_printf(b, "\t%s\t%s\n", command, p->help);
        }
    }
}

void eae_help_dump(const eae_program *program)
{
    eae_buffer b = {0};
    eae_options_dump(program, "", &b);
    finish(&b);
}

/* ---- programs of several commands ----------------------------------------------------------- */

void eae_help_commands(const eae_suite *suite)
{
    eae_buffer b = {0};
    eae_buffer_printf(&b, "%s\n\n%s COMMAND [OPTION...] ...\n%s\n\nCommands:\n", suite->example,
                      suite->name, suite->summary);
    for (const eae_subcommand *c = suite->commands; c->name; c++) {
        eae_buffer_printf(&b, "  %-*s", HELP_COLUMN - 2, c->name);
        wrap(&b, HELP_COLUMN, c->program->summary);
    }
    eae_buffer_printf(&b, "\n'%s COMMAND --help' has the options of a command.\n", suite->name);
    eae_buffer_printf(&b, "See also: man %s, man eae\n", suite->name);
    finish(&b);
}

void eae_help_dump_commands(const eae_suite *suite)
{
    eae_buffer b = {0};
    for (const eae_subcommand *c = suite->commands; c->name; c++) {
        eae_buffer_printf(&b, "%s\t\tcommand\t\t\t\t\t%s\t%s\n", c->name, c->name,
                          c->program->summary);
        eae_options_dump(c->program, c->name, &b);
    }
    finish(&b);
}
