/*
 * test_queue_text.c - what the clients of Slurm, OpenLava and LSF print: real texts, texts of sites
 * that add to them, and garbage.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "exec/backends/lsf_text.h"
#include "exec/backends/slurm_text.h"
#include "exec/backends/spans.h"

/* ---- spans ----------------------------------------------------------------------------------- */

static void lines_and_parts(void **state)
{
    (void)state;
    const char *text = "one\r\n\n a  b\tc  \nlast";
    eae_span line, part[4];
    assert_true(eae_span_line(&text, &line) && eae_span_is(line, "one"));
    assert_true(eae_span_line(&text, &line) && line.n == 0);
    assert_true(eae_span_line(&text, &line));
    assert_int_equal(eae_span_split(line, ' ', part, 4), 3);
    assert_true(eae_span_is(part[2], "c"));
    assert_int_equal(eae_span_split(line, ' ', part, 2), 2);
    assert_true(eae_span_is(part[1], "b\tc"));
    assert_true(eae_span_line(&text, &line) && eae_span_is(line, "last"));
    assert_false(eae_span_line(&text, &line));
    assert_int_equal(eae_span_split((eae_span){"a||b|c", 6}, '|', part, 3), 3);
    assert_true(eae_span_is(part[1], "") && eae_span_is(part[2], "b|c"));
    assert_int_equal(eae_span_split((eae_span){"", 0}, ' ', part, 4), 0);
    assert_int_equal(eae_span_split((eae_span){"", 0}, '|', part, 4), 1);
}

/* ---- Slurm ----------------------------------------------------------------------------------- */

static void sbatch_replies(void **state)
{
    (void)state;
    int64_t id = 0;
    assert_true(eae_slurm_submitted("3\n", &id) && id == 3);
    assert_true(eae_slurm_submitted("3;cluster\n", &id) && id == 3);
    assert_true(eae_slurm_submitted("Welcome to the cluster!\n\n7031;lo\r\n", &id) && id == 7031);
    assert_false(eae_slurm_submitted("", &id));
    assert_false(eae_slurm_submitted("Submitted nothing\n12 jobs are waiting\n", &id));
    assert_false(eae_slurm_submitted("-3\n0\n99999999999999999999\n", &id));
}

static void squeue_lines(void **state)
{
    (void)state;
    eae_queue_jobs jobs = {0};
    eae_slurm_jobs("a banner | of the site\n"
                   "1|N/A|COMPLETED|wrap|n1|None\n"
                   "3|5|FAILED|wrap|n2|NonZeroExitCode\n"
                   "13|N/A|PENDING|a|b||PartitionConfig\n"
                   "22|1|SUSPENDED|eae-x-1|n[1-2]|None\n"
                   "22|2|CANCELLED|eae-x-1||(a|b)\n"
                   "22|3|NEW_WORD|eae-x-1||\n"
                   "22|4|RUNN",
                   &jobs);
    assert_int_equal(jobs.count, 6);
    assert_true(jobs.job[0].id == 1 && jobs.job[0].index == 0);
    assert_int_equal(jobs.job[0].state, EAE_QUEUE_ENDED);
    assert_true(jobs.job[1].id == 3 && jobs.job[1].index == 5);
    assert_string_equal(jobs.job[1].reason, "NonZeroExitCode");
    assert_int_equal(jobs.job[2].state, EAE_QUEUE_PENDING);
    assert_int_equal(jobs.job[3].state, EAE_QUEUE_SUSPENDED);
    assert_string_equal(jobs.job[3].host, "n[1-2]");
    assert_string_equal(jobs.job[4].reason, "(a|b)");
    assert_int_equal(jobs.job[5].state, EAE_QUEUE_UNSURE);
    eae_queue_jobs_free(&jobs);
    assert_int_equal(eae_slurm_state("CANCELLED by 0"), EAE_QUEUE_ENDED);
    assert_int_equal(eae_slurm_state("COMPLETING"), EAE_QUEUE_RUNNING);
}

static void sinfo_lines(void **state)
{
    (void)state;
    eae_site site = {0};
    eae_slurm_hosts("n1|idle|0/4/0/4|2000|23681|0.14|(null)\n"
                    "n1|idle|0/4/0/4|2000|23681|0.14|(null)\n"
                    "n2|down*|0/0/8/8|2000|N/A|N/A|gpu:a100:2(S:0-1),gpu:1,shard:8\n"
                    "n3|mixed\n",
                    &site);
    assert_int_equal(site.host_count, 2);
    assert_true(site.host[0].slots == 4 && site.host[0].used == 0);
    assert_true(site.host[0].memory_free == 23681ll << 20 && site.host[0].gpus == 0);
    assert_true(fabs(site.host[0].load - 0.14) < 1e-12);
    assert_string_equal(site.host[1].state, "down*");
    assert_true(isnan(site.host[1].load) && site.host[1].memory_free == -1);
    assert_int_equal(site.host[1].gpus, 3);
    eae_slurm_queues("main*|up|infinite\nmain*|up|infinite\nsmall|down|10:00\n", &site);
    assert_int_equal(site.queue_count, 2);
    assert_string_equal(site.queue[0].name, "main");
    assert_string_equal(site.queue[1].state, "down");
    eae_site_free(&site);
    const char *config = "Configuration data as of 2026-11-22T09:06:05\n"
                         "MaxArraySize            = 1001\nMaxJobCount             = 50000\n";
    assert_int_equal(eae_slurm_setting(config, "MaxArraySize", 7), 1001);
    assert_int_equal(eae_slurm_setting(config, "MaxArray", 7), 7);
}

