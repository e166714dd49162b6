# Data and expected coefficients of the tests of the lasso and the elastic net, from glmnet. The data are
# 120 genes of the leukaemia set of Golub et al. (share/data/golub), asinh(x / 100); `class` is AML
# against ALL, `value` a gene that is not among them; counts and covariates are made up. Nothing is
# standardised but the value, by its (weighted) mean and standard deviation: glmnet does that inside, and
# its ridge part is in these units. Penalties of glmnet are rescaled, because it makes its penalty factors
# sum to the number of columns.
# Usage, from the root of the tree: Rscript tests/expected/enet.R tests/data/expected
suppressMessages(library(glmnet))
out <- commandArgs(TRUE)[1]
golub <- read.delim(gzfile("share/data/golub/golub.tsv.gz"), check.names = FALSE)
set.seed(5)
n <- nrow(golub)
genes <- round(asinh(as.matrix(golub[, 1000 + 1:121]) / 100), 3)
x <- genes[, -1]
colnames(x) <- paste0("g", seq_len(ncol(x)))
data <- data.frame(class = ifelse(golub$class == "AML", 1, -1), value = genes[, 1],
                   count = sample(c(1, 1, 1, 2, 3), n, TRUE), u1 = round(rnorm(n), 2),
                   u2 = rbinom(n, 1, 0.4))
write.table(cbind(data, x), file.path(out, "enet_data.tsv"), sep = "\t", quote = FALSE,
            row.names = FALSE)

fit <- function(loss, alpha, counted, covariates) {
    weight <- if (counted) data$count else rep(1, n)
    z <- if (covariates) cbind(x, as.matrix(data[, c("u1", "u2")])) else x
    factor <- rep(1, ncol(z))
    if (covariates) factor[ncol(x) + 1:2] <- 0
    scale <- sum(factor) / ncol(z)
    value <- data$value - weighted.mean(data$value, weight)
    value <- value / sqrt(weighted.mean(value^2, weight))
    y <- if (loss == "logistic") as.numeric(data$class > 0) else value
    family <- if (loss == "logistic") "binomial" else "gaussian"
    arguments <- list(x = z, y = y, family = family, alpha = alpha, weights = weight,
                      standardize = FALSE, penalty.factor = factor)
    exact <- c(arguments, list(thresh = 1e-22, maxit = 1e7))
    top <- do.call(glmnet, c(exact, nlambda = 3))$lambda[1]
    m <- do.call(glmnet, c(exact, list(lambda = top * 0.85^(1:30))))
    do.call(rbind, lapply(c(6, 15, 27), function(k) {
        w <- as.numeric(m$beta[, k])
        f <- as.numeric(z %*% w) + m$a0[k]
        lambda <- m$lambda[k] / scale
        l <- if (loss == "logistic") log1p(exp(-data$class * f)) else (value - f)^2 / 2
        v <- w[seq_len(ncol(x))]
        objective <- weighted.mean(l, weight) +
            lambda * (alpha * sum(abs(v)) + (1 - alpha) / 2 * sum(v^2))
        u <- if (covariates) w[ncol(x) + 1:2] else c(0, 0)
        cbind(data.frame(loss, alpha, counted = +counted, covariates = +covariates,
                         lambda_max = top / scale, lambda, objective, intercept = m$a0[k],
                         u1 = u[1], u2 = u[2]), t(setNames(v, colnames(x))))
    }))
}
cases <- expand.grid(covariates = c(FALSE, TRUE), counted = c(FALSE, TRUE), alpha = c(1, 0.5, 0.1),
                     loss = c("squared", "logistic"), stringsAsFactors = FALSE)
table <- do.call(rbind, Map(fit, cases$loss, cases$alpha, cases$counted, cases$covariates))
table[] <- lapply(table, function(v) if (is.numeric(v)) formatC(v, digits = 12, width = 1) else v)
write.table(table, file.path(out, "enet.tsv"), sep = "\t", quote = FALSE, row.names = FALSE)
