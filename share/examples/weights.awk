# weights.awk - the weights of a final model, a line a feature: eae-view --kind model -O tsv | awk -f weights.awk
#
# Weights are those of features in units of their standard deviation; features without one are left out.
BEGIN { FS = OFS = "\t" }
NR == 1 {
    for (j = 1; j <= NF; j++) {
        name[j] = $j
        if ($j ~ /^@/) at[$j] = j
    }
    next
}
$at["@split"] == 0 && $at["@part"] == "weights" {
    for (j = 1; j <= NF; j++)
        if (name[j] !~ /^@/ && name[j] != "id" && $j != "NA" && $j != 0)
            print name[j], $j
}
