/* ssh_settings.c - the options of the ssh back end; see ssh_session.h. */
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/number.h"
#include "exec/backends/ssh_session.h"

enum { CONNECT_SECONDS = 10, HOST_SECONDS = 60 };

static int seconds_setting(const eae_exec_config *config, const char *name, double otherwise,
                           double *seconds)
{
    const char *text = eae_config_setting(config, name);
    *seconds = otherwise;
    if (!text)
        return EAE_OK;
    if (eae_parse_double(text, strlen(text), seconds) && *seconds > 0 && *seconds < 1e6)
        return EAE_OK;
    return eae_fail_usage("--%s: \"%s\" is not a number of seconds", name, text);
}

static int parse_hosts(eae_ssh_session *s, const char *list)
{
    int status = EAE_OK;
    if (!list || !*list)
        return eae_fail_usage("--on ssh needs --hosts NAME,...");
    for (const char *p = list; status == EAE_OK;) {
        const size_t n = strcspn(p, ",");
        s->host = eae_realloc(s->host, (size_t)s->hosts + 1, sizeof *s->host);
        status = eae_ssh_parse(&s->host[s->hosts], p, n);
        for (int i = 0; i < s->hosts && status == EAE_OK; i++) {
            if (strcmp(s->host[i].name, s->host[s->hosts].name) == 0)
                status = eae_fail_usage("--hosts: %s is there twice", s->host[i].name);
        }
        if (s->host[s->hosts].name)
            s->hosts++;
        if (p[n] == '\0')
            break;
        p += n + 1;
    }
    return status;
}

static void set_slots(eae_ssh_session *s)
{
    const char *text = eae_config_setting(&s->config, "slots");
    int64_t slots;
    if (!text || !eae_parse_int(text, strlen(text), &slots) || slots < 1)
        return;
    for (int i = 0; i < s->hosts; i++) {
        if (s->host[i].slots == 0)
            s->host[i].slots = slots;
    }
}

/* What a batch is called on the hosts: two clients may have the same command line, each its own
 * batch. */
static char *folder_name(const eae_batch *b)
{
    struct utsname u;
    char text[EAE_HASH_TEXT];
    eae_buffer key = {0};
    if (!b)
        return eae_strdup("");
    eae_put_text(&key, uname(&u) == 0 ? u.nodename : "");
    eae_put_text(&key, b->path);
    eae_put_real(&key, b->created);
    eae_hash hash = eae_hash_bytes(key.data, key.length);
    eae_buffer_free(&key);
    return eae_sprintf("%s-%.8s", b->id, eae_hash_text(&hash, text));
}

int eae_ssh_take_settings(eae_ssh_session *s)
{
    const char *program = eae_config_setting(&s->config, "remote-path");
    const char *list = eae_config_setting(&s->config, "hosts");
    double connect = CONNECT_SECONDS;
    s->ssh.batch = s->config.batch;
    s->ssh.folder = folder_name(s->config.batch);
    s->ssh.program = program ? program : "eae-submit";
    /* only what is merged must be of one kind */
    if (s->config.batch && s->config.batch->filter && !eae_config_setting(&s->config, "mixed"))
        s->ssh.identity = s->config.identity;
    int status = parse_hosts(s, list ? list : eae_config_setting(&s->config, "on-argument"));
    if (status == EAE_OK && !eae_ssh_plain_path(s->ssh.program))
        status = eae_fail_usage("--remote-path: \"%s\" is not a plain path", s->ssh.program);
    if (status == EAE_OK)
        status = seconds_setting(&s->config, "connect-timeout", CONNECT_SECONDS, &connect);
    if (status == EAE_OK)
        status = seconds_setting(&s->config, "host-timeout", HOST_SECONDS, &s->patience);
    /* half of the patience is left to connect anew; a busy host has two seconds at least */
    s->quiet = s->patience > 8 ? s->patience / 4 : 2;
    s->ssh.connect_seconds = connect < 1 ? 1 : (int)connect;
    set_slots(s);
    return status;
}
