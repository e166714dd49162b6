#!/usr/bin/env Rscript
# Expected values of the transforms of eae-view: quantile normalisation by limma, the rest by base R.
# Writes tests/data/expected/transform.tsv: case, sample, feature, x (input), value. limma has arrays
# in columns, so its input is transposed here.
suppressMessages(library(limma))
set.seed(11)
rows <- list()
add <- function(case, x, value) {
    rows[[length(rows) + 1]] <<- data.frame(
        case = case, sample = as.vector(row(x)), feature = as.vector(col(x)),
        x = sprintf("%.17g", as.vector(x)), value = sprintf("%.17g", as.vector(value)))
}
x <- matrix(round(rnorm(6 * 40, 8, 2), 3), 6)   # few ties
ties <- matrix(sample(0:9, 6 * 40, TRUE), 6)    # many
gaps <- x
gaps[sample(length(x), 40)] <- NA
gaps[3, ] <- NA
gaps[3, c(4, 9)] <- c(1, 2)                     # a sample with two values
both <- ties
both[sample(length(x), 30)] <- NA
for (case in c("x", "ties", "gaps", "both"))
    add(paste0("quantile-", case), get(case), t(normalizeQuantiles(t(get(case)))))
counts <- matrix(rpois(5 * 12, 30), 5)
add("cpm", counts, counts / rowSums(counts) * 1e6)
add("log2-strict", x, log2(x))
add("log2-floor", ties, log2(pmax(ties, 2)))
add("log2-offset", ties, log2(ties + 0.5))
part <- gaps[-3, ]
fill <- function(m, f) apply(m, 2, function(v) ifelse(is.na(v), f(v, na.rm = TRUE), v))
add("mean", part, fill(part, mean))
add("median", part, fill(part, median))
all <- do.call(rbind, rows)
all[all == "NaN"] <- "NA"
write.table(all, "tests/data/expected/transform.tsv", sep = "\t", quote = FALSE, row.names = FALSE)
