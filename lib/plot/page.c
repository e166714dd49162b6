#include "plot/page.h"
int eae_page_make(const eae_names *files, const eae_page_options *o, eae_buffer *html)
{
    (void)files;
    (void)o;
    (void)html;
    return eae_fail("not yet");
}