/* ---- OpenLava and LSF ------------------------------------------------------------------------ */

static void bsub_replies(void **state)
{
    (void)state;
    int64_t id = 0;
    assert_true(eae_lsf_submitted("Job <101> is submitted to queue <fast>.\n", &id) && id == 101);
    assert_true(eae_lsf_submitted("Group has Job <budget> left\n  Please be nice\n"
                                  "Job <1> is submitted to default queue <normal>.\n"
                                  "Job <2> is submitted to default queue <normal>.\n",
                                  &id) &&
                id == 1);
    assert_false(eae_lsf_submitted("", &id));
    assert_false(eae_lsf_submitted("Job <> is submitted to queue <a>.\n", &id));
    assert_false(eae_lsf_submitted("Job <118> is being terminated\n", &id));
}

static const char bjobs_w[] =
    "JOBID   USER    STAT  QUEUE      FROM_HOST   EXEC_HOST   JOB_NAME   SUBMIT_TIME\n"
    "107     alice   DONE  fast       olhost      olhost:olhost echo $LSB_HOSTS ...; sleep 1 Nov "
    "22 "
    "08:37\n"
    "118     alice   EXIT  fast       olhost         -        res        Nov 22 08:37\n"
    "145     alice   SSUSP night      olhost      olhost      eae-f-1[12] Nov  2 08:37\n"
    "145     alice   UNKWN night      olhost      olhost      eae-f-1[13] Nov  2 08:37\n"
    "145     alice   RUN   night      olhost";

static void bjobs_lines(void **state)
{
    (void)state;
    eae_queue_jobs jobs = {0};
    eae_lsf_jobs(bjobs_w, &jobs);
    assert_int_equal(jobs.count, 4);
    assert_string_equal(jobs.job[0].name, "echo $LSB_HOSTS ...; sleep 1");
    assert_string_equal(jobs.job[0].host, "olhost:olhost");
    assert_int_equal(jobs.job[0].state, EAE_QUEUE_ENDED);
    assert_string_equal(jobs.job[1].name, "res");
    assert_string_equal(jobs.job[1].host, "");
    assert_true(jobs.job[2].id == 145 && jobs.job[2].index == 12);
    assert_int_equal(jobs.job[2].state, EAE_QUEUE_SUSPENDED);
    assert_int_equal(jobs.job[3].state, EAE_QUEUE_UNSURE);
    eae_queue_jobs_free(&jobs);
    eae_lsf_jobs("No unfinished job found\n1 2 3\n\n", &jobs);
    assert_int_equal(jobs.count, 0);
}

static void array_summaries(void **state)
{
    (void)state;
    eae_queue_counts counts;
    const char *text = "JOBID    ARRAY_SPEC  OWNER   NJOBS PEND DONE  RUN EXIT SSUSP USUSP PSUSP\n"
                       "14       x[1-6]      alice       6    6    0    0    0     0     0     0\n"
                       "145      f[1-6]      alice      21    1    2    3    4     5     6     0\n";
    assert_true(eae_lsf_array(text, 145, &counts));
    assert_int_equal(counts.of[EAE_QUEUE_PENDING], 1);
    assert_int_equal(counts.of[EAE_QUEUE_RUNNING], 3);
    assert_int_equal(counts.of[EAE_QUEUE_SUSPENDED], 11);
    assert_int_equal(counts.of[EAE_QUEUE_ENDED], 6);
    assert_false(eae_lsf_array(text, 45, &counts));
    assert_false(eae_lsf_array("145      f[1-6]      alice       6    1", 145, &counts));
    assert_false(eae_lsf_array("145 f[1-6] alice 6 1 2 -3 4 5 6 0\n", 145, &counts));
}

