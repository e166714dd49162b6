# lengths.awk - the longest function and file; status 1 beyond 100 lines a function, 800 a file.
FNR == 1 { begin = 0 }
/^{/ { begin = FNR }
/^}/ && begin {
    if (FNR - begin > function_lines) {
        function_lines = FNR - begin
        function_place = FILENAME ":" begin
    }
    if (FNR - begin > 100) {
        print FILENAME ":" begin ": a function of " FNR - begin " lines"
        bad = 1
    }
    begin = 0
}
{ lines[FILENAME] = FNR }
END {
    for (f in lines) {
        if (lines[f] > file_lines) {
            file_lines = lines[f]
            file = f
        }
        if (lines[f] > 800) {
            print f ": " lines[f] " lines"
            bad = 1
        }
    }
    print "     longest function: " function_lines " lines, " function_place
    print "     longest file: " file_lines " lines, " file
    exit bad
}
