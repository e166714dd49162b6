# Data and expected values of the univariate tests, from R: t.test, limma, aov, cor, coxph, mad, var,
# p.adjust. Features are in three sets: het (variances differ much), hom (they do not: limma's prior
# degrees of freedom are infinite) and mis (missing values, ties, a constant feature, one that is
# constant within classes). Case `once` takes every row once, `counts` repeats each row as often as
# the column `count` says.
# Usage: Rscript tests/expected/univariate.R tests/data/expected
suppressMessages({ library(limma); library(survival) })
out <- commandArgs(TRUE)[1]
set.seed(11)
n <- 18
samples <- data.frame(
    class2 = rep(0:1, c(8, 10)), class3 = rep(c(0, 1, 2), c(7, 5, 6)),
    value = round(rnorm(n), 2), time = sample(1:9, n, TRUE), status = rbinom(n, 1, 0.7),
    count = c(2, 0, 1, 1, 3, 1, 0, 2, 1, 1, 0, 4, 1, 1, 2, 0, 1, 1))
het <- t(replicate(12, rnorm(n, 7, sqrt(1 / rgamma(1, 2, 2)))))
hom <- t(replicate(10, scale(rnorm(n))[sample(n)] + 1000))
mis <- t(replicate(14, rnorm(n, 5, sqrt(1 / rgamma(1, 3, 2)))))
het[3, ] <- het[3, ] + samples$class2 * 4
het[4, ] <- samples$value + het[4, ] / 50
mis[2, ] <- round(mis[2, ])
mis[5, ] <- round(mis[5, ] * 2) / 2
mis[6, ] <- 4.25
mis[7, ] <- ifelse(samples$class2 == 1, 2.5, 1.5)
for (k in c(3, 5, 8:14))
    mis[k, sample(n, 1 + k %/% 3)] <- NA
mis[8, samples$class3 == 1] <- NA
x <- round(rbind(het, hom, mis), 3)
rownames(x) <- c(paste0("het", 1:12), paste0("hom", 1:10), paste0("mis", 1:14))
set_of <- sub("[0-9]+$", "", rownames(x))

number <- function(v) ifelse(is.na(v), "NA", sprintf("%.17g", v))
data <- cbind(samples, as.data.frame(t(x)))
write.table(as.data.frame(lapply(data, number)), file.path(out, "univariate_data.tsv"), sep = "\t",
            quote = FALSE, row.names = FALSE)

rows <- list()
put <- function(case, test, feature, statistic, effect, df, df2, p, mean)
    rows[[length(rows) + 1]] <<- c(case, test, feature, number(statistic), number(effect), number(df),
                                   number(df2), number(p), number(mean))
within <- function(v, g) sum((v - ave(v, g))^2)

simple <- function(case, s, x) {
    for (f in rownames(x)) {
        v <- x[f, ]; ok <- !is.na(v); v <- v[ok]; m <- mean(v)
        if (length(unique(v)) == 1) {
            for (test in c("welch", "anova2", "anova3", "pearson", "spearman", "cox"))
                put(case, test, f, NA, NA, NA, NA, NA, m)
            put(case, "variance", f, 0, NA, NA, NA, NA, NA)
            put(case, "mad", f, 0, NA, NA, NA, NA, NA)
            next
        }
        a <- v[s$class2[ok] == 0]; b <- v[s$class2[ok] == 1]
        if (var(a) + var(b) > 0) {
            w <- t.test(b, a)
            put(case, "welch", f, w$statistic, mean(b) - mean(a), w$parameter, 0, w$p.value, m)
            for (k in 2:3) {
                g <- s[[paste0("class", k)]][ok]
                t <- anova(lm(v ~ factor(g)))
                put(case, paste0("anova", k), f, t$F[1], if (k == 2) mean(b) - mean(a) else NA,
                    t$Df[1], t$Df[2], t$P[1], m)
            }
        }
        c <- cor.test(v, s$value[ok])
        put(case, "pearson", f, c$statistic, c$estimate, c$parameter, 0, c$p.value, m)
        rho <- cor(v, s$value[ok], method = "spearman"); df <- length(v) - 2
        t <- rho * sqrt(df / (1 - rho^2))
        put(case, "spearman", f, t, rho, df, 0, 2 * pt(-abs(t), df), m)
        h <- coxph(Surv(s$time[ok], s$status[ok]) ~ v, ties = "efron",
                   control = coxph.control(eps = 1e-14, iter.max = 100))
        z <- coef(h) / sqrt(vcov(h)[1, 1])
        put(case, "cox", f, z, coef(h), 0, 0, 2 * pnorm(-abs(z)), m)
        put(case, "variance", f, var(v), NA, NA, NA, NA, NA)
        put(case, "mad", f, mad(v, constant = 1), NA, NA, NA, NA, NA)
    }
}

