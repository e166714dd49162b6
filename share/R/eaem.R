# eaem.R - read and write the matrix stream of eAE (eae-matrix(5)) in base R, without packages.
#
#     source("eaem.R")
#     frames <- eaem_read("expr.eae")             # or "-"; gzip, bzip2 and xz are seen through
#     data <- eaem_read("expr.eae", kind = "data")[[1]]
#     data$matrix[1:3, 1:3]; table(data$row_annot$label)
#     eaem_write("copy.eae", frames)
#
#     Rscript eaem.R info FILE
#
# A frame is a list: kind ("data", "split", "prediction", "model", "rank"), type ("f32", "f64", "i16",
# "i32", "u8"), matrix (numbers, NA where missing, with dimnames where there are names), row_annot and
# col_annot (named lists of vectors), history (JSON lines) and content (32 hexadecimal digits). An
# annotation is double, integer (i64; a double marked by eaem_i64() where it does not fit), or text:
# character, and `label` a factor whose levels are the classes, the negative one first.
#
# Frames are given as they stand in the stream, not merged. Every check of the page is made, the hashes
# included: XXH3-128 after its specification, in pieces of 16 bits, about 20 MB/s. An integer beyond 2^53
# is an error. Errors are conditions of class eaem_error that name the byte.

.eaem <- local({

# ---- 64-bit numbers: four limbs of 16 bits, the low one first ---------------------------------------

hex <- function(text) as.raw(strtoi(substring(text, seq(1, nchar(text), 2), seq(2, nchar(text), 2)), 16))
limbs <- function(bytes) readBin(bytes, "integer", length(bytes) / 2, 2, FALSE, "little")
u64 <- function(bytes, at) limbs(bytes[at + 1:8])
u32 <- function(bytes, at) c(limbs(bytes[at + 1:4]), 0, 0)
constant <- function(text) limbs(rev(hex(text)))
bytes <- function(limbs) writeBin(as.integer(limbs), raw(), 2, "little")
swap <- function(a) limbs(rev(bytes(a)))
xor <- function(a, ...) {
    for (b in list(...)) a <- bitwXor(a, b)
    a
}
# carries from limb to limb; what leaves the last one is dropped
carry <- function(a) {
    for (i in seq_len(length(a) - 1)) a[i + 1] <- a[i + 1] + a[i] %/% 65536
    a %% 65536
}
add <- function(...) carry(Reduce(`+`, list(...)))
mul128 <- function(a, b) {
    p <- numeric(8)
    b <- b + 0 # not of type integer, whose products would overflow
    for (i in 1:4) p[i + 0:3] <- p[i + 0:3] + a[i] * b
    carry(p)
}
mul <- function(a, b) mul128(a, b)[1:4]
right <- function(a, by) { # a >> by
    whole <- by %/% 16
    a <- c(a[seq_len(4 - whole) + whole], numeric(whole + 1))
    by <- by %% 16
    (a[1:4] %/% 2^by + a[2:5] * 2^(16 - by)) %% 65536
}
number <- function(x) c(x %% 65536, x %/% 65536 %% 65536, x %/% 2^32 %% 65536, x %/% 2^48 %% 65536)
negative <- function(a) carry(65535 - a + c(1, 0, 0, 0))

# ---- XXH3, 128 bits, seed 0 ---------------------------------------------------------------------------

secret <- hex(paste0(
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671f",
    "cb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c",
    "3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8",
    "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364",
    "eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e",
    "2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e"))
key <- function(at) u64(secret, at)
p32 <- lapply(paste0("00000000", c("9E3779B1", "85EBCA77", "C2B2AE3D")), constant)
p64 <- lapply(c("9E3779B185EBCA87", "C2B2AE3D27D4EB4F", "165667B19E3779F9", "85EBCA77C2B2AE63",
                "27D4EB2F165667C5"), constant)
mix <- lapply(c("165667919E3779F9", "9FB21C651E98DF25"), constant)

avalanche64 <- function(h) {
    h <- mul(xor(h, right(h, 33)), p64[[2]])
    h <- mul(xor(h, right(h, 29)), p64[[3]])
    xor(h, right(h, 32))
}
avalanche <- function(h) {
    h <- mul(xor(h, right(h, 37)), mix[[1]])
    xor(h, right(h, 32))
}
fold <- function(a, b) {
    p <- mul128(a, b)
    xor(p[1:4], p[5:8])
}

up_to_3 <- function(b) {
    n <- length(b)
    v <- as.numeric(b)
    low <- v[1] * 2^16 + v[n %/% 2 + 1] * 2^24 + v[n] + n * 256
    swapped <- sum(as.numeric(rev(bytes(number(low))[1:4])) * 256^(0:3))
    high <- (swapped * 2^13) %% 2^32 + swapped %/% 2^19
    list(avalanche64(xor(number(low), u32(secret, 0), u32(secret, 4))),
         avalanche64(xor(number(high), u32(secret, 8), u32(secret, 12))))
}
up_to_8 <- function(b) {
    n <- length(b)
    keyed <- xor(c(u32(b, 0)[1:2], u32(b, n - 4)[1:2]), key(16), key(24))
    m <- mul128(keyed, add(p64[[1]], number(4 * n)))
    lo <- m[1:4]
    hi <- add(m[5:8], lo, lo)
    lo <- xor(lo, right(hi, 3))
    lo <- mul(xor(lo, right(lo, 35)), mix[[2]])
    list(xor(lo, right(lo, 28)), avalanche(hi))
}
up_to_16 <- function(b) {
    n <- length(b)
    lo <- u64(b, 0)
    hi <- u64(b, n - 8)
    m <- mul128(xor(lo, hi, key(32), key(40)), p64[[1]])
    low <- add(m[1:4], c(0, 0, 0, (n - 1) * 64))
    hi <- xor(hi, key(48), key(56))
    high <- add(m[5:8], hi, mul(c(hi[1:2], 0, 0), add(p32[[2]], rep(65535, 4))))
    low <- xor(low, swap(high))
    h <- mul128(low, p64[[2]])
    list(avalanche(h[1:4]), avalanche(add(h[5:8], mul(high, p64[[2]]))))
}

mix16 <- function(b, at, s) fold(xor(u64(b, at), key(s)), xor(u64(b, at + 8), key(s + 8)))
mix32 <- function(acc, b, first, second, s) {
    list(xor(add(acc[[1]], mix16(b, first, s)), add(u64(b, second), u64(b, second + 8))),
         xor(add(acc[[2]], mix16(b, second, s + 16)), add(u64(b, first), u64(b, first + 8))))
}
up_to_240 <- function(b) {
    n <- length(b)
    acc <- list(mul(number(n), p64[[1]]), c(0, 0, 0, 0))
    if (n <= 128) {
        for (i in ((n - 1) %/% 32):0) acc <- mix32(acc, b, 16 * i, n - 16 * (i + 1), 32 * i)
    } else {
        for (i in seq_len(n %/% 32) - 1) {
            if (i == 4) acc <- lapply(acc, avalanche)
            acc <- mix32(acc, b, 32 * i, 32 * i + 16, if (i < 4) 32 * i else 3 + 32 * (i - 4))
        }
        if (n %/% 32 == 4) acc <- lapply(acc, avalanche)
        acc <- mix32(acc, b, n - 16, n - 32, 103)
    }
    list(avalanche(add(acc[[1]], acc[[2]])),
         negative(avalanche(add(mul(acc[[1]], p64[[1]]), mul(acc[[2]], p64[[4]]),
                                mul(number(n), p64[[2]])))))
}

# What some stripes of 64 bytes add to the eight lanes, as 4 limbs x 8 lanes x blocks that are not
# carried yet: the products of the halves of data ^ key, and the data of the neighbouring lane.
# `keys`: 4 limbs x 8 lanes x stripes of a block.
neighbour <- c(2, 1, 4, 3, 6, 5, 8, 7)
stripes <- function(b, keys, blocks) {
    count <- length(keys) / 32
    data <- limbs(b)
    keyed <- bitwXor(data, rep(as.integer(keys), blocks))
    dim(data) <- dim(keyed) <- c(4, 8, count, blocks)
    k <- lapply(1:4, function(i) keyed[i, , , , drop = FALSE] + 0)
    total <- function(x) apply_sum(array(x, c(8, count, blocks)))
    sums <- list(total(k[[1]] * k[[3]]), total(k[[1]] * k[[4]] + k[[2]] * k[[3]]), total(k[[2]] * k[[4]]), 0)
    out <- array(0, c(4, 8, blocks))
    for (i in 1:4) out[i, , ] <- sums[[i]] + total(data[i, , , ])[neighbour, , drop = FALSE]
    out
}
# over the stripes of an array of lanes x stripes x blocks
apply_sum <- function(x) {
    d <- dim(x)
    if (d[2] == 1) return(matrix(x, d[1]))
    matrix(colSums(aperm(x, c(2, 1, 3))), d[1])
}
carry_lanes <- function(a) { # 4 limbs x 8 lanes
    for (i in 1:3) a[i + 1, ] <- a[i + 1, ] + a[i, ] %/% 65536
    a %% 65536
}
scramble <- function(a, last) {
    a[1, ] <- bitwXor(a[1, ], (a[3, ] %/% 32768 + a[4, ] * 2) %% 65536)
    a[2, ] <- bitwXor(a[2, ], a[4, ] %/% 32768)
    a <- matrix(bitwXor(a, last), 4)
    p <- p32[[1]] + 0
    carry_lanes(a * p[1] + rbind(0, a[1:3, ] * p[2]))
}
merge <- function(acc, s, start) {
    r <- start
    for (i in 0:3)
        r <- add(r, fold(xor(acc[, 2 * i + 1], key(s + 16 * i)), xor(acc[, 2 * i + 2], key(s + 16 * i + 8))))
    avalanche(r)
}
long <- function(b) {
    n <- length(b)
    keys <- array(unlist(lapply(0:16, function(i) limbs(secret[8 * i + 1:64]))), c(4, 8, 17))
    last <- as.integer(keys[, , 17])
    blocks <- (n - 1) %/% 1024
    acc <- cbind(p32[[3]], p64[[1]], p64[[2]], p64[[3]], p64[[4]], p32[[2]], p64[[5]], p32[[1]])
    step <- 2048
    for (begin in seq(0, by = step, length.out = ceiling(blocks / step))) {
        m <- min(step, blocks - begin)
        added <- stripes(b[begin * 1024 + seq_len(m * 1024)], keys[, , 1:16], m)
        for (i in seq_len(m)) acc <- scramble(carry_lanes(acc + added[, , i]), last)
    }
    rest <- (n - 1 - 1024 * blocks) %/% 64
    if (rest > 0)
        acc <- carry_lanes(acc + stripes(b[1024 * blocks + seq_len(64 * rest)], keys[, , seq_len(rest)], 1)[, , 1])
    acc <- carry_lanes(acc + stripes(b[n - 63:0], limbs(secret[121 + 1:64]), 1)[, , 1])
    list(merge(acc, 11, mul(number(n), p64[[1]])),
         merge(acc, 117, 65535 - mul(number(n), p64[[2]])))
}
nothing <- function(b) list(avalanche64(xor(key(64), key(72))), avalanche64(xor(key(80), key(88))))

# The 16 bytes of the hash of raw `b`.
hash <- function(b) {
    n <- length(b)
    by_length <- if (n == 0) nothing else if (n <= 3) up_to_3 else if (n <= 8) up_to_8 else
        if (n <= 16) up_to_16 else if (n <= 240) up_to_240 else long
    h <- by_length(b)
    c(rev(bytes(h[[2]])), rev(bytes(h[[1]])))
}

# ---- what a frame must be --------------------------------------------------------------------------

kinds <- c("data", "split", "prediction", "model", "rank")
types <- c("f32", "f64", "i16", "i32", "u8")
sizes <- c(4, 8, 2, 4, 1)
magic <- as.raw(c(0x89, 0x45, 0x41, 0x45, 0x0d, 0x0a, 0x1a, 0x0a))
foot <- charToRaw("EAEfoot\n")
end_mark <- charToRaw("EAE-end\n")
fit <- c(model = "text", spec = "text", param = "text", chosen = "text", size = "text", plan = "text",
         split = "i64", `repeat` = "i64", fold = "i64", perm = "i64", class = "text", converged = "i64")
fitted <- c(objective = "f64", gap = "f64", iterations = "i64", cut = "f64")
lead <- list(split = c(split = "i64", `repeat` = "i64", fold = "i64", parent = "i64", plan = "text"),
             prediction = fit, model = fit, rank = fit)
more <- list(prediction = fitted, model = c(part = "text", term = "text", intercept = "f64", fitted))
elements <- list(data = c("f32", "f64"), split = "i16", prediction = "f64", model = "f64")

fail <- function(...) {
    stop(structure(class = c("eaem_error", "error", "condition"),
                   list(message = paste0(...), call = NULL)))
}
need <- function(condition, at, ...) if (!isTRUE(condition)) fail("byte ", format(at, scientific = FALSE), ": ", ...)
up <- function(n, align) ceiling(n / align) * align

is_i64 <- function(v) is.integer(v) && !is.factor(v) || isTRUE(attr(v, "i64"))
annot_type <- function(v) {
    if (is.character(v) || is.factor(v)) "text"
    else if (is_i64(v)) "i64"
    else if (is.numeric(v)) "f64"
    else fail("an annotation of type ", typeof(v))
}

check_names <- function(what, names, differ) {
    bad <- is.na(names) | !nzchar(names) | grepl("[\001-\037\177]", names, useBytes = TRUE)
    if (any(bad)) fail(what, " name \"", names[bad][1], "\"")
    if (differ && anyDuplicated(names)) fail("two ", what, "s of the name \"", names[anyDuplicated(names)], "\"")
}
check_axis <- function(f, axis, count, names, annot, differ) {
    if (!is.null(names)) check_names(paste(f$kind, "frame:", axis), names, differ)
    if (length(annot)) check_names(paste0(f$kind, " frame: ", axis, " annotation"), names(annot), TRUE)
    for (name in names(annot)) {
        if (length(annot[[name]]) != count)
            fail("annotation ", name, ": ", length(annot[[name]]), " values instead of ", count)
    }
}
check_annotation <- function(f, name, type) {
    v <- f$row_annot[[name]]
    if (is.null(v) || annot_type(v) != type) fail(f$kind, " frame: no row annotation ", name)
}
# What the page asks of a frame of each kind.
check <- function(f) {
    if (!isTRUE(f$kind %in% kinds)) fail("unknown kind of frame ", f$kind)
    if (!isTRUE(f$type %in% types)) fail("unknown element type ", f$type)
    if (!is.matrix(f$matrix)) fail(f$kind, " frame without a matrix")
    d <- dim(f$matrix)
    check_axis(f, "row", d[1], rownames(f$matrix), f$row_annot, f$kind == "data")
    check_axis(f, "column", d[2], colnames(f$matrix), f$col_annot, TRUE)
    if ((d[2] == 0 && d[1] > 0 && is.null(rownames(f$matrix))) ||
        (d[1] == 0 && d[2] > 0 && is.null(colnames(f$matrix))))
        fail("an empty ", f$kind, " frame without names")
    if (!is.null(elements[[f$kind]]) && !f$type %in% elements[[f$kind]])
        fail(f$kind, " frame of type ", f$type)
    first <- lead[[f$kind]]
    if (!identical(names(f$row_annot)[seq_along(first)], names(first)) && length(first))
        fail(f$kind, " frame: the first row annotations are not ", paste(names(first), collapse = ", "))
    wanted <- c(first, more[[f$kind]])
    for (name in names(wanted)) check_annotation(f, name, wanted[[name]])
}

# ---- reading -----------------------------------------------------------------------------------------

unsigned <- function(data, at, bytes = 8) { # from byte `at`; Inf stands for what a double cannot hold
    l <- limbs(data[at + seq_len(bytes)])
    x <- sum(l * 65536^(seq_along(l) - 1))
    if (x < 2^53) x else Inf
}
hexadecimal <- function(bytes) paste(bytes, collapse = "")

# A cursor over bytes of an axis block, which begin at byte `base` of the stream.
cursor <- function(data, base) {
    at <- 0
    take <- function(n) {
        need(n <= length(data) - at, base + at, "the header is too short")
        at <<- at + n
        data[at - n + seq_len(n)]
    }
    number <- function(bytes) unsigned(take(bytes), 0, bytes)
    pad <- function() need(all(take(-at %% 8) == 0), base + at, "padding is not zero")
    strings <- function(count, total) {
        lengths <- numbers(take(4 * count))
        pad()
        text <- take(total)
        pad()
        need(sum(lengths) == total && !any(text == 0), base + at, "damaged strings")
        ended <- raw(total + count) # each string and a zero
        ended[seq_len(total) + rep.int(seq_along(lengths) - 1, lengths)] <- text
        words <- readBin(ended, "character", count)
        utf8 <- validUTF8(words)
        Encoding(words[utf8]) <- "UTF-8"
        words
    }
    list(take = take, number = number, pad = pad, strings = strings, left = function() length(data) - at,
         where = function() base + at)
}
numbers <- function(bytes) { # u32
    l <- matrix(limbs(bytes), 2)
    l[1, ] + l[2, ] * 65536
}

read_whole <- function(c, count) { # i64
    l <- matrix(limbs(c$take(8 * count)), 4) + 0
    high <- l[3, ] + l[4, ] * 65536
    high <- ifelse(high >= 2^31, high - 2^32, high)
    v <- high * 2^32 + l[1, ] + l[2, ] * 65536
    v[v == -2^63] <- NA
    need(all(abs(v) < 2^53, na.rm = TRUE), c$where(), "an integer beyond 2^53")
    if (all(abs(v) < 2^31, na.rm = TRUE)) as.integer(v) else eaem_i64(v)
}
read_text <- function(c, count, name) {
    entries <- c$number(8)
    total <- c$number(8)
    need(entries <= 2147483647, c$where(), "a dictionary is too long")
    entries <- c$strings(entries, total)
    codes <- readBin(c$take(4 * count), "integer", count, 4, endian = "little")
    c$pad()
    need(!anyDuplicated(entries), c$where(), "a dictionary entry twice")
    need(!anyNA(codes) && all(codes >= -1 & codes < length(entries)), c$where(), "a code outside its dictionary")
    codes[codes < 0] <- NA
    if (name == "label") return(factor(entries[codes + 1], levels = entries))
    used <- unique(codes[!is.na(codes)])
    need(identical(as.numeric(used), seq_along(entries) - 1), c$where(),
         "a dictionary is not in order of first appearance")
    entries[codes + 1]
}
read_annotation <- function(c, count) {
    type <- c$number(4)
    name <- c$take(c$number(4))
    c$pad()
    need(type %in% 1:3 && length(name) > 0 && !any(name == 0), c$where(), "a damaged annotation column")
    name <- rawToChar(name)
    if (validUTF8(name)) Encoding(name) <- "UTF-8"
    if (type == 1) {
        v <- readBin(c$take(8 * count), "double", count, 8, endian = "little")
        v[is.nan(v)] <- NA
    } else if (type == 2) {
        v <- read_whole(c, count)
    } else {
        v <- read_text(c, count, name)
    }
    list(name = name, values = v)
}
read_block <- function(data, base, count) {
    c <- cursor(data, base)
    need(c$number(8) == count, base, "another count than in the preamble")
    annotations <- c$number(4)
    flags <- c$number(4)
    need(flags <= (count > 0), base + 12, "unknown flags of an axis")
    names <- NULL
    if (flags) {
        total <- c$number(8)
        names <- c$strings(count, total)
    }
    annot <- list()
    while (annotations > 0) {
        a <- read_annotation(c, count)
        need(!a$name %in% names(annot), c$where(), "a damaged annotation column")
        annot[[a$name]] <- a$values
        annotations <- annotations - 1
    }
    need(c$left() == 0, c$where(), "the header is too long")
    list(names = names, annot = annot)
}

read_preamble <- function(data, at) {
    n <- length(data) - at
    seen <- min(n, 8)
    need(all(data[at + seq_len(seen)] == magic[seq_len(seen)]), at, "not a frame")
    need(n >= 128, length(data), "the stream ends inside a frame")
    p <- data[at + 1:128]
    version <- limbs(p[9:12])
    need(all(version == c(1, 0)), at + 8, "version ", version[1], ".", version[2], " is not supported")
    need(all(hash(p[1:112]) == p[113:128]), at, "a damaged preamble")
    kind <- as.integer(p[13])
    type <- as.integer(p[14])
    h <- list(flags = unsigned(p, 14, 2), rows = unsigned(p, 16), cols = unsigned(p, 24), header = unsigned(p, 32),
              column = unsigned(p, 40), offset = unsigned(p, 48), length = unsigned(p, 56),
              column_hash = p[65:80], row_hash = p[81:96])
    need(kind %in% seq_along(kinds), at + 12, "unknown kind of frame ", kind)
    need(type %in% seq_along(types), at + 13, "unknown element type ", type)
    h <- c(h, list(kind = kind, type = type))
    need(h$flags <= 1 && (h$column == 0) == (h$flags == 1), at + 14, "unknown flags")
    need(all(p[97:112] == 0), at + 96, "a reserved field is not zero")
    need(h$header <= n && h$column <= h$header && h$header %% 8 == 0 && h$column %% 8 == 0, at + 32,
         "an impossible header, or the stream ends inside it")
    need(h$offset == up(128 + h$header, 64), at + 48, "an impossible payload offset")
    need(h$length == h$rows * h$cols * sizes[type], at + 56, "an impossible payload length")
    need(h$offset + h$length <= n, length(data), "the stream ends inside a frame")
    need(h$rows <= 2147483647 && h$cols <= 2147483647, at + 16, "more rows or columns than R takes")
    h
}

# The footer at byte `begin` of the frame at `at`: its hashes, the history and where it ends.
read_footer <- function(data, at, begin) {
    ends <- "the stream ends inside a footer"
    need(begin + 64 <= length(data), length(data), ends)
    p <- data[begin + 1:64]
    size <- unsigned(p, 8)
    history <- unsigned(p, 16)
    need(all(p[1:8] == foot), begin, "no footer")
    need(size < Inf && size == up(96 + history, 64), begin + 8, "an impossible footer length")
    end <- begin + size
    need(end <= length(data), length(data), ends)
    need(all(hash(data[begin + seq_len(size - 32)]) == data[end - 31:16]), begin, "a damaged footer")
    zeros <- data[begin + 64 + history + seq_len(size - 96 - history)]
    need(unsigned(p, 24) == 0 && all(zeros == 0), begin + 24, "not zero")
    need(all(data[end - 15:8] == end_mark), end - 16, "no end mark")
    need(unsigned(data, end - 8) == end - at, end - 8, "another length of the frame")
    list(payload = p[33:48], content = p[49:64], end = end,
         history = read_history(data[begin + 64 + seq_len(history)], begin + 64))
}
read_history <- function(text, at) {
    if (length(text) == 0) return(character())
    need(text[length(text)] == 10 && all(text == 10 | text >= 32), at, "a damaged history")
    text[text == 10] <- as.raw(0)
    lines <- readBin(text, "character", sum(text == 0))
    need(all(startsWith(lines, "{")), at, "a damaged history")
    Encoding(lines) <- "UTF-8"
    lines
}

read_elements <- function(payload, type, count) {
    v <- if (type <= 2) readBin(payload, "double", count, sizes[type], endian = "little")
         else if (type == 5) as.integer(payload)
         else readBin(payload, "integer", count, sizes[type], TRUE, "little")
    if (type <= 2) v[is.nan(v)] <- NA
    v
}
content_of <- function(kind, type, rows, cols, column_hash, row_hash, payload_hash) {
    hash(c(as.raw(c(kind, type)), raw(6), bytes(number(rows)), bytes(number(cols)), column_hash, row_hash,
           payload_hash))
}

# `blocks`: the column blocks read so far, by hash.
read_frame <- function(data, at, blocks) {
    h <- read_preamble(data, at)
    body <- at + 128
    id <- hexadecimal(h$column_hash)
    if (h$column > 0) {
        block <- data[body + seq_len(h$column)]
        need(all(hash(block) == h$column_hash), body, "damaged columns")
        assign(id, read_block(block, body, h$cols), blocks)
    }
    need(exists(id, blocks, inherits = FALSE), at + 64, "no frame before has the columns that are left out")
    cols <- get(id, blocks)
    block <- data[body + h$column + seq_len(h$header - h$column)]
    need(all(hash(block) == h$row_hash), body + h$column, "damaged rows")
    rows <- read_block(block, body + h$column, h$rows)
    payload_at <- at + h$offset
    need(all(data[body + h$header + seq_len(payload_at - body - h$header)] == 0), body + h$header, "not zero")
    payload <- data[payload_at + seq_len(h$length)]
    begin <- at + up(h$offset + h$length, 64)
    f <- read_footer(data, at, begin)
    need(all(data[payload_at + h$length + seq_len(begin - payload_at - h$length)] == 0), begin, "not zero")
    need(all(hash(payload) == f$payload), payload_at, "a damaged payload")
    content <- content_of(h$kind, h$type, h$rows, h$cols, h$column_hash, h$row_hash, f$payload)
    need(all(content == f$content), begin + 48, "another content identity")
    m <- matrix(read_elements(payload, h$type, h$rows * h$cols), h$rows, h$cols, byrow = TRUE)
    if (!is.null(rows$names) || !is.null(cols$names)) dimnames(m) <- list(rows$names, cols$names)
    frame <- eaem_frame(kinds[h$kind], m, rows$annot, cols$annot, types[h$type], f$history)
    frame$content <- hexadecimal(content)
    check(frame)
    list(frame = frame, end = f$end)
}

# All bytes of a file, or of the standard input for "-".
slurp <- function(path) {
    if (path != "-" && !file.exists(path)) fail("no such file")
    con <- if (path == "-") gzcon(file("stdin", "rb")) else gzfile(path, "rb")
    on.exit(close(con))
    pieces <- list()
    repeat {
        piece <- readBin(con, "raw", 2^24)
        if (length(piece) == 0) break
        pieces[[length(pieces) + 1]] <- piece
    }
    do.call(c, c(list(raw()), pieces))
}

# ---- writing -----------------------------------------------------------------------------------------

string_list <- function(words) {
    text <- lapply(words, charToRaw)
    lengths <- lengths(text)
    out <- writeBin(as.integer(lengths), raw(), 4, "little")
    list(total = sum(lengths), bytes = c(out, raw(-length(out) %% 8), unlist(text), raw(-sum(lengths) %% 8)))
}
u64_bytes <- function(...) bytes(vapply(c(...), number, numeric(4)))

real_bytes <- function(v, size) { # NaN as the page has it, high byte last
    out <- writeBin(as.double(v), raw(), size, "little")
    bad <- which(is.na(v))
    if (length(bad)) {
        dim(out) <- c(size, length(v))
        out[, bad] <- as.raw(if (size == 4) c(0, 0, 0xc0, 0x7f) else c(0, 0, 0, 0, 0, 0, 0xf8, 0x7f))
    }
    as.vector(out)
}
whole_bytes <- function(v) {
    v <- as.double(v)
    limb <- rbind(v %% 65536, v %/% 65536 %% 65536, v %/% 2^32 %% 65536, v %/% 2^48 %% 65536)
    limb[, is.na(v)] <- c(0, 0, 0, 32768)
    bytes(limb)
}
text_bytes <- function(name, v) {
    if (is.factor(v) && name == "label") entries <- levels(v)
    v <- as.character(v)
    if (!exists("entries", inherits = FALSE)) entries <- unique(v[!is.na(v)])
    list <- string_list(entries)
    codes <- match(v, entries) - 1L
    codes[is.na(codes)] <- -1L
    out <- c(u64_bytes(length(entries), list$total), list$bytes, writeBin(as.integer(codes), raw(), 4, "little"))
    c(out, raw(-length(out) %% 8))
}
annotation_bytes <- function(name, v) {
    type <- annot_type(v)
    raw_name <- charToRaw(enc2utf8(name))
    head <- c(writeBin(c(match(type, c("f64", "i64", "text")), length(raw_name)), raw(), 4, "little"), raw_name)
    c(head, raw(-length(head) %% 8),
      switch(type, f64 = real_bytes(v, 8), i64 = whole_bytes(v), text = text_bytes(name, v)))
}
block_bytes <- function(count, names, annot) {
    named <- !is.null(names) && count > 0
    out <- c(u64_bytes(count), writeBin(c(length(annot), as.integer(named)), raw(), 4, "little"))
    if (named) {
        list <- string_list(enc2utf8(names))
        out <- c(out, u64_bytes(list$total), list$bytes)
    }
    c(out, unlist(lapply(names(annot), function(n) annotation_bytes(n, annot[[n]]))))
}
payload_bytes <- function(f) {
    v <- as.vector(t(f$matrix))
    type <- match(f$type, types)
    if (type <= 2) return(real_bytes(v, sizes[type]))
    range <- list(c(-32768, 32767), c(-2^31, 2^31 - 1), c(0, 255))[[type - 2]]
    # R keeps the smallest 32-bit number for NA
    if (type != 4 && anyNA(v) || any(v < range[1] | v > range[2] | v != floor(v), na.rm = TRUE))
        fail(f$kind, " frame: a value that ", f$type, " cannot hold")
    writeBin(as.integer(v), raw(), sizes[type], "little")
}

# `blocks`: the column blocks written so far, by hash.
frame_bytes <- function(f, blocks) {
    check(f)
    rows <- nrow(f$matrix)
    cols <- ncol(f$matrix)
    kind <- match(f$kind, kinds)
    type <- match(f$type, types)
    columns <- block_bytes(cols, colnames(f$matrix), f$col_annot)
    row_block <- block_bytes(rows, rownames(f$matrix), f$row_annot)
    column_hash <- hash(columns)
    row_hash <- hash(row_block)
    left_out <- exists(hexadecimal(column_hash), blocks, inherits = FALSE)
    assign(hexadecimal(column_hash), TRUE, blocks)
    header <- c(if (!left_out) columns, row_block)
    payload <- payload_bytes(f)
    offset <- up(128 + length(header), 64)
    out <- c(magic, bytes(c(1, 0)), as.raw(c(kind, type)), bytes(as.integer(left_out)),
             u64_bytes(rows, cols, length(header), if (left_out) 0 else length(columns), offset, length(payload)),
             column_hash, row_hash, raw(16))
    out <- c(out, hash(out), header, raw(offset - 128 - length(header)), payload)
    out <- c(out, raw(-length(out) %% 64))
    payload_hash <- hash(payload)
    content <- content_of(kind, type, rows, cols, column_hash, row_hash, payload_hash)
    history <- unlist(lapply(f$history, function(x) c(charToRaw(x), as.raw(10))))
    size <- up(96 + length(history), 64)
    end <- c(foot, u64_bytes(size, length(history), 0), payload_hash, content, history)
    end <- c(end, raw(size - 32 - length(end)))
    c(out, end, hash(end), end_mark, u64_bytes(length(out) + size))
}

# ---- the program --------------------------------------------------------------------------------------

# What `eaem.R info` prints: one JSON object a frame.
info <- function(f) {
    word <- function(x) encodeString(x, quote = "\"")
    truth <- function(x) if (x) "true" else "false"
    object <- function(annot) paste0("{", paste0(vapply(names(annot), word, ""), ": ",
        vapply(annot, function(v) word(annot_type(v)), ""), collapse = ", ", recycle0 = TRUE), "}")
    long <- c(f32 = "float32", f64 = "float64", i16 = "int16", i32 = "int32", u8 = "uint8")
    sprintf(paste0("{\"kind\": \"%s\", \"type\": \"%s\", \"rows\": %d, \"cols\": %d, \"content\": \"%s\", ",
                   "\"row_names\": %s, \"col_names\": %s, \"row_annotations\": %s, ",
                   "\"col_annotations\": %s, \"history\": %d}"),
            f$kind, long[[f$type]], nrow(f$matrix), ncol(f$matrix), f$content,
            truth(!is.null(rownames(f$matrix))), truth(!is.null(colnames(f$matrix))),
            object(f$row_annot), object(f$col_annot), length(f$history))
}
main <- function(args) {
    if (length(args) != 2 || args[1] != "info") {
        cat("usage: Rscript eaem.R info FILE\n", file = stderr())
        return(2)
    }
    tryCatch({
        writeLines(vapply(eaem_read(args[2]), info, ""))
        0
    }, error = function(e) {
        cat("eaem.R: ", args[2], ": ", conditionMessage(e), "\n", sep = "", file = stderr())
        1
    })
}

environment()
})

