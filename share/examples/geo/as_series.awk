# as_series.awk - a table (sample, class, probes) in the form in which GEO gives a series: a series matrix.
BEGIN { FS = "\t" }
{
    for (j = 1; j <= NF; j++)
        cell[NR, j] = $j
}
function row(name, j, before,    i) {
    printf "%s", name
    for (i = 2; i <= NR; i++)
        printf((j > 2 ? "\t%s%s" : "\t\"%s%s\""), before, cell[i, j])
    print ""
}
END {
    print "!Series_title\t\"Molecular classification of cancer\""
    print "!Series_geo_accession\t\"none\""
    print ""
    row("!Sample_title", 1, "patient ")
    row("!Sample_geo_accession", 1, "")
    row("!Sample_characteristics_ch1", 2, "class: ")
    print "!series_matrix_table_begin"
    row("\"ID_REF\"", 1, "")
    for (j = 3; j <= NF; j++)
        row("\"" cell[1, j] "\"", j, "")
    print "!series_matrix_table_end"
}
