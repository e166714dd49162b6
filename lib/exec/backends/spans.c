/* spans.c - see spans.h. */
#include "exec/backends/spans.h"

#include <string.h>

#include "base/memory.h"
#include "base/number.h"

bool eae_span_line(const char **text, eae_span *line)
{
    const char *p = *text;
    if (!*p)
        return false;
    size_t n = strcspn(p, "\n");
    *text = p + n + (p[n] == '\n');
    while (n > 0 && p[n - 1] == '\r')
        n--;
    *line = (eae_span){p, n};
    return true;
}

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

static int split_blanks(eae_span line, eae_span *part, int max)
{
    const char *p = line.p, *end = line.p + line.n;
    int count = 0;
    while (end > p && blank(end[-1]))
        end--;
    while (count < max) {
        while (p < end && blank(*p))
            p++;
        if (p == end)
            break;
        const char *begin = p;
        if (count + 1 == max)
            p = end;
        while (p < end && !blank(*p))
            p++;
        part[count++] = (eae_span){begin, (size_t)(p - begin)};
    }
    return count;
}

int eae_span_split(eae_span line, char separator, eae_span *part, int max)
{
    for (int i = 0; i < max; i++)
        part[i] = (eae_span){"", 0};
    if (separator == ' ')
        return split_blanks(line, part, max);
    const char *p = line.p, *end = line.p + line.n;
    for (int count = 0; count < max; count++) {
        const char *stop = count + 1 < max ? memchr(p, separator, (size_t)(end - p)) : NULL;
        part[count] = (eae_span){p, (size_t)((stop ? stop : end) - p)};
        if (!stop)
            return count + 1;
        p = stop + 1;
    }
    return max;
}

const char *eae_span_find(eae_span span, const char *text)
{
    size_t n = strlen(text);
    for (size_t i = 0; n <= span.n && i <= span.n - n; i++) {
        if (memcmp(span.p + i, text, n) == 0)
            return span.p + i;
    }
    return NULL;
}

bool eae_span_is(eae_span span, const char *text)
{
    return span.n == strlen(text) && memcmp(span.p, text, span.n) == 0;
}

bool eae_span_begins(eae_span span, const char *text)
{
    size_t n = strlen(text);
    return span.n >= n && memcmp(span.p, text, n) == 0;
}

bool eae_span_int(eae_span span, int64_t *value)
{
    return eae_parse_int(span.p, span.n, value);
}

int64_t eae_span_leading(eae_span span)
{
    int64_t value;
    size_t n = 0;
    while (n < span.n && span.p[n] >= '0' && span.p[n] <= '9')
        n++;
    return n > 0 && eae_parse_int(span.p, n, &value) ? value : -1;
}

void eae_span_copy(eae_span span, char *to, size_t size)
{
    size_t n = span.n < size ? span.n : size - 1;
    memcpy(to, span.p, n);
    to[n] = '\0';
}

char *eae_span_dup(eae_span span)
{
    return eae_strndup(span.p, span.n);
}
