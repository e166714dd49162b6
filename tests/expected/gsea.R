# Expected values of the enrichment of gene sets in a ranking: fgsea (Korotkevich, Sukhov and Sergushichev;
# Bioconductor), fgseaMultilevel. p is the geometric mean over runs with different seeds, since a single run
# knows p to a factor only; sd is the standard deviation of log2 p in one run.
#
# Writes tests/data/expected/gsea_statistic.tsv (gene, statistic: whole numbers, which fgsea leaves as they
# are) and gsea.tsv (members, size, es, nes, log2p, sd).
library(fgsea)
set.seed(29)
n <- 3000
runs <- 24
statistic <- round(1000 * rnorm(n))
statistic <- sample(statistic)
names(statistic) <- seq_len(n)
draw <- function(k, pull) sample(n, k, prob = exp(pull * statistic / 1000))
sets <- list()
for (k in c(5, 12, 12, 25, 60, 150)) {
    for (pull in c(-1.1, -0.6, 0, 0.5, 0.9)) {
        sets[[length(sets) + 1]] <- as.character(draw(k, if (k > 100) pull / 2 else pull))
    }
}
names(sets) <- sprintf("s%02d", seq_along(sets))
one <- function(seed) {
    set.seed(seed)
    x <- fgseaMultilevel(sets, statistic, eps = 0, nPermSimple = 4000, BPPARAM = BiocParallel::SerialParam())
    x[order(x$pathway), ]
}
all <- lapply(seq_len(runs), one)
p <- sapply(all, function(x) log2(x$pval))
nes <- sapply(all, function(x) x$NES)
write.table(data.frame(gene = seq_len(n), statistic = statistic), "tests/data/expected/gsea_statistic.tsv",
            sep = "\t", quote = FALSE, row.names = FALSE)
out <- data.frame(members = sapply(sets, paste, collapse = " "), size = lengths(sets),
                  es = format(all[[1]]$ES, digits = 15, trim = TRUE), nes = signif(rowMeans(nes), 6),
                  log2p = signif(rowMeans(p), 6), sd = signif(apply(p, 1, sd), 3))
write.table(out, "tests/data/expected/gsea.tsv", sep = "\t", quote = FALSE, row.names = FALSE)
