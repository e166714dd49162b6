# Lasso and elastic net of eae-train by glmnet.
# Usage, from the root of the tree: Rscript tests/expected/train_enet.R tests/data/expected
#
# train_enet.tsv: held-out values of tests/data/train/study.tsv in the form of train_options.py
# (`label options sample split class value`), everything standardised by the training samples.
# train_enet_path.tsv: glmnet's own path on all samples of share/data/golub, for the class and for the
# expression of zyxin: `label options lambda column value`, columns with a weight, in scaled units.
#
# glmnet divides a numeric response by its standard deviation s, and its penalty is in those units:
# lambda alpha |w| + lambda (1 - alpha) / 2 |w|^2 of the response as it is are lambda alpha / s and
# lambda (1 - alpha) of the response divided by s.
suppressMessages(library(glmnet))
out <- commandArgs(TRUE)[1]
single <- function(v) readBin(writeBin(as.numeric(v), raw(), size = 4), "numeric", length(v), size = 4)
deviation <- function(v, w) sqrt(weighted.mean((v - weighted.mean(v, w))^2, w))

# Values of the rows of `test`, a column per class where there are more than two: x and test standardised,
# u and v covariates, w a weight per sample whose sum over `n` is what the loss is divided by.
held_out <- function(family, x, y, test, alpha, lambda, w, n, u = NULL, v = NULL) {
    z <- cbind(x, u)
    factor <- c(rep(1, ncol(x)), rep(0, ncol(z) - ncol(x)))
    scale <- sum(factor) / ncol(z) # glmnet makes the factors sum to the number of columns
    lambda <- lambda * n / sum(w)
    s <- if (family == "gaussian") deviation(y, w) else 1
    l1 <- lambda * alpha / s
    l2 <- lambda * (1 - alpha)
    if (family == "gaussian") y <- y / s
    path <- (l1 + l2) * scale * 1.3^(20:0)
    m <- glmnet(z, y, family = family, weights = w, alpha = l1 / (l1 + l2), lambda = path,
                standardize = FALSE, penalty.factor = factor, thresh = 1e-22, maxit = 1e7)
    if (family == "multinomial") {
        w <- rbind(sapply(m$beta, function(b) as.numeric(b[, length(path)])), m$a0[, length(path)])
        free <- c(factor == 0, TRUE) # the same for all classes changes nothing
        w[free, ] <- w[free, ] - rowMeans(w[free, , drop = FALSE])
        return(cbind(test, v, 1) %*% w)
    }
    w <- as.numeric(m$beta[, length(path)])
    s * (as.numeric(cbind(test, v) %*% w) + m$a0[length(path)])
}

study <- read.delim("tests/data/train/study.tsv")
plan <- read.delim("tests/data/train/study_plan.tsv")
features <- setdiff(names(study), c("sample", "age", "sex", "target", "two", "three"))
study[features] <- lapply(study[features], single)
beside <- cbind(study$age, study$sex == "M")

