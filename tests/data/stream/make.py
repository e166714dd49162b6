#!/usr/bin/env python3
"""Make the streams that tests read: good-*.eae, bad-*.eae, unsupported-*.eae.

Everything is put together here with struct, following eae-matrix(5); only the hash comes from
share/python/eaem.py. good.tsv says what must be read from the good files, bad.tsv which words the
message about each of the others must contain.

    python3 make.py        (writes beside itself)
"""
import os
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "..", "share", "python"))
from eaem import xxh3_128_plain as xxh  # noqa: E402

NAN = float("nan")
DATA, SPLIT, PREDICTION, MODEL, RANK = 1, 2, 3, 4, 5
F32, F64, I16, I32, U8 = 1, 2, 3, 4, 5
LETTER = {F32: "f", F64: "d", I16: "h", I32: "i", U8: "B"}
MISSING = -(1 << 63)


def pad8(b):
    return b + bytes(-len(b) % 8)


def pad64(b, fill=b"\0"):
    return b + fill * (-len(b) % 64)


# ---- parts of the header --------------------------------------------------------------------

def strings(words):
    """Lengths and bytes of a list of strings; for use at a multiple of 8."""
    words = [w.encode() for w in words]
    return pad8(b"".join(struct.pack("<I", len(w)) for w in words)) + pad8(b"".join(words))


def names(words):
    return struct.pack("<Q", sum(len(w.encode()) for w in words)) + strings(words)


def head(kind, name):
    name = name.encode()
    return pad8(struct.pack("<II", kind, len(name)) + name)


def real(name, values):
    return head(1, name) + struct.pack("<%dd" % len(values), *values)


def whole(name, values):
    return head(2, name) + struct.pack("<%dq" % len(values), *values)


def text(name, entries, codes):
    return (head(3, name) + struct.pack("<QQ", len(entries), sum(len(e.encode()) for e in entries))
            + strings(entries) + pad8(struct.pack("<%di" % len(codes), *codes)))


def block(count, words=None, annotations=(), stored_count=None, annotation_count=None, flags=None):
    """An axis block. The last three say something else than the truth."""
    return (struct.pack("<QII", count if stored_count is None else stored_count,
                        len(annotations) if annotation_count is None else annotation_count,
                        int(words is not None) if flags is None else flags)
            + (names(words) if words is not None else b"") + b"".join(annotations))


# ---- a frame --------------------------------------------------------------------------------

def frame(kind, element, rows, cols, values, columns, row_block, history="", left_out=False,
          major=1, minor=0, flags=None, reserved=bytes(16), header_pad=b"\0", payload_pad=b"\0",
          header_length=None, payload_offset=None, payload_length=None, footer_reserved=0,
          footer_length=None, history_length=None, content=None, end=b"EAE-end\n", frame_length=None,
          column_hash=None, payload=None):
    """The bytes of a frame. Everything from `major` on is for streams that are not good: the hashes
    are right all the same, so that the reader gets as far as the fault."""
    if payload is None:
        payload = struct.pack("<%d%s" % (len(values), LETTER[element]), *values)
    column_hash, row_hash = column_hash or xxh(columns), xxh(row_block)
    body = (b"" if left_out else columns) + row_block
    offset = 128 + len(body) + -len(body) % 64
    preamble = struct.pack(
        "<8sHHBBHQQQQQQ16s16s16s", b"\x89EAE\r\n\x1a\n", major, minor, kind, element,
        int(left_out) if flags is None else flags, rows, cols,
        len(body) if header_length is None else header_length,
        0 if left_out else len(columns),
        offset if payload_offset is None else payload_offset,
        len(payload) if payload_length is None else payload_length,
        column_hash, row_hash, reserved)
    out = pad64(preamble + xxh(preamble) + body, header_pad)
    out = pad64(out + payload, payload_pad)
    if content is None:
        content = xxh(struct.pack("<BB6xQQ", kind, element, rows, cols) + column_hash + row_hash
                      + xxh(payload))
    history = history.encode()
    length = 96 + len(history)
    length += -length % 64
    foot = struct.pack("<8sQQQ16s16s", b"EAEfoot\n",
                       length if footer_length is None else footer_length,
                       len(history) if history_length is None else history_length,
                       footer_reserved, xxh(payload), content) + history
    foot += bytes(length - 32 - len(foot))
    total = len(out) + length
    return (out + foot + xxh(foot) + end
            + struct.pack("<Q", total if frame_length is None else frame_length))


