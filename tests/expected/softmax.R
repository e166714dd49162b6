# Expected coefficients of the tests of the multinomial lasso and elastic net, from glmnet. The data are the
# genes, counts and covariates of enet_data.tsv (enet.R); the classes are three or four equal parts of its
# `value`, in the order of `order` to make them no scale. Nothing is standardised. A class a row: `objective`
# and `lambda` belong to all classes of a case. Penalties are rescaled as in enet.R.
# Usage, from the root of the tree: Rscript tests/expected/softmax.R tests/data/expected
suppressMessages(library(glmnet))
out <- commandArgs(TRUE)[1]
data <- read.delim(file.path(out, "enet_data.tsv"))
x <- as.matrix(data[grep("^g[0-9]", names(data))])
part <- function(k) {
    order <- list(NULL, NULL, c(1, 2, 0), c(2, 0, 3, 1))[[k]]
    order[ceiling(rank(data$value, ties.method = "first") / nrow(data) * k)]
}
classes <- data.frame(three = part(3), four = part(4))
write.table(classes, file.path(out, "softmax_data.tsv"), sep = "\t", quote = FALSE, row.names = FALSE)

fit <- function(label, alpha, counted, covariates) {
    weight <- if (counted) data$count else rep(1, nrow(data))
    z <- if (covariates) cbind(x, as.matrix(data[, c("u1", "u2")])) else x
    factor <- rep(1, ncol(z))
    if (covariates) factor[ncol(x) + 1:2] <- 0
    scale <- sum(factor) / ncol(z)
    y <- classes[[label]]
    arguments <- list(x = z, y = factor(y), family = "multinomial", alpha = alpha, weights = weight,
                      standardize = FALSE, penalty.factor = factor)
    top <- do.call(glmnet, c(arguments, nlambda = 3, thresh = 1e-22, maxit = 1e7))$lambda[1]
    m <- do.call(glmnet, c(arguments, list(lambda = top * 0.85^(1:24), thresh = 1e-22, maxit = 1e7)))
    do.call(rbind, lapply(c(6, 15, 24), function(k) {
        w <- sapply(m$beta, function(b) as.numeric(b[, k]))
        f <- z %*% w + rep(m$a0[, k], each = nrow(z))
        l <- log(rowSums(exp(f))) - f[cbind(seq_along(y), y + 1)]
        lambda <- m$lambda[k] / scale
        v <- w[seq_len(ncol(x)), ]
        rownames(v) <- colnames(x)
        objective <- weighted.mean(l, weight) +
            lambda * (alpha * sum(abs(v)) + (1 - alpha) / 2 * sum(v^2))
        u <- if (covariates) t(w[ncol(x) + 1:2, ]) else matrix(0, ncol(w), 2)
        u <- sweep(u, 2, colMeans(u)) # the same for all classes changes nothing
        b <- m$a0[, k] - mean(m$a0[, k])
        cbind(data.frame(label, alpha, counted = +counted, covariates = +covariates,
                         lambda_max = top / scale, lambda, class = seq_along(b) - 1, objective,
                         intercept = b, u1 = u[, 1], u2 = u[, 2]), t(v), row.names = NULL)
    }))
}
cases <- expand.grid(covariates = c(FALSE, TRUE), counted = c(FALSE, TRUE), alpha = c(1, 0.5, 0.1),
                     label = c("three", "four"), stringsAsFactors = FALSE)
cases <- cases[cases$covariates == cases$counted | cases$alpha == 0.5, ]
table <- do.call(rbind, Map(fit, cases$label, cases$alpha, cases$counted, cases$covariates))
table[] <- lapply(table, function(v) if (is.numeric(v)) formatC(v, digits = 10, width = 1) else v)
write.table(table, file.path(out, "softmax.tsv"), sep = "\t", quote = FALSE, row.names = FALSE)
