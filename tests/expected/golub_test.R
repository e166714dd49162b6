# Univariate tests of every 150th probe of Golub et al.: Welch's t by t.test, the moderated t by
# limma over all probes, p-values corrected by p.adjust over all probes.
# Usage: Rscript tests/expected/golub_test.R > tests/data/expected/golub_test.tsv
suppressMessages(library(limma))
d <- read.delim(gzfile("share/data/golub/golub.tsv.gz"), check.names = FALSE)
aml <- d$class == "AML"
x <- as.matrix(d[, -(1:2)])
shown <- seq(1, ncol(x), by = 150)

welch <- apply(x, 2, function(v) {
    if (var(v) == 0)
        return(rep(NA, 4))
    t <- t.test(v[aml], v[!aml])
    c(t$statistic, t$estimate[1] - t$estimate[2], t$parameter, t$p.value)
})
fit <- eBayes(lmFit(t(x), cbind(1, aml)))
limma <- rbind(fit$t[, 2], fit$coefficients[, 2], fit$df.total, fit$p.value[, 2])

cat("stat", "feature", "part", "value", sep = "\t")
cat("\n")
for (stat in c("welch", "limma")) {
    v <- get(stat)
    p <- v[4, ]
    parts <- rbind(statistic = v[1, ], effect = v[2, ], df = v[3, ], p = p,
                   bonferroni = p.adjust(p, "bonferroni"), holm = p.adjust(p, "holm"),
                   bh = p.adjust(p, "BH"), by = p.adjust(p, "BY"), mean = colMeans(x))
    for (j in shown) for (part in rownames(parts))
        cat(stat, colnames(x)[j], part, sprintf("%.12g\n", parts[part, j]), sep = "\t")
}
