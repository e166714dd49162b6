# patients.awk - who each sample of GSE51280 is from: what stands before the slash in its title.
BEGIN {
    FS = "\t"
    print "id\tpatient"
}
{ gsub(/"/, "") }
$1 == "!Sample_title" { split($0, title) }
$1 == "!Sample_geo_accession" {
    for (i = 2; i <= NF; i++) {
        sub(/\/.*/, "", title[i])
        print $i "\t" title[i]
    }
}
