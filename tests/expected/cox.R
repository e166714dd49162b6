# Data and expected values of the tests of Cox regression, from survival::coxph. Writes into
# tests/data/expected/:
#   cox_data.tsv     synthetic subjects with ties: time, status, stratum, count, covariates x1 .. x12
#   cox_regress.tsv  case, ties, coefficient, its standard error, z, p; log-likelihoods, score test
#   cox_ridge.tsv    case, ties, lambda, coefficient number, value: penalty n lambda / 2 |w|^2 on
#                    x1 .. x12 (coxph's ridge()), with and without age as unpenalised covariate
#   cox_hr.tsv       hazard ratio of value > cut, stratified or not, and Wald's p; hazard ratio per sd
library(survival)
set.seed(11)
n <- 64
p <- 12
x <- round(matrix(rnorm(n * p), n), 2)
x[, 2] <- rbinom(n, 1, 0.4)
x[, 3] <- 100 + 20 * x[, 3]
age <- round(runif(n, 30, 70))
hazard <- exp(0.6 * x[, 1] - 0.8 * x[, 2] + 0.3 * x[, 4] + 0.02 * (age - 50))
event <- rexp(n, 0.08 * hazard)
censored <- runif(n, 2, 25)
d <- data.frame(time = ceiling(pmin(event, censored) / 2), status = as.integer(event <= censored),
                stratum = rep(1:3, length.out = n), count = rep(c(1, 1, 2, 3), length.out = n),
                x, age = age)
names(d)[5:(4 + p)] <- paste0("x", 1:p)

save <- function(t, file)
    write.table(t, file.path("tests/data/expected", file), sep = "\t", quote = FALSE,
                row.names = FALSE)
digits <- function(v) sprintf("%.15g", v)
save(d, "cox_data.tsv")

control <- coxph.control(eps = 1e-15, toler.chol = 1e-16, iter.max = 200)
repeated <- d[rep(seq_len(n), d$count), ]
cases <- list(
    plain = list(Surv(time, status) ~ x1 + x2 + x3, d),
    one = list(Surv(time, status) ~ x2, d),
    strata = list(Surv(time, status) ~ x1 + x2 + x3 + strata(stratum), d),
    counts = list(Surv(time, status) ~ x1 + x2 + x3, repeated),
    counts_strata = list(Surv(time, status) ~ x1 + x2 + x3 + strata(stratum), repeated))
out <- NULL
for (case in names(cases)) {
    for (ties in c("efron", "breslow")) {
        f <- coxph(cases[[case]][[1]], cases[[case]][[2]], ties = ties, control = control)
        s <- summary(f)$coefficients
        out <- rbind(out, data.frame(case, ties, coef = digits(s[, 1]), se = digits(s[, 3]),
                                     z = digits(s[, 4]),
                                     p = digits(2 * pnorm(-abs(s[, 4]))),
                                     null = digits(f$loglik[1]), loglik = digits(f$loglik[2]),
                                     score = digits(f$score)))
    }
}
save(out, "cox_regress.tsv")

out <- NULL
features <- as.matrix(d[paste0("x", 1:p)])
features[, 3] <- features[, 3] / 20
penalised <- function(ties, lambda, beside) {
    theta <- n * lambda
    formula <- if (beside) Surv(time, status) ~ ridge(features, theta = theta, scale = FALSE) + age
               else Surv(time, status) ~ ridge(features, theta = theta, scale = FALSE)
    coef(coxph(formula, d, ties = ties,
               control = coxph.control(eps = 1e-15, toler.chol = 1e-16, iter.max = 200,
                                       outer.max = 50)))
}
for (ties in c("efron", "breslow")) for (lambda in c(0.01, 1)) for (beside in c(FALSE, TRUE)) {
    w <- penalised(ties, lambda, beside)
    out <- rbind(out, data.frame(case = if (beside) "covariate" else "plain", ties, lambda,
                                 number = seq_along(w), value = digits(w)))
}
save(out, "cox_ridge.tsv")

held <- data.frame(time = d$time, status = d$status, stratum = d$stratum, cut = c(-0.1, 0, 0.2)[d$stratum],
                   value = round(d$x1 / 2 + rnorm(n) / 2, 2))
held$high <- as.integer(held$value > held$cut)
fits <- list(coxph(Surv(time, status) ~ high + strata(stratum), held, control = control),
             coxph(Surv(time, status) ~ high, held, control = control))
for (k in 1:2) {
    held[[c("hr_strata", "hr")[k]]] <- digits(exp(coef(fits[[k]])))
    held[[c("p_strata", "p")[k]]] <- digits(summary(fits[[k]])$coefficients[5])
}
# per training sd: the covariate is the value in units of its stratum's sd, from its cut on
held$sd <- c(0.4, 0.55, 0.7)[d$stratum]
held$unit <- (held$value - held$cut) / held$sd
fits <- list(coxph(Surv(time, status) ~ unit + strata(stratum), held, control = control),
             coxph(Surv(time, status) ~ unit, held, control = control))
held$unit <- NULL
for (k in 1:2)
    held[[c("hr_sd_strata", "hr_sd")[k]]] <- digits(exp(coef(fits[[k]])))
save(held, "cox_hr.tsv")
