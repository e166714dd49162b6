# What compare.py leaves out: DeLong's test by pROC (Debian r-cran-proc), hazard ratios by
# survival::coxph, Holm's correction by p.adjust. Reads what compare.py wrote; writes, in
# tests/data/expected: compare_delong.tsv, compare_holm.tsv, compare_hazard.tsv.
suppressMessages(library(pROC))
library(survival)
read <- function(name) read.table(file.path("tests/data/expected", name), sep = "\t", header = TRUE,
    colClasses = "character", na.strings = NULL, quote = "", check.names = FALSE)
number <- function(x) ifelse(is.na(x) | is.nan(x), "NA", format(x, digits = 15, trim = TRUE))
write <- function(x, name) {
    x[] <- lapply(x, function(c) if (is.numeric(c)) vapply(c, number, "") else c)
    write.table(x, file.path("tests/data/expected", name), sep = "\t", quote = FALSE,
        row.names = FALSE)
}
samples <- read("compare_samples.tsv")
rows <- read("compare_predictions.tsv")
rows$name <- with(rows, paste0(model, ",spec=", spec, ",param=", param, ",size=", size))
names <- unique(rows$name)
y <- as.integer(samples$label == "case")
values <- function(name, repeats) {
    v <- rep(NA_real_, length(y))
    fold <- rep(0, length(y))
    for (i in which(rows$name == name & rows[["repeat"]] == repeats)) {
        x <- suppressWarnings(as.numeric(strsplit(rows$values[i], " ")[[1]]))
        v[!is.na(x)] <- x[!is.na(x)]
        fold[!is.na(x)] <- i
    }
    list(value = v, fold = fold)
}

delong <- NULL
for (against in names) for (name in setdiff(names, against)) {
    a <- roc(y, values(name, 1)$value, levels = 0:1, direction = "<")
    b <- roc(y, values(against, 1)$value, levels = 0:1, direction = "<")
    same <- identical(values(name, 1)$value, values(against, 1)$value)
    test <- if (!same) roc.test(a, b, paired = TRUE, method = "delong")
    # the standard error from the statistic, since the interval is that of the difference
    diff <- as.numeric(auc(a) - auc(b))
    error <- if (same) 0 else abs(diff / test$statistic)
    delong <- rbind(delong, data.frame(against = against, candidate = name, metric = "auc",
        test = "delong", n = length(y), a = as.numeric(auc(a)), b = as.numeric(auc(b)), diff = diff,
        lo = diff - qnorm(0.975) * error, hi = diff + qnorm(0.975) * error,
        p = if (same) 1 else test$p.value))
}
write(delong, "compare_delong.tsv")

# The family of a named reference is the others; of the best, which is not named, all pairs.
tests <- read("compare_tests.tsv")
all <- rbind(tests[c("against", "candidate", "metric", "test", "p")],
    delong[c("against", "candidate", "metric", "test", "p")])
all$p <- as.numeric(all$p)
holm <- do.call(rbind, lapply(split(all, all[c("against", "metric", "test")], drop = TRUE), function(x) {
    pairs <- length(names) * (length(names) - 1) / 2
    cbind(x[c("against", "candidate", "metric", "test")], named = p.adjust(x$p, "holm"),
        best = p.adjust(x$p, "holm", n = pairs))
}))
write(holm, "compare_holm.tsv")

# Called positive against the rest, and the positive class itself, stratified by fold.
hazard <- function(high, fold) {
    fit <- coxph(Surv(as.numeric(samples$time), as.integer(samples$status)) ~ high + strata(fold),
        ties = "efron", control = coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 100))
    exp(unname(coef(fit)))
}
out <- do.call(rbind, lapply(names, function(name) {
    per <- vapply(1:3, function(r) {
        v <- values(name, r)
        truth <- hazard(as.integer(y == 1), v$fold)
        ratio <- hazard(as.integer(v$value > 0), v$fold)
        if (truth < 1) 1 / ratio else ratio
    }, 0)
    data.frame(candidate = name, hr = mean(per))
}))
write(out, "compare_hazard.tsv")