static void hosts_and_queues_of_lsf(void **state)
{
    (void)state;
    eae_site site = {0};
    eae_lsf_hosts(
        "HOST_NAME          STATUS       JL/U    MAX  NJOBS    RUN  SSUSP  USUSP    RSV \n"
        "olhost             ok              -      2      1      1      0      0      0\n"
        "far                closed          -      -      0      0      0      0      0\n",
        &site);
    eae_lsf_loads(
        "HOST_NAME       status  r15s   r1m  r15m   ut    pg  ls    it   tmp   swp   mem\n"
        "olhost              ok   0.8   0.9   0.7   0%   0.0   0 2e+08   76G    0M   23G\n"
        "other               ok   0.8   0.9   0.7   0%   0.0   0 2e+08   76G    0M   23G\n"
        "far            unavail\n",
        &site);
    assert_int_equal(site.host_count, 2);
    assert_true(site.host[0].slots == 2 && site.host[0].used == 1);
    assert_true(fabs(site.host[0].load - 0.9) < 1e-12);
    assert_true(site.host[0].memory_free == 23ll << 30);
    assert_string_equal(site.host[1].state, "closed");
    assert_true(site.host[1].slots == -1 && isnan(site.host[1].load));
    eae_lsf_queues(
        "QUEUE_NAME      PRIO STATUS          MAX JL/U JL/P JL/H NJOBS  PEND   RUN  SUSP \n"
        "prio             43   Open:Active      1    -    -    -     6     1     2     3\n"
        "night            20    Open:Inact      -    -    -    -     0     0     0     0\n",
        &site);
    eae_lsf_windows("\nQUEUE: prio\n  -- important\nUSERS:  all users\n---\n"
                    "QUEUE: night\nRUN_WINDOW: 20:00-07:00\nQUEUE: other\nRUN_WINDOW: 1-2\n",
                    &site);
    assert_int_equal(site.queue_count, 2);
    assert_string_equal(site.queue[0].state, "Open:Active");
    assert_null(site.queue[0].window);
    assert_true(site.queue[0].pending == 1 && site.queue[0].running == 2);
    assert_string_equal(site.queue[1].window, "20:00-07:00");
    eae_site_free(&site);
}

static void the_system_of_lsf(void **state)
{
    (void)state;
    char cluster[EAE_QUEUE_WORD], master[EAE_QUEUE_WORD];
    assert_true(eae_lsf_cluster("openlava project 2.2, Nov 22 2026\n\nMy cluster name is lo\n"
                                "My master name is olhost\n",
                                cluster, master));
    assert_string_equal(cluster, "lo");
    assert_string_equal(master, "olhost");
    assert_false(eae_lsf_cluster("LIM is down\n", cluster, master));
    assert_int_equal(
        eae_lsf_setting("Job Dispatch Interval:  10 seconds\n", "Dispatch Interval", 1), 10);
    assert_int_equal(eae_lsf_setting("    MAX_JOB_ARRAY_SIZE = 500\n", "MAX_JOB_ARRAY_SIZE", 1000),
                     500);
    assert_int_equal(eae_lsf_setting("MAX_JOB_ARRAY_SIZE =\n 5\n", "MAX_JOB_ARRAY_SIZE", 1000),
                     1000);
    assert_true(eae_lsf_waiting("batch system daemon not responding ... still trying\n"));
    assert_false(eae_lsf_waiting("nosuch: No such queue. Job not submitted.\n"));
    assert_true(eae_lsf_gone("Job <118>: Job has already finished\n"));
    assert_true(eae_lsf_gone("Job <999>: No matching job found\n"));
    assert_false(eae_lsf_gone("User permission denied\n"));
}

/* Any bytes: nothing is read beyond the text (the sanitizers look), and hardly anything is
 * believed. */
static void garbage(void **state)
{
    (void)state;
    static const char *const seeds[] = {
        bjobs_w, "22|1|SUSPENDED|eae-x-1|n[1-2]|None\n",
        "n2|down*|0/0/8/8|2000|N/A|N/A|gpu:a100:2(S:0-1),gpu\n",
        "145      f[1-6]      alice      21    1    2    3    4     "
        "5     6     0\nJob <1> is submitted\n"};
    uint32_t x = 1;
    for (int round = 0; round < 4000; round++) {
        char *text = eae_strdup(seeds[round % 4]);
        size_t n = strlen(text);
        for (int i = 0; i < 4; i++) {
            x = x * 1664525 + 1013904223;
            text[(x >> 8) % n] = "|[]<>- :\n0\377"[(x >> 28) % 11];
        }
        text[(x >> 4) % (n + 1)] = '\0';
        eae_queue_jobs jobs = {0};
        eae_site site = {0};
        eae_queue_counts counts;
        int64_t id;
        eae_slurm_jobs(text, &jobs);
        eae_lsf_jobs(text, &jobs);
        for (size_t i = 0; i < jobs.count; i++)
            assert_true(jobs.job[i].id > 0 && jobs.job[i].index >= 0);
        eae_slurm_hosts(text, &site);
        eae_lsf_hosts(text, &site);
        eae_lsf_loads(text, &site);
        eae_slurm_queues(text, &site);
        eae_lsf_queues(text, &site);
        eae_lsf_windows(text, &site);
        eae_lsf_array(text, 145, &counts);
        if (eae_slurm_submitted(text, &id) || eae_lsf_submitted(text, &id))
            assert_true(id > 0);
        eae_queue_jobs_free(&jobs);
        eae_site_free(&site);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_and_parts),   cmocka_unit_test(sbatch_replies),
        cmocka_unit_test(squeue_lines),      cmocka_unit_test(sinfo_lines),
        cmocka_unit_test(bsub_replies),      cmocka_unit_test(bjobs_lines),
        cmocka_unit_test(array_summaries),   cmocka_unit_test(hosts_and_queues_of_lsf),
        cmocka_unit_test(the_system_of_lsf), cmocka_unit_test(garbage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