# ---- the data that most streams have -------------------------------------------------------

FEATURES = ["TP53", "BRCA1", "EGFR"]
SAMPLES = ["a", "b", "c", "d"]
VALUES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
LABEL = text("label", ["healthy", "ill"], [0, 1, 1, 0])


def data(values=None, columns=None, rows=None, element=F32, samples=None, features=None,
         annotations=(LABEL,), **more):
    samples, features = samples or SAMPLES, features or FEATURES
    return frame(DATA, element, len(samples), len(features), values or VALUES,
                 columns or block(len(features), features),
                 rows or block(len(samples), samples, annotations), **more)


def fit_annotations(n, **other):
    """The twelve annotations that lead; `other` replaces one or leaves it out (None)."""
    every = {w: text(w, [w + "1"], [0] * n) for w in ("model", "spec", "param", "chosen", "size",
                                                      "plan")}
    every.update({w: whole(w, list(range(1, n + 1))) for w in ("split", "repeat", "fold", "perm")})
    every["class"] = text("class", [], [-1] * n)
    every["converged"] = whole("converged", [1] * n)
    every.update(other)
    return [a for a in every.values() if a is not None]


def fitted(n):
    return [real("objective", [0.5] * n), real("gap", [1e-9] * n), whole("iterations", [10] * n),
            real("cut", [0.0] * n)]


def prediction(n=2, samples=None, label=LABEL, **other):
    samples = samples or SAMPLES
    values = [0.5 * i for i in range(n * len(samples))]
    return frame(PREDICTION, F64, n, len(samples), values,
                 block(len(samples), samples, [label]),
                 block(n, None, fit_annotations(n, **other) + fitted(n)))


def split(annotations=None):
    a = annotations or [whole("split", [1, 2]), whole("repeat", [1, 1]), whole("fold", [1, 2]),
                        whole("parent", [0, 0]), text("plan", ["0" * 32], [0, 0])]
    return frame(SPLIT, I16, 2, 4, [1, -1, 1, -1, -1, 1, -1, 2], block(4, SAMPLES),
                 block(2, None, a))


def model():
    role = text("role", ["feature", "covariate"], [0, 0, 0, 1])
    more = [text("part", ["mean", "scale", "weights"], [0, 1, 2]),
            text("term", [], [-1] * 3), real("intercept", [NAN, NAN, 0.25])] + fitted(3)
    return frame(MODEL, F64, 3, 4, [1, 2, 3, 0, 1, 1, 2, 1, 0.5, NAN, -0.5, 0.125],
                 block(4, FEATURES + ["@age"], [role]), block(3, None, fit_annotations(3) + more))


def rank(**more):
    return frame(RANK, I32, 2, 3, [1, 2, 3, 3, 1, 2], block(3, FEATURES),
                 block(2, None, fit_annotations(2)), **more)


RECORD = '{"program":"eae-synth","version":"0.1.0","argv":["eae-synth"],"seed":1,"inputs":[]}\n'