# ---- what users call ----------------------------------------------------------------------------------

# Whole numbers that do not fit into R's integers, as an annotation of type i64.
eaem_i64 <- function(v) structure(as.double(v), i64 = TRUE)

# A frame; type as in the list above, by default that of the kind.
eaem_frame <- function(kind, matrix, row_annot = list(), col_annot = list(),
                       type = switch(kind, data = "f32", split = "i16", "f64"), history = character()) {
    list(kind = kind, type = type, matrix = matrix, row_annot = as.list(row_annot),
         col_annot = as.list(col_annot), history = history)
}

# The frames of a stream, in a file or for "-" on the standard input; of one kind, where it is named.
eaem_read <- function(path, kind = NULL) {
    data <- .eaem$slurp(path)
    if (length(data) == 0) .eaem$fail("byte 0: no frame")
    blocks <- new.env()
    frames <- list()
    at <- 0
    while (at < length(data)) {
        r <- .eaem$read_frame(data, at, blocks)
        frames[[length(frames) + 1]] <- r$frame
        at <- r$end
    }
    if (is.null(kind)) frames else Filter(function(f) f$kind == kind, frames)
}

# Write a list of frames to a file, or for "-" to the standard output.
eaem_write <- function(path, frames) {
    blocks <- new.env()
    data <- lapply(frames, .eaem$frame_bytes, blocks)
    con <- if (path == "-") pipe("cat", "wb") else file(path, "wb")
    on.exit(close(con))
    for (d in data) writeBin(d, con)
    invisible(path)
}

if (sys.nframe() == 0) quit(status = .eaem$main(commandArgs(TRUE)))