case <- function(label, options, alpha, lambda, weights = NULL, balanced = FALSE, covariates = FALSE,
                 adjust = FALSE, scaled = TRUE) {
    family <- c(two = "binomial", three = "multinomial", target = "gaussian")[[label]]
    classes <- list(two = c("high", "low"), three = c("a", "b", "c"))[[label]] # low is positive
    do.call(rbind, lapply(1:3, function(split) {
        p <- plan[plan$split == split, ]
        p <- p[match(study$sample, p$sample), ]
        a <- p$role == "train"
        x <- as.matrix(study[features])
        if (adjust) {
            coef <- lm.wfit(cbind(1, beside[a, ]), x[a, ], p$count[a])$coefficients
            x <- x - cbind(1, beside) %*% coef
        }
        for (j in seq_along(features)) {
            x[, j] <- x[, j] - weighted.mean(x[a, j], p$count[a])
            if (scaled) x[, j] <- x[, j] / deviation(x[a, j], p$count[a])
        }
        y <- if (label == "target") study$target[a] else match(study[a, label], classes) - 1
        w <- p$count[a]
        n <- sum(w)
        if (balanced) weights <- n / length(classes) / tapply(w, y, sum)
        if (!is.null(weights)) w <- w * as.numeric(weights)[y + 1]
        u <- if (covariates) beside else NULL
        value <- held_out(family, x[a, ], y, x[!a, ], alpha, lambda, w, n, u[a, ], u[!a, ])
        class <- if (family == "multinomial") rep(classes, each = sum(!a)) else "NA"
        data.frame(label, options, sample = study$sample[!a], split, class,
                   value = formatC(as.numeric(value), digits = 12, width = 1))
    }))
}
table <- rbind(
    case("two", "lasso --lambda 0.05", 1, 0.05),
    case("two", "enet --lambda 0.05", 0.5, 0.05),
    case("two", "enet --alpha 0.2 --lambda 0.02 --class-weight balanced", 0.2, 0.02, balanced = TRUE),
    case("two", "lasso --lambda 0.03 --class-weight 3,0.5", 1, 0.03, weights = c(3, 0.5)),
    case("two", "enet --lambda 0.05 --covariates age,sex", 0.5, 0.05, covariates = TRUE),
    case("two", "lasso --lambda 0.05 --adjust age,sex", 1, 0.05, adjust = TRUE),
    case("three", "lasso --lambda 0.03", 1, 0.03),
    case("three", "lasso --lambda 0.01 --class-weight 3,0.5,1", 1, 0.01, weights = c(3, 0.5, 1)),
    case("three", "enet --lambda 0.02 --class-weight balanced", 0.5, 0.02, balanced = TRUE),
    case("three", "enet --alpha 0.2 --lambda 0.05 --adjust age,sex", 0.2, 0.05, adjust = TRUE),
    case("three", "enet --alpha 0.8 --lambda 0.02 --covariates age,sex", 0.8, 0.02, covariates = TRUE),
    case("target", "lasso --lambda 3", 1, 3),
    case("target", "enet --lambda 2", 0.5, 2),
    case("target", "enet --alpha 0.1 --lambda 0.5 --covariates age,sex", 0.1, 0.5, covariates = TRUE),
    case("target", "lasso --lambda 5 --scale none", 1, 5, scaled = FALSE))
write.table(table, file.path(out, "train_enet.tsv"), sep = "\t", quote = FALSE, row.names = FALSE)

golub <- read.delim(gzfile("share/data/golub/golub.tsv.gz"), check.names = FALSE)
path <- function(label, options, alpha) {
    x <- as.matrix(golub[, setdiff(names(golub), c("sample", "class", label))])
    number <- label != "class"
    y <- if (number) golub[[label]] else golub$class == "AML"
    s <- if (number) deviation(y, rep(1, nrow(x))) else 1
    # the path of the response as it is: alpha of the response divided by s
    l1 <- alpha / s
    l2 <- 1 - alpha
    sd <- apply(x, 2, deviation, rep(1, nrow(x)))
    m <- glmnet(x, y / s, family = if (number) "gaussian" else "binomial", alpha = l1 / (l1 + l2),
                nlambda = 40, thresh = 1e-20, maxit = 1e8)
    do.call(rbind, lapply(c(2, 11, 25), function(k) {
        w <- as.numeric(m$beta[, k])
        intercept <- (m$a0[k] + sum(w * colMeans(x))) * s
        w <- w * sd * s
        used <- which(w != 0)
        data.frame(label, options, lambda = formatC(m$lambda[k] / (l1 + l2), digits = 12, width = 1),
                   column = c("intercept", colnames(x)[used]),
                   value = formatC(c(intercept, w[used]), digits = 12, width = 1))
    }))
}
table <- rbind(path("class", "lasso", 1), path("class", "enet", 0.5), path("X95735_at", "lasso", 1),
               path("X95735_at", "enet --alpha 0.9995", 0.9995))
write.table(table, file.path(out, "train_enet_path.tsv"), sep = "\t", quote = FALSE, row.names = FALSE)
