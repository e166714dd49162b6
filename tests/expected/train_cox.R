# Lasso and elastic net Cox models of eae-train by glmnet, which has Breslow's ties.
# Usage, from the root of the tree: Rscript tests/expected/train_cox.R tests/data/expected
#
# train_cox_times.tsv: made-up times with ties, events and ages for the samples of share/data/golub,
# that depend on some of its probes.
# train_cox_path.tsv: glmnet's path on all samples, and on the training samples of a split that counts
# every fourth of them twice: `options split lambda column value`, columns with a weight, in scaled units.
suppressMessages({library(glmnet); library(survival)})
out <- commandArgs(TRUE)[1]
golub <- read.delim(gzfile("share/data/golub/golub.tsv.gz"), check.names = FALSE)
x <- as.matrix(golub[, -(1:2)])
n <- nrow(x)
set.seed(4)
probe <- scale(asinh(x[, c(1834, 4847, 760, 3252, 6041)] / 100))
risk <- as.numeric(probe %*% c(0.6, 0.5, -0.5, 0.4, -0.3))
age <- round(runif(n, 20, 80))
event <- rexp(n, 0.05 * exp(risk + 0.02 * (age - 50)))
censored <- runif(n, 5, 80)
d <- data.frame(sample = golub$sample, time = ceiling(pmin(event, censored) / 3),
                status = as.integer(event <= censored), age)
write.table(d, file.path(out, "train_cox_times.tsv"), sep = "\t", quote = FALSE, row.names = FALSE)

path <- function(options, split, alpha, covariates = FALSE) {
    # as in tests/cli/train/cox.bats: of split 1 samples 1, 6, 11, ... are held out
    held <- split == 1 & seq_len(n) %% 5 == 1
    count <- ifelse(split == 1 & seq_len(n) %% 4 == 0, 2, 1)[!held]
    z <- x[!held, ]
    t <- d[!held, ]
    mean <- apply(z, 2, weighted.mean, count)
    sd <- sqrt(apply(sweep(z, 2, mean)^2, 2, weighted.mean, count))
    sd[sd == 0] <- 1
    z <- sweep(sweep(z, 2, mean), 2, sd, "/")
    if (covariates) z <- cbind(z, "@age" = (t$age - mean(t$age)) / sqrt(mean((t$age - mean(t$age))^2)))
    factor <- rep(1, ncol(z))
    if (covariates) factor[ncol(z)] <- 0
    fit <- function(...) glmnet(z, Surv(t$time, t$status), family = "cox", weights = count, alpha = alpha,
                                standardize = FALSE, penalty.factor = factor, maxit = 1e6, ...)
    top <- fit(nlambda = 5)$lambda[1]
    m <- fit(lambda = top * 0.01^(0:16 / 39), thresh = 1e-18) # its path of 40, which ends very slowly
    do.call(rbind, lapply(c(2, 9, 17), function(k) {
        w <- as.numeric(m$beta[, k])
        used <- which(w != 0)
        lambda <- m$lambda[k] * ncol(z) / sum(factor)
        data.frame(options, split, lambda = formatC(lambda, digits = 14, width = 1),
                   column = colnames(z)[used], value = formatC(w[used], digits = 12, width = 1))
    }))
}
table <- rbind(path("--alpha 1", 0, 1), path("--alpha 0.5", 0, 0.5), path("--alpha 0.5", 1, 0.5),
               path("--alpha 0.8 --covariates age", 0, 0.8, TRUE))
write.table(table, file.path(out, "train_cox_path.tsv"), sep = "\t", quote = FALSE, row.names = FALSE)
