/*
 * bench_gsea.c - the enrichment test by itself, on numbers from files.
 *
 *     build/bench/bench_gsea STATISTICS SETS [threads [seed [samples [draws [eps]]]]]
 *
 * STATISTICS: a number per line. SETS: a set per line, the line numbers (from 1) of its genes.
 * Writes size, es, nes, p and log2err of each set to standard output, and the seconds to standard
 * error.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/files.h"
#include "base/memory.h"
#include "eval/enrich/gsea.h"

static char *read_text(const char *path)
{
    char *text;
    size_t length;
    if (eae_read_file(path, &text, &length) != EAE_OK) {
        fprintf(stderr, "%s\n", eae_message());
        exit(1);
    }
    return text;
}

static double *read_statistics(char *text, int64_t *count)
{
    double *value = NULL;
    char *line;
    for (*count = 0; (line = strsep(&text, "\n")) && *line;) {
        value = eae_realloc(value, (size_t)*count + 1, sizeof *value);
        value[(*count)++] = strtod(line, NULL);
    }
    return value;
}

static void read_sets(char *text, eae_gsea_input *in)
{
    int64_t *begin = eae_calloc(1, sizeof *begin), *member = NULL, members = 0;
    char *line;
    while ((line = strsep(&text, "\n")) && *line) {
        for (char *word; (word = strsep(&line, "\t "));) {
            member = eae_realloc(member, (size_t)members + 1, sizeof *member);
            member[members++] = strtoll(word, NULL, 10) - 1;
        }
        begin = eae_realloc(begin, (size_t)in->sets + 2, sizeof *begin);
        begin[++in->sets] = members;
    }
    in->begin = begin;
    in->member = member;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr,
                "usage: bench_gsea STATISTICS SETS [threads [seed [samples [draws [eps]]]]]\n");
        return 2;
    }
    eae_gsea_input in = {0};
    eae_gsea_options o = eae_gsea_defaults();
    char *numbers = read_text(argv[1]), *lines = read_text(argv[2]);
    double *statistic = read_statistics(numbers, &in.genes);
    in.statistic = statistic;
    read_sets(lines, &in);
    o.threads = argc > 3 ? atoi(argv[3]) : 1;
    o.seed = argc > 4 ? strtoull(argv[4], NULL, 10) : 1;
    o.samples = argc > 5 ? atoll(argv[5]) : o.samples;
    o.draws = argc > 6 ? atoll(argv[6]) : o.draws;
    o.eps = argc > 7 ? strtod(argv[7], NULL) : o.eps;
    eae_gsea g;
    double start = now();
    if (eae_gsea_run(&in, &o, &g) != EAE_OK) {
        fprintf(stderr, "bench_gsea: %s\n", eae_message());
        return 1;
    }
    fprintf(stderr, "%.4f\n", now() - start);
    for (int64_t i = 0; i < in.sets; i++) {
        const eae_gsea_line *x = &g.line[i];
        printf("%lld\t%.17g\t%.17g\t%.17g\t%.17g\n", (long long)x->size, x->es, x->nes, x->p,
               x->log2err);
    }
    eae_gsea_free(&g);
    free((void *)in.begin);
    free((void *)in.member);
    free(statistic);
    free(numbers);
    free(lines);
    return 0;
}
