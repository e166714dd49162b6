#!/usr/bin/env Rscript
# A trainer for `eae-train exec:CMD` in R: ridge regression of a number, or of two classes as -1 and 1.
#
#   eae-split --kfold 5 trait.eae |
#       eae-train 'exec:Rscript share/examples/exec/ridge.R' --exec-format tsv --lambda 0.1,1 | eae-score
#
# The files EAE_TRAIN and EAE_TEST have a row per sample: id, annotations as @name, then the features.
# The penalty is EAE_PARAM.
train <- read.delim(Sys.getenv("EAE_TRAIN"), check.names = FALSE)
test <- read.delim(Sys.getenv("EAE_TEST"), check.names = FALSE)
lambda <- as.numeric(Sys.getenv("EAE_PARAM", "1"))
if (is.na(lambda)) lambda <- 1 # none was given

# a positive class that is not the last one is named by the header: @label=POS/NEG
label <- train[[grep("^@label", names(train))]]
positive <- Sys.getenv("EAE_POSITIVE")
y <- if (positive == "") as.numeric(label) else ifelse(as.character(label) == positive, 1, -1)

features <- grep("^(id$|@)", names(train), invert = TRUE, value = TRUE)
x <- as.matrix(train[features])
w <- rep(train[["@count"]], length.out = nrow(x)) # bootstrap samples may be there several times
n <- sum(w)

# minimise (1/n) sum w (y - b - x v)^2 / 2 + lambda/2 |v|^2 in the span of the samples
centre <- colSums(w * x) / n
z <- sweep(x, 2, centre)
b <- sum(w * y) / n
a <- solve(tcrossprod(z) + diag(n * lambda / w, nrow(z)), y - b)
v <- crossprod(z, a)
value <- sweep(as.matrix(test[features]), 2, centre) %*% v + b

write.table(data.frame(id = test$id, value = value), sep = "\t", quote = FALSE, row.names = FALSE)
