/* window.c - see window.h. */
#include "exec/window.h"

#include <string.h>

#include "base/status.h"

/* "HH:MM"; minutes after midnight, or -1. */
static int minutes(const char *p)
{
    static const char digits[] = "0123456789";
    if (strspn(p, digits) != 2 || p[2] != ':' || strspn(p + 3, digits) != 2)
        return -1;
    int hour = (p[0] - '0') * 10 + p[1] - '0', minute = (p[3] - '0') * 10 + p[4] - '0';
    return hour < 24 && minute < 60 ? hour * 60 + minute : -1;
}

int eae_window_parse(const char *text, eae_window *w)
{
    bool formed = strlen(text) == 11 && text[5] == '-';
    w->from = formed ? minutes(text) : -1;
    w->to = formed ? minutes(text + 6) : -1;
    if (w->from < 0 || w->to < 0)
        return eae_fail_usage("--window: '%s' is not HH:MM-HH:MM, such as 20:00-07:00", text);
    return EAE_OK;
}

bool eae_window_open(const eae_window *w, time_t now)
{
    struct tm t;
    if (!localtime_r(&now, &t))
        return true;
    int m = t.tm_hour * 60 + t.tm_min;
    if (w->from < w->to)
        return m >= w->from && m < w->to;
    return m >= w->from || m < w->to;
}
