# layers.awk - read dependency files; say which file includes a header that is above it.
# base <- matrix, kernels <- model <- eval <- plot <- tools, base <- exec, cache <- tools; ref and cpu are rooms of kernels.
BEGIN {
    may["base"] = "base"
    may["matrix"] = "base matrix"
    may["kernels"] = "base kernels"
    may["model"] = "base matrix kernels model"
    may["eval"] = "base matrix kernels model eval"
    may["plot"] = "base matrix kernels model eval exec plot"
    may["exec"] = "base exec"
    may["cache"] = "base cache"
    may["tools"] = "base matrix kernels model eval plot exec cache"
    n = split("cblas.h lapacke.h omp.h", private, " ")
    c = split("cuda.h cuda_runtime.h cuda_runtime_api.h cublas_v2.h driver_types.h", device, " ")
}
function layer(path,    part) {
    if (path ~ /^tools\//)
        return "tools"
    split(path, part, "/")
    return path ~ /^lib\// ? part[2] : ""
}
{
    gsub(/\\/, " ")
    for (i = 1; i <= NF; i++) {
        word = $i
        if (word ~ /:$/) {
            if (word ~ /\.o:$/)
                source = ""
            else
                break # the empty rules of -MP
            continue
        }
        if (source == "") {
            source = word
            continue
        }
        from = layer(source)
        to = layer(word)
        if (to != "" && index(" " may[from] " ", " " to " ") == 0) {
            print source " includes " word
            bad = 1
        }
        for (k = 1; k <= n; k++)
            if (word ~ "/" private[k] "$" && source !~ /^lib\/kernels\/cpu\//) {
                print source " includes " word
                bad = 1
            }
        for (k = 1; k <= c; k++)
            if (word ~ "/" device[k] "$" && word !~ /^lib\// && source !~ /^lib\/kernels\/cuda\//) {
                print source " includes " word
                bad = 1
            }
        if (word ~ /^lib\/kernels\/(ref|cpu|cuda)\//) {
            split(word, to_room, "/")
            split(source, from_room, "/")
            if (source !~ /^lib\/kernels\/choose.c$/ && from_room[3] != to_room[3]) {
                print source " includes " word ", of another room"
                bad = 1
            }
        }
        checked++
    }
}
END {
    if (checked < 100) {
        print "only " checked " dependencies seen: is anything built?"
        bad = 1
    }
    exit bad
}
