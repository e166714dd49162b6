# Expected principal components and clusters: prcomp (by the singular value decomposition) and hclust
# (average linkage). Writes tests/data/expected/principal_data.tsv (values of 12 samples, 30 features),
# principal.tsv (scale, sample, pc1, pc2, share1, share2) and cluster.tsv (k, sample, cluster).
set.seed(5)
n <- 12
p <- 30
x <- round(matrix(rnorm(n * p), n) + outer(rep(c(0, 2), each = n / 2), c(rep(1, 8), rep(0, p - 8))), 3)
x[, p] <- 1.5 # constant
save <- function(x, name) {
    write.table(x, file.path("tests/data/expected", name), sep = "\t", quote = FALSE, row.names = FALSE)
}
population <- function(x) { # as eAE scales: by the population sd, constant features by 1
    s <- apply(x, 2, function(v) sqrt(mean((v - mean(v))^2)))
    sweep(x, 2, ifelse(s > 0, s, 1), "/")
}
out <- do.call(rbind, lapply(0:1, function(scaled) {
    fit <- prcomp(if (scaled) population(x) else x, center = TRUE)
    score <- fit$x[, 1:2]
    for (k in 1:2) if (score[which.max(abs(score[, k])), k] < 0) score[, k] <- -score[, k]
    share <- fit$sdev^2 / sum(fit$sdev^2)
    data.frame(scale = scaled, sample = 1:n, pc1 = score[, 1], pc2 = score[, 2], share1 = share[1], share2 = share[2])
}))
for (column in names(out)[3:6]) out[[column]] <- format(out[[column]], digits = 15, trim = TRUE)
tree <- hclust(dist(x), "average")
cluster <- do.call(rbind, lapply(2:6, function(k) data.frame(k = k, sample = 1:n, cluster = cutree(tree, k))))
save(as.data.frame(x), "principal_data.tsv")
save(out, "principal.tsv")
save(cluster, "cluster.tsv")
