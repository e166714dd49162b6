# Expected Kaplan-Meier curves and log-rank tests: survival::survfit and survdiff.
# Writes tests/data/expected/survival_data.tsv (case, time, status, group, stratum),
# survival_curve.tsv (case, group, time, risk, events, censored, survival, low, high) and
# survival_test.tsv (case, stratified, chisq, p).
library(survival)
set.seed(11)
n <- 70
time <- round(rexp(n, 0.1), 2) + 0.01
status <- rbinom(n, 1, 0.6)
two <- rep(0:1, length.out = n)
stratum <- rep(1:3, length.out = n)[order(rnorm(n))]
cases <- list(
    plain = data.frame(time = time, status = status, group = two, stratum = stratum),
    tied = data.frame(time = ceiling(time / 4), status = status, group = two, stratum = stratum),
    three = data.frame(time = ceiling(time / 2), status = status, group = rep(0:2, length.out = n),
                       stratum = stratum),
    apart = data.frame(time = ifelse(two == 1, time, time + 5), status = 1, group = two, stratum = stratum),
    ends = data.frame(time = c(1, 2, 3, 4, 5, 6), status = c(1, 1, 1, 1, 0, 1), group = c(0, 1, 0, 1, 0, 1),
                      stratum = 1)
)
curve <- do.call(rbind, lapply(names(cases), function(name) {
    d <- cases[[name]]
    do.call(rbind, lapply(sort(unique(d$group)), function(g) {
        # timefix off: our times are compared as they are
        s <- summary(survfit(Surv(time, status) ~ 1, d[d$group == g, ], timefix = FALSE), censored = TRUE)
        data.frame(case = name, group = g, time = s$time, risk = s$n.risk, events = s$n.event,
                   censored = s$n.censor, survival = s$surv, low = s$lower, high = s$upper)
    }))
}))
test <- do.call(rbind, lapply(names(cases), function(name) {
    d <- cases[[name]]
    do.call(rbind, lapply(0:1, function(stratified) {
        f <- if (stratified) Surv(time, status) ~ group + strata(stratum) else Surv(time, status) ~ group
        s <- survdiff(f, d)
        df <- length(unique(d$group)) - 1
        data.frame(case = name, stratified = stratified, chisq = s$chisq,
                   p = pchisq(s$chisq, df, lower.tail = FALSE))
    }))
}))
data <- do.call(rbind, lapply(names(cases), function(name) cbind(case = name, cases[[name]])))
for (column in c("survival", "low", "high")) {
    x <- curve[[column]]
    # nobody is left: no interval
    x[curve$survival == 0 & column != "survival"] <- NA
    curve[[column]] <- ifelse(is.na(x), "NA", format(x, digits = 15, trim = TRUE))
}
for (column in c("chisq", "p")) test[[column]] <- format(test[[column]], digits = 15, trim = TRUE)
save <- function(x, name) {
    write.table(x, file.path("tests/data/expected", name), sep = "\t", quote = FALSE, row.names = FALSE)
}
save(data, "survival_data.tsv")
save(curve, "survival_curve.tsv")
save(test, "survival_test.tsv")
