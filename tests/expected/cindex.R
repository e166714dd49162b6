# Expected values of cindex: survival::concordance, whose rules for ties are the ones we state.
# Writes tests/data/expected/cindex.tsv: case, time, status, value, concordance of the case.
library(survival)
set.seed(7)
n <- 60
time <- round(rexp(n, 0.1), 2) + 0.01
risk <- round(rnorm(n) - log(time) / 2, 3)
status <- rbinom(n, 1, 0.6)
cases <- list(
    plain = data.frame(time = time, status = status, value = risk),
    tied_time = data.frame(time = ceiling(time / 3), status = status, value = risk),
    tied_value = data.frame(time = time, status = status, value = round(risk)),
    tied_both = data.frame(time = ceiling(time / 5), status = status, value = round(risk)),
    events = data.frame(time = ceiling(time), status = 1, value = risk),
    two = data.frame(time = c(1, 1), status = c(1, 0), value = c(2, 1)),
    none = data.frame(time = c(1, 2, 3), status = 0, value = c(3, 2, 1))
)
out <- do.call(rbind, lapply(names(cases), function(name) {
    d <- cases[[name]]
    c <- concordance(Surv(time, status) ~ value, d, reverse = TRUE)$concordance
    cbind(case = name, d, cindex = if (is.null(c)) NA else c)
}))
out$cindex <- ifelse(is.nan(out$cindex), NA, out$cindex)
out$cindex <- format(out$cindex, digits = 15, trim = TRUE)
write.table(out, "tests/data/expected/cindex.tsv", sep = "\t", quote = FALSE, row.names = FALSE)
