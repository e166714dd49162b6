# Expected values of over-representation, from R's phyper and p.adjust, by sets of R's own:
#   hypergeometric.tsv   P(X >= overlap), down to 1e-300
#   enrich.tsv           each list of tests/data/enrich in each file of sets, in each universe
# The odds ratio's interval is Woolf's with a half added to each cell, written out.
# Usage: Rscript tests/expected/enrich.R
options(digits = 17)
data <- "tests/data/enrich/"
out <- "tests/data/expected/"

tails <- NULL
for (universe in c(50, 1000, 12000, 20000, 100000))
    for (set in c(1, 10, 37, 200, 500, 5000))
        for (list in c(1, 25, 100, 499, 2000)) {
            if (set > universe || list > universe) next
            all <- max(0, set + list - universe):min(set, list)
            p <- phyper(all - 1, set, universe - set, list, lower.tail = FALSE)
            for (goal in c(1, 0.9, 0.3, 1e-2, 1e-6, 1e-20, 1e-75, 1e-150, 1e-250, 1e-290)) {
                fit <- which(p >= 1e-300 & p <= goal)
                if (length(fit)) tails <- rbind(tails, c(universe, set, list, all[fit[1]], p[fit[1]]))
            }
        }
tails <- unique(tails)
colnames(tails) <- c("universe", "set", "list", "overlap", "p")
write.table(format(tails, digits = 17, trim = TRUE, scientific = TRUE), paste0(out, "hypergeometric.tsv"),
            sep = "\t", quote = FALSE, row.names = FALSE)

read_gmt <- function(name) {
    fields <- strsplit(readLines(paste0(data, name)), "\t")
    sets <- lapply(fields, function(x) unique(x[-(1:2)]))
    names(sets) <- sapply(fields, `[`, 1)
    sets
}
lists <- read_gmt("lists.gmt")
named <- grep("^#", readLines(paste0(data, "universe.txt")), invert = TRUE, value = TRUE)
result <- NULL
for (file in c("sets_a.gmt", "sets_b.gmt")) {
    sets <- read_gmt(file)
    for (which in c("sets", "universe.txt")) {
        universe <- if (which == "sets") unique(unlist(sets)) else named
        inside <- lapply(sets, intersect, universe)
        inside <- inside[lengths(inside) >= 10 & lengths(inside) <= 500]
        n <- length(universe)
        for (name in names(lists)) {
            list <- intersect(lists[[name]], universe)
            size <- lengths(inside)
            overlap <- sapply(inside, function(s) length(intersect(s, list)))
            k <- length(list)
            p <- phyper(overlap - 1, size, n - size, k, lower.tail = FALSE)
            a <- overlap; b <- k - overlap; c <- size - overlap; d <- n - size - k + overlap
            centre <- log((a + 0.5) * (d + 0.5) / ((b + 0.5) * (c + 0.5)))
            half <- qnorm(0.975) * sqrt(1 / (a + 0.5) + 1 / (b + 0.5) + 1 / (c + 0.5) + 1 / (d + 0.5))
            result <- rbind(result, data.frame(
                universe = which, list = name, set = names(inside), set_size = size, overlap = overlap,
                expected = k * size / n, odds_ratio = a * d / (b * c), p = p,
                bonferroni = p.adjust(p, "bonferroni"), holm = p.adjust(p, "holm"), bh = p.adjust(p, "BH"),
                by = p.adjust(p, "BY"),
                genes = sapply(inside, function(s) paste(sort(intersect(s, list), method = "radix"), collapse = ",")),
                odds_lo = exp(centre - half), odds_hi = exp(centre + half), list_size = k, universe_size = n, family = file))
        }
    }
}
for (column in names(result)) if (is.numeric(result[[column]]))
    result[[column]] <- ifelse(is.nan(result[[column]]), "NA", formatC(result[[column]], digits = 17, format = "g", width = 1))
write.table(result, paste0(out, "enrich.tsv"), sep = "\t", quote = FALSE, row.names = FALSE)