def good():
    """name: (bytes, the frames that are to be read: kind, type, rows, columns, sum of what is not
    missing, number missing)"""
    second = data([21, 22, 23, 24, 25, 26], samples=["e", "f"],
                  annotations=[text("label", ["ill"], [0, 0])])
    other_order = data([31, 32, 33], samples=["g"], features=["EGFR", "TP53", "BRCA1"],
                       annotations=[text("label", ["zombie"], [0]), real("age", [40.5])])
    every_annotation = [
        text("label", ["healthy", "ill", "nobody"], [1, 0, -1, 1]), real("age", [61, NAN, 45.5, 70]),
        whole("visits", [3, MISSING, -1, 0]), text("site", ["Zürich", ""], [0, -1, 1, 0])]
    return {
        "data": (data(), ["data f32 4 3 78 0"]),
        "data-f64": (data([0.5, NAN, 1.5, -2.25, NAN, 1e3, 0, 0, 0, 0, 0, -1e3], element=F64,
                          annotations=every_annotation, features=["α", "b c", "d"]),
                     ["data f64 4 3 -0.25 2"]),
        "history": (data(history=RECORD), ["data f32 4 3 78 0"]),
        "unnamed": (frame(DATA, F32, 2, 2, [1, 2, 3, 4], block(2), block(2)),
                    ["data f32 2 2 10 0"]),
        "one-element": (frame(DATA, F32, 1, 1, [7], block(1, ["x"]), block(1, ["y"])),
                        ["data f32 1 1 7 0"]),
        "no-rows": (frame(DATA, F32, 0, 3, [], block(3, FEATURES), block(0)), ["data f32 0 3 0 0"]),
        "no-columns": (frame(DATA, F32, 4, 0, [], block(0), block(4, SAMPLES)),
                       ["data f32 4 0 0 0"]),
        "appended": (data() + second, ["data f32 6 3 219 0"]),
        "columns-left-out": (data() + data([21, 22, 23, 24, 25, 26], samples=["e", "f"],
                                           annotations=[], left_out=True),
                             ["data f32 6 3 219 0"]),
        "columns-left-out-order": (data() + other_order
                                   + data([41, 42, 43], samples=["h"], left_out=True,
                                          features=["EGFR", "TP53", "BRCA1"], annotations=[]),
                                   ["data f32 6 3 300 0"]),
        "types-joined": (data() + data([0.5, 1, 1], element=F64, samples=["e"], annotations=[]),
                         ["data f64 5 3 80.5 0"]),
        "feature-order": (data() + other_order, ["data f32 5 3 174 0"]),
        "split": (split() + data(), ["split i16 2 4 1 0", "data f32 4 3 78 0"]),
        "prediction": (prediction() + prediction(1), ["prediction f64 3 4 17 0"]),
        "predictions-apart": (prediction() + prediction(1, samples=["e", "f", "g", "h"]),
                              ["prediction f64 2 4 14 0", "prediction f64 1 4 3 0"]),
        "model": (model(), ["model f64 3 4 11.125 1"]),
        "rank": (rank(), ["rank i32 2 3 12 0"]),
        "every-kind": (split() + data() + prediction() + model() + rank(left_out=True),
                       ["split i16 2 4 1 0", "data f32 4 3 78 0", "prediction f64 2 4 14 0",
                        "model f64 3 4 11.125 1", "rank i32 2 3 12 0"]),
    }


def change(b, at, new):
    """The bytes with those at `at` replaced, hashes left as they are."""
    return b[:at] + new + b[at + len(new):]


