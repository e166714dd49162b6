# Survival through the whole pipe (eae-view, -split, -train, -score) by R's survival package.
# Usage, from the root of the tree: Rscript tests/expected/cox_pipe.R tests/data/expected
#
# Folds 1 .. 4: sample i is held out in fold 1 + (i - 1) %% 4. Everything is learned in the training
# samples: medians for missing values, features chosen by Wald's |z|, mean and sd (divisor n), and the
# ridge-penalised Cox model, (1/n) -log partial likelihood + lambda/2 |w|^2.
#
# cox_pipe_values.tsv  case, sample, fold, linear predictor (from the training mean), and the median
#                      and sd of those of the training samples of the fold
# cox_pipe_scores.tsv  case, split (a fold, or "pooled": stratified by fold), metric, value
# cox_pipe_test.tsv    each gene of nki70 alone: coefficient, z, p
suppressMessages(library(survival))
out <- commandArgs(TRUE)[1]
digits <- function(v) sprintf("%.15g", v)
save <- function(t, file)
    write.table(t, file.path(out, file), sep = "\t", quote = FALSE, row.names = FALSE)
control <- coxph.control(eps = 1e-15, toler.chol = 1e-16, iter.max = 200, outer.max = 50)

# The same pieces of a fold as eae-train has, by the formulas of statistics alone.
fill <- function(x, rows) apply(x, 2, function(v) ifelse(is.na(v), median(v[rows], na.rm = TRUE), v))
wald <- function(v, time, status) {
    # with an eps this small coxph takes any last step for a coefficient that runs away
    s <- suppressWarnings(summary(coxph(Surv(time, status) ~ v, control = control)))$coefficients
    c(coef = s[1], z = s[4], p = s[5])
}
# coxph's own ridge penalty is theta/2 |w|^2 beside the whole log partial likelihood: theta = n lambda.
fit <- function(z, time, status, lambda, ties) {
    theta <- length(time) * lambda
    coef(coxph(Surv(time, status) ~ ridge(z, theta = theta, scale = FALSE), ties = ties, control = control))
}

run <- function(case, x, time, status, lambda, ties = "efron", keep = ncol(x)) {
    fold <- 1 + (seq_along(time) - 1) %% 4
    values <- scores <- NULL
    lp <- cut <- sd <- numeric(length(time))
    for (k in 1:4) {
        train <- fold != k
        filled <- fill(x, train)
        strength <- abs(apply(filled[train, ], 2, function(v) wald(v, time[train], status[train])["z"]))
        used <- sort(order(-strength)[seq_len(keep)])
        z <- filled[, used]
        mean <- colMeans(z[train, ])
        scale <- sqrt(colMeans(sweep(z[train, ], 2, mean)^2))
        z <- sweep(sweep(z, 2, mean), 2, scale, "/")
        w <- fit(z[train, ], time[train], status[train], lambda, ties)
        eta <- as.numeric(z %*% w)
        lp[!train] <- eta[!train]
        cut[!train] <- median(eta[train])
        sd[!train] <- sqrt(mean((eta[train] - mean(eta[train]))^2))
    }
    high <- as.integer(lp > cut)
    unit <- (lp - cut) / sd
    score <- function(rows, split) {
        d <- data.frame(time, status, high, unit, fold)[rows, ]
        ratio <- function(covariate) {
            m <- suppressWarnings(coxph(as.formula(paste("Surv(time, status) ~", covariate,
                                                         "+ strata(fold)")), d, control = control))
            # no maximum: the coefficient grows until the iterations end
            if (abs(coef(m)) > 10) c(NA, NA) else c(exp(coef(m)), summary(m)$coefficients[5])
        }
        hr <- ratio("high")
        r <- c(hr = hr[1], "hr-sd" = ratio("unit")[1],
               cindex = concordance(Surv(time[rows], status[rows]) ~ lp[rows], reverse = TRUE)$concordance)
        if (split == "1") r <- c(r, "hr-p" = hr[2])
        data.frame(case, split, metric = sub("\\..*", "", names(r)),
                   value = ifelse(is.na(r), "NA", digits(r)))
    }
    for (k in 1:4) scores <- rbind(scores, score(fold == k, as.character(k)))
    scores <- rbind(scores, score(rep(TRUE, length(time)), "pooled"))
    list(values = data.frame(case, sample = rownames(x), fold, value = digits(lp), cut = digits(cut),
                             sd = digits(sd)), scores = scores)
}

lung <- read.delim("share/data/lung/lung.tsv", row.names = 1, check.names = FALSE)
nki <- read.delim("share/data/nki70/nki70.tsv", row.names = 1, check.names = FALSE)
genes <- as.matrix(nki[, -(1:7)])
# a matrix of eAE is of 32-bit numbers
genes[] <- readBin(writeBin(as.numeric(genes), raw(), size = 4), "numeric", length(genes), size = 4)
clinical <- as.matrix(lung[, c("age", "sex", "ph.ecog", "ph.karno", "pat.karno", "meal.cal", "wt.loss")])
cases <- list(run("lung-efron", clinical, lung$time, lung$status, 0.01),
              run("lung-breslow", clinical, lung$time, lung$status, 0.01, "breslow"),
              run("nki70", genes, nki$time, nki$status, 0.1),
              run("nki70-filter", genes, nki$time, nki$status, 0.05, keep = 20))
save(do.call(rbind, lapply(cases, `[[`, "values")), "cox_pipe_values.tsv")
save(do.call(rbind, lapply(cases, `[[`, "scores")), "cox_pipe_scores.tsv")
each <- t(apply(genes, 2, wald, nki$time, nki$status))
save(data.frame(feature = colnames(genes), apply(each, 2, digits)), "cox_pipe_test.tsv")
