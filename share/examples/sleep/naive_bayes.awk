# naive_bayes.awk - an external trainer in awk: independent normal features in every class.
#
#     eae-train 'exec:awk -f naive_bayes.awk' --exec-format tsv
#
# EAE_TRAIN and EAE_TEST name tables with a row a sample: id, annotations as @name, then the features.
# What is written is a table with a column a class: its log-likelihood with its frequency, which is its
# log-odds up to a number that all classes of a sample have in common.

# "@label" may name an order of classes: "@label=POS/NEG"
function find_columns(    j) {
    split("", feature)
    label = features = 0
    for (j = 2; j <= NF; j++) {
        if ($j ~ /^@label/)
            label = j
        else if ($j !~ /^@/)
            feature[++features] = j
    }
}

BEGIN {
    FS = OFS = "\t"
    while ((getline <ENVIRON["EAE_TRAIN"]) > 0) {
        if (!rows++) {
            find_columns()
            continue
        }
        c = $label
        if (!n[c]++)
            name[++classes] = c
        for (j = 1; j <= features; j++) {
            x = $feature[j]
            sum[c, j] += x
            square[c, j] += x * x
        }
    }
    for (k = 1; k <= classes; k++) {
        c = name[k]
        for (j = 1; j <= features; j++) {
            mean[c, j] = sum[c, j] / n[c]
            variance[c, j] = square[c, j] / n[c] - mean[c, j] ^ 2 + 0.01
        }
    }
    header = "id"
    for (k = 1; k <= classes; k++)
        header = header OFS name[k]
    print header
    rows = 0
    while ((getline <ENVIRON["EAE_TEST"]) > 0) {
        if (!rows++) {
            find_columns()
            continue
        }
        line = $1
        for (k = 1; k <= classes; k++) {
            c = name[k]
            log_odds = log(n[c])
            for (j = 1; j <= features; j++)
                log_odds -= (log(variance[c, j]) + ($feature[j] - mean[c, j]) ^ 2 / variance[c, j]) / 2
            line = line OFS sprintf("%.9g", log_odds)
        }
        print line
    }
}
