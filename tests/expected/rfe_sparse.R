# Recursive feature elimination of sparse models taken literally: one converged fit of glmnet per step.
# Usage, from the root of the tree: Rscript tests/expected/rfe_sparse.R tests/data/expected
#
# The data are those of enet_data.tsv (class, value, 120 genes) and the times of train_cox_times.tsv; samples
# 1, 6, 11, ... are held out, the others standardised (divisor n). At every step the 10% (at least one) of the
# features of the smallest w^2 go, those without a weight first, in the order of |z'r|, r minus the gradient
# of the loss. glmnet has Breslow's ties, and standardises a gaussian y inside, which a lasso does not notice.
# rfe_sparse.tsv: `options size what name value`, what is rank (of a feature; size 0) or held (of a sample), and
# gap, the smallest relative distance of squares at a cut.
suppressMessages({library(glmnet); library(survival)})
out <- commandArgs(TRUE)[1]
d <- read.delim(file.path(out, "enet_data.tsv"))
times <- read.delim(file.path(out, "train_cox_times.tsv"))
x <- as.matrix(d[, grep("^g", names(d))])
held <- seq_len(nrow(x)) %% 5 == 1
n <- sum(!held)
mean <- colMeans(x[!held, ])
sd <- sqrt(colMeans(sweep(x[!held, ], 2, mean)^2))
z <- sweep(sweep(x, 2, mean), 2, sd, "/")

outcome <- list(gaussian = d$value, binomial = as.numeric(d$class > 0),
                cox = Surv(times$time, times$status))

# minus the gradient of the mean loss
residual <- function(family, y, f) {
    if (family == "gaussian") return((y - f) / n)
    if (family == "binomial") return((y - 1 / (1 + exp(-f))) / n)
    time <- y[, 1]
    event <- y[, 2]
    risk <- vapply(time, function(t) sum(exp(f[time >= t])), 0) # of those at risk then
    hazard <- vapply(time, function(t) sum(event[time <= t] / risk[time <= t]), 0)
    (event - exp(f) * hazard) / n
}

fit <- function(family, alpha, lambda, z, y) {
    z <- cbind(z, 0) # at least two columns
    path <- lambda * c(1.3^(8:1), 1)
    m <- glmnet(z, y, family = family, alpha = alpha, lambda = path, standardize = FALSE, thresh = 1e-20,
                maxit = 1e7)
    k <- length(m$lambda)
    stopifnot(k == length(path))
    list(w = as.numeric(m$beta[-ncol(z), k]), b = if (family == "cox") 0 else m$a0[k])
}

eliminate <- function(options, family, alpha, lambda) {
    y <- outcome[[family]]
    learn <- if (family == "cox") y[!held, ] else y[!held]
    left <- seq_len(ncol(z))
    rank <- integer(ncol(z))
    gap <- Inf
    shown <- NULL
    repeat {
        m <- fit(family, alpha, lambda, z[!held, left, drop = FALSE], learn)
        f <- as.numeric(z[, left, drop = FALSE] %*% m$w) + m$b
        shown <- rbind(shown, data.frame(options, size = length(left), what = "held",
                                         name = which(held), value = f[held]))
        pull <- as.numeric(crossprod(z[!held, left, drop = FALSE], residual(family, learn, f[!held])))
        stopifnot(abs(pull[m$w == 0]) <= lambda * alpha * (1 + 1e-9))
        order <- order(m$w^2, ifelse(m$w == 0, pull^2, 0), left)
        size <- ifelse(m$w == 0, pull^2, m$w^2)[order]
        go <- if (length(left) > 1) max(1, floor(0.1 * length(left))) else 1
        rank[left[order[seq_len(go)]]] <- length(left) - seq_len(go) + 1
        if (length(left) == 1) break
        if ((m$w[order[go]] == 0) == (m$w[order[go + 1]] == 0))
            gap <- min(gap, (size[go + 1] - size[go]) / size[go + 1])
        left <- sort(left[order[-seq_len(go)]])
    }
    rbind(shown, data.frame(options, size = 0, what = "rank", name = colnames(x), value = rank),
          data.frame(options, size = 0, what = "gap", name = "", value = gap))
}
table <- rbind(eliminate("lasso --lambda 0.05", "gaussian", 1, 0.05),
               eliminate("lasso --lambda 0.02", "binomial", 1, 0.02),
               eliminate("enet --alpha 0.3 --lambda 0.1", "binomial", 0.3, 0.1),
               eliminate("cox --alpha 1 --ties breslow --lambda 0.03", "cox", 1, 0.03))
table$value <- formatC(table$value, digits = 10, width = 1)
write.table(table, file.path(out, "rfe_sparse.tsv"), sep = "\t", quote = FALSE, row.names = FALSE)
