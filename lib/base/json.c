/* json.c - see json.h. */
#include "base/json.h"

#include "base/utf8.h"

void eae_json_string(eae_buffer *b, const char *text)
{
    const unsigned char *p = (const unsigned char *)text;

    eae_buffer_putc(b, '"');
    while (*p != '\0') {
        int n = eae_utf8_length((const char *)p);

        if (n == 0)
            eae_buffer_printf(b, "\\udc%02x", *p);
        else if (*p == '"' || *p == '\\')
            eae_buffer_printf(b, "\\%c", *p);
        else if (*p == '\n')
            eae_buffer_puts(b, "\\n");
        else if (*p == '\t')
            eae_buffer_puts(b, "\\t");
        else if (*p < 0x20 || *p == 0x7f)
            eae_buffer_printf(b, "\\u%04x", *p);
        else
            eae_buffer_add(b, p, (size_t)n);
        p += n == 0 ? 1 : n;
    }
    eae_buffer_putc(b, '"');
}