def bad_outside():
    """Damage that the hashes or the lengths of the parts show."""
    one = data()
    foot = one.index(b"EAEfoot")
    payload = len(pad64(one[:128] + block(3, FEATURES) + block(4, SAMPLES, [LABEL])))
    return {
        "empty": (b"", "empty"),
        "cut-magic": (one[:5], "byte 5: the stream ends inside the preamble"),
        "cut-preamble": (one[:100], "byte 100: the stream ends inside the preamble"),
        "cut-header": (one[:200], "byte 200: the stream ends inside the header"),
        "cut-payload": (one[:payload + 20], "the stream ends inside the payload"),
        "cut-payload-padding": (one[:payload + 50], "the stream ends inside the payload"),
        "cut-footer": (one[:foot + 40], "the stream ends inside the footer"),
        "cut-end": (one[:-1], "the stream ends inside the footer"),
        "cut-second": (one + one[:64], "byte %d: the stream ends inside the preamble"
                       % (len(one) + 64)),
        "garbage-after": (one + b"garbage", "byte %d: something that is not a frame" % len(one)),
        "zeros-after": (one + bytes(64), "byte %d: something that is not a frame" % len(one)),
        "preamble-hash": (change(one, 16, b"\5"), "byte 0: the preamble of a frame is damaged"),
        "columns-hash": (change(one, 170, b"X"), "byte 128: the columns of the frame are damaged"),
        "rows-hash": (change(one, 250, b"X"), "the rows of the frame are damaged"),
        "payload-hash": (change(one, payload, b"X"), "byte %d: the payload of the frame is damaged"
                         % payload),
        "footer-hash": (change(one, foot + 33, b"X"), "byte %d: the footer of the frame is damaged"
                        % foot),
        "footer-magic": (change(one, foot, b"X"), "byte %d: the footer of the frame is missing"
                         % foot),
        "end-mark": (data(end=b"EAE-wrong"[:8]), "the end mark of the frame is missing"),
        "end-length": (data(frame_length=64), "the end mark gives another length"),
        "second-payload-hash": (one + change(one, payload, b"X"),
                                "byte %d: the payload of the frame is damaged"
                                % (len(one) + payload)),
    }


def bad_fields():
    """Wrong fields under right hashes."""
    return {
        "kind": (frame(9, F32, 1, 1, [7], block(1, ["x"]), block(1, ["y"])), "unknown kind 9"),
        "kind-0": (frame(0, F32, 1, 1, [7], block(1, ["x"]), block(1, ["y"])), "unknown kind 0"),
        "type": (frame(DATA, 6, 1, 1, [], block(1, ["x"]), block(1, ["y"]), payload=b"1234"),
                 "unknown element type 6"),
        "flags": (data(flags=2), "unknown flags"),
        "flags-left-out": (data(flags=1), "impossible lengths of the header"),
        "reserved": (data(reserved=bytes(15) + b"\1"), "a reserved field is not zero"),
        "header-length": (data(header_length=1 << 60), "the stream ends inside the header"),
        "header-length-odd": (data(header_length=131), "impossible lengths of the header"),
        "payload-offset": (data(payload_offset=128), "the payload is not where"),
        "payload-length": (data(payload_length=44), "the length of the payload"),
        "rows-huge": (frame(DATA, F32, 1 << 62, 3, VALUES, block(3, FEATURES), block(4, SAMPLES)),
                      "the length of the payload"),
        "rows-2-64": (frame(DATA, F32, (1 << 64) - 1, 1, [], block(1, ["x"]), block(1, ["y"])),
                      "the length of the payload"),
        "payload-missing": (frame(DATA, F32, 1 << 40, 1, [], block(1, ["x"]), block(1, ["y"]),
                                  payload_length=1 << 42), "the stream ends inside the payload"),
        "rows-without-columns": (frame(DATA, F32, 1 << 40, 0, [], block(0), block(1 << 40)),
                                 "without names"),
        "header-padding": (data(header_pad=b"\1"), "a byte of padding is not zero"),
        "payload-padding": (data(payload_pad=b"\1"), "a byte of padding is not zero"),
        "footer-reserved": (data(footer_reserved=1), "a reserved field is not zero"),
        "footer-length": (data(footer_length=192), "impossible lengths of the footer"),
        "footer-huge": (data(footer_length=1 << 63, history_length=(1 << 63) - 96),
                        "impossible lengths of the footer"),
        "content": (data(content=bytes(16)), "content identity"),
        "history-line": (data(history=RECORD[:-1]), "the history does not end a line"),
        "history-json": (data(history="nonsense\n"), "not one JSON object a line"),
        "history-empty-line": (data(history=RECORD + "\n"), "not one JSON object a line"),
        "history-padding": (data(history=RECORD, history_length=20), "impossible lengths"),
        "columns-unknown": (data(left_out=True), "leaves out its columns"),
        "columns-later": (data(left_out=True) + data(), "leaves out its columns"),
    }