limma_two <- function(case, s, x) {
    fit <- suppressWarnings(eBayes(lmFit(x, cbind(1, s$class2))))
    cat(case, "limma, two classes: prior df", fit$df.prior, "\n")
    for (f in rownames(x))
        put(case, "limma2", f, fit$t[f, 2], fit$coefficients[f, 2],
            if (is.na(fit$t[f, 2])) NA else fit$df.total[match(f, rownames(x))], 0, fit$p.value[f, 2],
            mean(x[f, ], na.rm = TRUE))
}

# Complete data: limma itself. With missing values limma takes the correlation of the contrasts from
# the complete design, which is an approximation; so F is then made from each feature's own linear
# model and limma's squeezeVar().
limma_three <- function(case, s, x) {
    design <- model.matrix(~ factor(s$class3))
    if (!anyNA(x)) {
        fit <- eBayes(lmFit(x, design))
        t <- topTable(fit, coef = 2:3, number = Inf, sort.by = "none")
        df2 <- fit$df.prior + fit$df.residual
        for (k in seq_len(nrow(x)))
            put(case, "limma3", rownames(x)[k], t$F[k], NA, 2, df2[k], t$P.Value[k], mean(x[k, ]))
        return(invisible())
    }
    each <- lapply(rownames(x), function(f) {
        ok <- !is.na(x[f, ]); v <- x[f, ok]; g <- s$class3[ok]; groups <- length(unique(g))
        list(df = length(v) - groups, var = within(v, g) / (length(v) - groups),
             between = if (groups == 3) sum((ave(v, g) - mean(v))^2) else NA, mean = mean(v))
    })
    df <- sapply(each, `[[`, "df"); var <- sapply(each, `[[`, "var")
    sq <- suppressWarnings(squeezeVar(var, df))
    F <- sapply(each, `[[`, "between") / 2 / sq$var.post
    df2 <- df + sq$df.prior
    for (k in seq_len(nrow(x)))
        put(case, "limma3", rownames(x)[k], F[k], NA, if (is.na(F[k])) NA else 2, df2[k],
            pf(F[k], 2, df2[k], lower.tail = FALSE), each[[k]]$mean)
}

twice <- rep(seq_len(n), samples$count)
for (case in c("once", "counts")) {
    take <- if (case == "once") seq_len(n) else twice
    simple(case, samples[take, ], x[, take])
    for (set in unique(set_of)) {
        limma_two(case, samples[take, ], x[set_of == set, take])
        limma_three(case, samples[take, ], x[set_of == set, take])
    }
}
table <- do.call(rbind, rows)
colnames(table) <- c("case", "test", "feature", "statistic", "effect", "df", "df2", "p", "mean")
write.table(table, file.path(out, "univariate.tsv"), sep = "\t", quote = FALSE, row.names = FALSE)

p <- c(0.01, 0.02, 0.03, 0.8, NA, 0.02, 1e-20, 0.5, 1, 0.04, 0.04, NA, 3e-5)
adjusted <- sapply(c("bonferroni", "holm", "BH", "BY"), function(m) p.adjust(p, m))
colnames(adjusted) <- c("bonferroni", "holm", "bh", "by")
write.table(apply(cbind(p, adjusted), 2, number), file.path(out, "adjust.tsv"), sep = "\t",
            quote = FALSE, row.names = FALSE)
