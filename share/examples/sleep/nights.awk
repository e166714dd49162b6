# nights.awk - simulated nights: 62 subjects, 40 epochs of 30 s each, as a table with a row an epoch.
#
# A night walks from stage to stage (W, N1, N2, N3, R) as nights do, by chances for the next epoch. Each of
# eight band powers (dB) has a mean of its stage, an offset of the subject (skull, electrodes) that is as
# large as the differences between stages, and noise that lasts from epoch to epoch.
#
#     awk -f nights.awk [-v subjects=62] [-v epochs=40] [-v seed=1]

function chance() { # a small generator, so that every awk makes the same nights
    state = (state * 4096 + 150889) % 714025
    return (state + 0.5) / 714025
}
function normal(    i, sum) {
    for (i = sum = 0; i < 12; i++)
        sum += chance()
    return sum - 6
}
function next_stage(now,    u, k) {
    u = chance()
    for (k = 1; k < 5 && u > step[now, k]; k++)
        u -= step[now, k]
    return k
}

BEGIN {
    OFS = "\t"
    state = 12345 + (seed ? seed : 1)
    subjects = subjects ? subjects : 62
    epochs = epochs ? epochs : 40
    split("W N1 N2 N3 R", stage, " ")
    bands = split("delta theta alpha sigma beta gamma emg eog", band, " ")
    split(".84 .14 .02 0 0  .10 .60 .27 0 .03  .02 .06 .82 .07 .03  .01 .01 .12 .86 0  .04 .03 .04 0 .89", p, " ")
    split("2 1 8 1 5 4 9 6  4 4 5 2 4 3 6 5  6 4 3 6 3 2 4 2  10 3 2 3 2 1 3 2  3 5 4 1 4 3 1 7", mean, " ")
    for (k = 0; k < 25; k++)
        step[int(k / 5) + 1, k % 5 + 1] = p[k + 1]
    printf "epoch\tsubject\tstage"
    for (b = 1; b <= bands; b++)
        printf "\t%s", band[b]
    print ""
    for (s = 1; s <= subjects; s++) {
        for (b = 1; b <= bands; b++) {
            offset[b] = 1.5 * normal()
            noise[b] = normal()
        }
        now = 1
        for (e = 1; e <= epochs; e++) {
            printf "S%02d-%02d\tS%02d\t%s", s, e, s, stage[now]
            for (b = 1; b <= bands; b++) {
                noise[b] = 0.6 * noise[b] + 0.8 * normal()
                printf "\t%.3f", mean[(now - 1) * bands + b] + offset[b] + 1.6 * noise[b]
            }
            print ""
            now = next_stage(now)
        }
    }
}