def rows_with(*annotations, **more):
    return data(rows=block(4, SAMPLES, annotations, **more))


def bad_header():
    """Faults inside the axis blocks, under right hashes."""
    def label(entries, codes, name="site"):
        return rows_with(text(name, entries, codes))
    long_name = struct.pack("<II", 1, 1 << 31)
    long_dictionary = head(3, "site") + struct.pack("<QQ", 1 << 31, 0)
    huge_strings = head(3, "site") + struct.pack("<QQ", 1 << 20, 1 << 40)
    short_sum = struct.pack("<QIIII", 4, 1, 1, 1, 2) + pad8(b"abcd")
    nul = struct.pack("<QIIII", 4, 1, 1, 1, 1) + pad8(b"a\0cd")
    spare = pad8(struct.pack("<QII", 3, 0, 1) + names(FEATURES)[:-1] + b"x")
    return {
        "count": (rows_with(stored_count=5), "disagree about the shape"),
        "names-flags": (rows_with(flags=3), "unknown flags in a header block"),
        "names-of-nothing": (frame(DATA, F32, 0, 3, [], block(3, FEATURES),
                                   block(0, [])), "unknown flags in a header block"),
        "annotation-count": (rows_with(annotation_count=1), "the header is shorter"),
        "annotation-count-huge": (rows_with(annotation_count=(1 << 32) - 1),
                                  "the header is shorter"),
        "annotation-left": (rows_with(LABEL, annotation_count=0), "the header holds more"),
        "annotation-type": (rows_with(head(4, "x") + bytes(32)), "unknown type"),
        "annotation-name-long": (rows_with(long_name), "the header is shorter"),
        "annotation-name-empty": (rows_with(real("", [1, 2, 3, 4])),
                                  "an empty row annotation name"),
        "annotation-name-control": (rows_with(real("a\tb", [1, 2, 3, 4])), "a control character"),
        "annotation-name-zero": (rows_with(real("a\0b", [1, 2, 3, 4])), "a zero byte"),
        "annotation-twice": (rows_with(LABEL, LABEL), "two row annotations have the name"),
        "annotation-padding": (rows_with(head(1, "age")[:-1] + b"\1" + bytes(32)),
                               "a byte of padding is not zero"),
        "names-sum": (data(rows=struct.pack("<QII", 4, 0, 1) + short_sum),
                      "lengths of the names do not add up"),
        "names-zero-byte": (data(rows=struct.pack("<QII", 4, 0, 1) + nul), "a zero byte"),
        "names-padding": (data(columns=spare), "a byte of padding is not zero"),
        "name-empty": (data(features=["a", "", "c"]), "an empty feature name"),
        "name-control": (data(features=["a", "b\n", "c"]), "a control character (0x0a)"),
        "name-delete": (data(samples=["a", "b\x7f", "c", "d"]), "a control character (0x7f)"),
        "feature-twice": (data(features=["a", "b", "a"]), "two features have the name \"a\""),
        "sample-twice": (data(samples=["a", "b", "c", "b"]), "two samples have the name \"b\""),
        "code-outside": (label(["x"], [0, 0, 1, 0]), "a code outside its dictionary"),
        "code-negative": (label(["x"], [0, 0, -2, 0]), "a code outside its dictionary"),
        "dictionary-order": (label(["x", "y"], [1, 0, 0, 0]), "not in order of first appearance"),
        "dictionary-unused": (label(["x", "y"], [0, 0, 0, 0]), "entries that are not used"),
        "dictionary-twice": (label(["x", "x"], [0, 1, 0, 0]), "two equal entries"),
        "classes-twice": (label(["x", "x"], [0, 1, 0, 0], "label"), "two equal entries"),
        "dictionary-long": (rows_with(long_dictionary), "too many entries"),
        "dictionary-huge": (rows_with(huge_strings), "the header is shorter"),
    }


def bad_schema():
    """Frames that are not of their kind, and frames that do not go together."""
    swapped = [whole("repeat", [1, 1]), whole("split", [1, 2]), whole("fold", [1, 2]),
               whole("parent", [0, 0]), text("plan", ["0" * 32], [0, 0])]
    no_gap = fit_annotations(2) + [a for a in fitted(2) if b"gap" not in a]
    other_label = text("label", ["ill", "healthy"], [0, 1])
    truth = [block(3, FEATURES, [whole("truth", t)]) for t in ([1, 0, 0], [0, 1, 0])]
    return {
        "data-i16": (data(element=I16), "a data frame with elements of type i16"),
        "split-order": (split(swapped), "without the row annotation split in its place"),
        "split-bare": (frame(SPLIT, I16, 1, 1, [1], block(1, ["a"]), block(1)),
                       "without the row annotation split"),
        "prediction-type": (prediction(param=real("param", [1, 2])), "param is f64 instead of text"),
        "prediction-lead": (prediction(perm=None), "without the row annotation perm"),
        "prediction-gap": (frame(PREDICTION, F64, 2, 1, [1, 2], block(1, ["a"]),
                                 block(2, None, no_gap)), "without the row annotation gap"),
        "other-features": (data() + data(samples=list("efgh"), features=["TP53", "BRCA1", "KRAS"]),
                           "other features: \"EGFR\" (number 3"),
        "more-features": (data() + data([1, 2, 3, 4], samples=["e"], features=FEATURES + ["KRAS"],
                                        annotations=[]), "other features: \"KRAS\" (number 4"),
        "unnamed-features": (data() + frame(DATA, F32, 1, 3, [1, 2, 3], block(3),
                                            block(1, ["e"])), "not both name them"),
        "sample-again": (data() + data([1, 2, 3], samples=["c"], annotations=[]),
                         "the sample \"c\" is there twice"),
        "classes-order": (data() + data([1, 2, 3, 4, 5, 6], samples=["e", "f"],
                                        annotations=[other_label]), "the classes of `label`"),
        "text-and-number": (rows_with(real("age", [1, 2, 3, 4]))
                            + data([1, 2, 3], samples=["e"],
                                   annotations=[text("age", ["old"], [0])]),
                            "the annotation age is text in"),
        "column-annotation": (data(columns=truth[0])
                              + data([1, 2, 3], samples=["e"], columns=truth[1], annotations=[]),
                              "the column annotation truth is not the same"),
        "half-named": (data() + frame(DATA, F32, 1, 3, [1, 2, 3], block(3, FEATURES), block(1)),
                       "the rows have names in"),
    }


def unsupported():
    return {
        "version-2.0": (data(major=2), "byte 8: version 2.0 of the matrix stream is not supported"),
        "version-1.1": (data(minor=1), "byte 8: version 1.1 of the matrix stream is not supported"),
        "version-2.0-damaged": (change(data(major=2), 40, b"\xff"), "version 2.0"),
    }


def save(name, content):
    with open(os.path.join(HERE, name), "wb") as file:
        file.write(content)


def main():
    good_lines, bad_lines = [], []
    for name, (content, frames) in good().items():
        save("good-%s.eae" % name, content)
        good_lines += ["good-%s.eae\t%s\n" % (name, f.replace(" ", "\t")) for f in frames]
    for group, prefix in ((bad_outside(), "bad"), (bad_fields(), "bad"), (bad_header(), "bad"),
                          (bad_schema(), "bad"), (unsupported(), "unsupported")):
        for name, (content, words) in group.items():
            save("%s-%s.eae" % (prefix, name), content)
            bad_lines.append("%s-%s.eae\t%s\n" % (prefix, name, words))
    save("good.tsv", ("file\tkind\ttype\trows\tcols\tsum\tmissing\n" + "".join(good_lines)).encode())
    save("bad.tsv", ("file\twords\n" + "".join(bad_lines)).encode())


if __name__ == "__main__":
    main()
