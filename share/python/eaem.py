#!/usr/bin/env python3
"""Read and write the matrix stream of eAE (eae-matrix(5)) with numpy alone.

    import eaem
    for f in eaem.read("expr.eae"):
        print(f.kind, f.matrix.shape, f.row_annot["label"][:3])
    eaem.write("copy.eae", frames)

    python3 eaem.py info FILE

read() gives the frames of the stream as they stand there, not merged. Every check of the page is
made, the hashes included: XXH3-128 is implemented here after its specification (about 100 MB/s;
the module xxhash is used instead where it is installed).
"""
import json
import struct
import sys

import numpy as np

try:
    import xxhash
except ImportError:
    xxhash = None

# ---- XXH3, 128 bits, seed 0 --------------------------------------------------------------------

_SECRET = bytes.fromhex(
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671f"
    "cb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c"
    "3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8"
    "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364"
    "eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e"
    "2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e")
_P32_1, _P32_2, _P32_3 = 0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D
_P64_1, _P64_2, _P64_3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
_P64_4, _P64_5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5
_MX1, _MX2 = 0x165667919E3779F9, 0x9FB21C651E98DF25
_M = (1 << 64) - 1


def _u64(b, at):
    return int.from_bytes(b[at:at + 8], "little")


def _u32(b, at):
    return int.from_bytes(b[at:at + 4], "little")


def _swap(x, size):
    return int.from_bytes(x.to_bytes(size, "little"), "big")


def _avalanche64(h):
    h = (h ^ h >> 33) * _P64_2 & _M
    h = (h ^ h >> 29) * _P64_3 & _M
    return h ^ h >> 32


def _avalanche(h):
    h = (h ^ h >> 37) * _MX1 & _M
    return h ^ h >> 32


def _fold(a, b):
    p = a * b
    return (p & _M) ^ p >> 64


def _mix16(b, at, s):
    return _fold(_u64(b, at) ^ _u64(_SECRET, s), _u64(b, at + 8) ^ _u64(_SECRET, s + 8))


def _mix32(acc, b, first, second, s):
    lo = (acc[0] + _mix16(b, first, s)) & _M
    lo ^= (_u64(b, second) + _u64(b, second + 8)) & _M
    hi = (acc[1] + _mix16(b, second, s + 16)) & _M
    hi ^= (_u64(b, first) + _u64(b, first + 8)) & _M
    return lo, hi


def _close_medium(acc, n):
    lo = (acc[0] + acc[1]) & _M
    hi = (acc[0] * _P64_1 + acc[1] * _P64_4 + n * _P64_2) & _M
    return _avalanche(lo), -_avalanche(hi) & _M


def _up_to_16(b):
    n = len(b)
    if n == 0:
        return (_avalanche64(_u64(_SECRET, 64) ^ _u64(_SECRET, 72)),
                _avalanche64(_u64(_SECRET, 80) ^ _u64(_SECRET, 88)))
    if n <= 3:
        low = b[0] << 16 | b[n >> 1] << 24 | b[-1] | n << 8
        high = _swap(low, 4)
        high = (high << 13 | high >> 19) & 0xFFFFFFFF
        return (_avalanche64(low ^ _u32(_SECRET, 0) ^ _u32(_SECRET, 4)),
                _avalanche64(high ^ _u32(_SECRET, 8) ^ _u32(_SECRET, 12)))
    if n <= 8:
        keyed = (_u32(b, 0) | _u32(b, n - 4) << 32) ^ _u64(_SECRET, 16) ^ _u64(_SECRET, 24)
        m = keyed * (_P64_1 + (n << 2))
        lo, hi = m & _M, m >> 64
        hi = (hi + (lo << 1)) & _M
        lo ^= hi >> 3
        lo = (lo ^ lo >> 35) * _MX2 & _M
        return lo ^ lo >> 28, _avalanche(hi)
    lo, hi = _u64(b, 0), _u64(b, n - 8)
    m = (lo ^ hi ^ _u64(_SECRET, 32) ^ _u64(_SECRET, 40)) * _P64_1
    mlo, mhi = ((m & _M) + ((n - 1) << 54)) & _M, m >> 64
    hi ^= _u64(_SECRET, 48) ^ _u64(_SECRET, 56)
    mhi = (mhi + hi + (hi & 0xFFFFFFFF) * (_P32_2 - 1)) & _M
    mlo ^= _swap(mhi, 8)
    h = mlo * _P64_2
    return _avalanche(h & _M), _avalanche(((h >> 64) + mhi * _P64_2) & _M)


def _up_to_240(b):
    n = len(b)
    acc = (n * _P64_1 & _M, 0)
    if n <= 128:
        for i in range((n - 1) // 32, -1, -1):
            acc = _mix32(acc, b, 16 * i, n - 16 * (i + 1), 32 * i)
        return _close_medium(acc, n)
    for i in range(n // 32):
        if i == 4:
            acc = _avalanche(acc[0]), _avalanche(acc[1])
        acc = _mix32(acc, b, 32 * i, 32 * i + 16, 32 * i if i < 4 else 3 + 32 * (i - 4))
    if n // 32 == 4:
        acc = _avalanche(acc[0]), _avalanche(acc[1])
    return _close_medium(_mix32(acc, b, n - 16, n - 32, 103), n)


def _stripes(data, keys):
    """What some stripes (k x 8 lanes) add to the accumulators."""
    keyed = data ^ keys
    sums = ((keyed & np.uint64(0xFFFFFFFF)) * (keyed >> np.uint64(32))).sum(
        axis=-2, dtype=np.uint64)
    swapped = data.reshape(data.shape[:-1] + (4, 2))[..., ::-1].reshape(data.shape)
    return sums + swapped.sum(axis=-2, dtype=np.uint64)


def _merge_accumulators(acc, s, start):
    r = start
    for i in range(4):
        r += _fold(acc[2 * i] ^ _u64(_SECRET, s + 16 * i),
                   acc[2 * i + 1] ^ _u64(_SECRET, s + 16 * i + 8))
    return _avalanche(r & _M)


def _long(b):
    n = len(b)
    secret = np.array([[_u64(_SECRET, 8 * (i + j)) for j in range(8)] for i in range(17)],
                      dtype=np.uint64)
    blocks = (n - 1) // 1024
    acc = np.array([_P32_3, _P64_1, _P64_2, _P64_3, _P64_4, _P32_2, _P64_5, _P32_1],
                   dtype=np.uint64)
    prime, shift, last_key = np.uint64(_P32_1), np.uint64(47), secret[16]
    step = 4096
    for begin in range(0, blocks, step):  # what the blocks add does not depend on what was before
        m = min(step, blocks - begin)
        data = np.frombuffer(b, dtype="<u8", count=m * 128, offset=begin * 1024)
        for add in _stripes(data.reshape(m, 16, 8), secret[:16]):
            acc = acc + add
            acc = ((acc ^ acc >> shift) ^ last_key) * prime
    rest = (n - 1 - 1024 * blocks) // 64
    if rest:
        data = np.frombuffer(b, dtype="<u8", count=rest * 8, offset=1024 * blocks)
        acc = acc + _stripes(data.reshape(rest, 8), secret[:rest])
    data = np.frombuffer(bytes(b[n - 64:n]), dtype="<u8").reshape(1, 8)
    acc = acc + _stripes(data, np.frombuffer(_SECRET[121:185], dtype="<u8").reshape(1, 8))
    acc = [int(a) for a in acc]
    return (_merge_accumulators(acc, 11, n * _P64_1 & _M),
            _merge_accumulators(acc, 117, ~(n * _P64_2) & _M))


def xxh3_128_plain(b):
    """The 16 bytes of the hash of `b`, by the code above."""
    b = memoryview(b).cast("B")
    with np.errstate(over="ignore"):
        lo, hi = _up_to_16(b) if len(b) <= 16 else _up_to_240(b) if len(b) <= 240 else _long(b)
    return struct.pack(">QQ", hi, lo)


def xxh3_128(b):
    return xxhash.xxh3_128_digest(b) if xxhash else xxh3_128_plain(b)


# ---- frames ------------------------------------------------------------------------------------

KINDS = {1: "data", 2: "split", 3: "prediction", 4: "model", 5: "rank"}
TYPES = {1: "<f4", 2: "<f8", 3: "<i2", 4: "<i4", 5: "u1"}
MAGIC, FOOT, END = b"\x89EAE\r\n\x1a\n", b"EAEfoot\n", b"EAE-end\n"
MISSING = -(1 << 63)  # of an i64 annotation
_PREAMBLE = struct.Struct("<8sHHBBHQQQQQQ16s16s16s")
_FOOTER = struct.Struct("<8sQQQ16s16s")

_FIT = ([(n, "text") for n in ("model", "spec", "param", "chosen", "size", "plan")]
        + [(n, "i64") for n in ("split", "repeat", "fold", "perm")]
        + [("class", "text"), ("converged", "i64")])
_FITTED = [("objective", "f64"), ("gap", "f64"), ("iterations", "i64"), ("cut", "f64")]
_MODEL = [("part", "text"), ("term", "text"), ("intercept", "f64")]
LEAD = {"data": [], "prediction": _FIT, "model": _FIT, "rank": _FIT,
        "split": [(n, "i64") for n in ("split", "repeat", "fold", "parent")] + [("plan", "text")]}
MORE = {"data": [], "split": [], "rank": [], "prediction": _FITTED, "model": _MODEL + _FITTED}


class StreamError(ValueError):
    """The bytes are not a stream of version 1.0."""


class Text(list):
    """A text annotation: str, or None where missing. `entries`: its dictionary; for a label the
    list of classes, negative first."""

    def __init__(self, values=(), entries=None):
        super().__init__(values)
        if entries is None:
            entries = list(dict.fromkeys(v for v in self if v is not None))
        self.entries = entries


class Frame:
    """kind: "data", ...; matrix: 2-d array; names: list of str, or None; annotations: dict of
    float64 arrays, int64 arrays or Text; history: list of JSON lines."""

    def __init__(self, kind, matrix, row_names=None, col_names=None, row_annot=None,
                 col_annot=None, history=None):
        self.kind, self.matrix = kind, matrix
        self.row_names, self.col_names = row_names, col_names
        self.row_annot, self.col_annot = row_annot or {}, col_annot or {}
        self.history = history or []
        self.content = None  # 32 hexadecimal digits, once read or written


def _up(n, align):
    return -(-n // align) * align


def _annot_type(values):
    if isinstance(values, Text):
        return "text"
    return "i64" if np.asarray(values).dtype.kind == "i" else "f64"


def _need(condition, at, text):
    if not condition:
        raise StreamError("byte %d: %s" % (at, text))


def _check_axis(kind, axis, count, names, annot, unique):
    lists = [(axis + " annotation", list(annot), True)]
    if names is not None:
        if len(names) != count:
            raise StreamError("%s names: %d instead of %d" % (axis, len(names), count))
        lists.append((axis, names, unique))
    for what, words, differ in lists:
        for w in words:
            raw = w.encode("utf-8", "surrogateescape")
            if not raw or min(raw) < 32 or 127 in raw:
                raise StreamError("%s frame: %s name %r" % (kind, what, w))
        if differ and len(set(words)) != len(words):
            raise StreamError("%s frame: two %ss of the same name" % (kind, what))


def check(f):
    """What the page asks of a frame of each kind; StreamError if it does not hold."""
    rows, cols = f.matrix.shape
    _check_axis(f.kind, "row", rows, f.row_names, f.row_annot, f.kind == "data")
    _check_axis(f.kind, "column", cols, f.col_names, f.col_annot, True)
    if (cols == 0 and rows > 0 and f.row_names is None) or \
            (rows == 0 and cols > 0 and f.col_names is None):
        raise StreamError("an empty %s frame without names" % f.kind)
    fits = {"data": ("f4", "f8"), "split": ("i2",), "prediction": ("f8",), "model": ("f8",)}
    if f.kind in fits and f.matrix.dtype.str[1:] not in fits[f.kind]:
        raise StreamError("%s frame of type %s" % (f.kind, f.matrix.dtype))
    names = list(f.row_annot)
    for i, (name, kind) in enumerate(LEAD[f.kind]):
        if names[i:i + 1] != [name] or _annot_type(f.row_annot[name]) != kind:
            raise StreamError("%s frame: row annotation %s is not in its place" % (f.kind, name))
    for name, kind in MORE[f.kind]:
        if name not in f.row_annot or _annot_type(f.row_annot[name]) != kind:
            raise StreamError("%s frame: no row annotation %s" % (f.kind, name))


# ---- reading -----------------------------------------------------------------------------------

class _Cursor:
    """Bytes of an axis block, which begin at byte `base` of the stream."""

    def __init__(self, data, base):
        self.data, self.base, self.at = data, base, 0

    def take(self, n):
        _need(n <= len(self.data) - self.at, self.base + self.at, "the header is too short")
        self.at += n
        return self.data[self.at - n:self.at]

    def numbers(self, dtype, count):
        return np.frombuffer(self.take(count * np.dtype(dtype).itemsize), dtype=dtype)

    def number(self, dtype):
        return int(self.numbers(dtype, 1)[0])

    def pad(self):
        _need(not any(self.take(-self.at % 8)), self.base + self.at, "padding is not zero")

    def strings(self, count, total):
        lengths = self.numbers("<u4", count).tolist()
        self.pad()
        raw = bytes(self.take(total))
        self.pad()
        _need(sum(lengths) == total and 0 not in raw, self.base + self.at, "damaged strings")
        ends = np.cumsum(lengths).tolist()
        return [raw[e - n:e].decode("utf-8", "surrogateescape") for e, n in zip(ends, lengths)]


def _read_text(c, count, name):
    entries, total = c.number("<u8"), c.number("<u8")
    entries = c.strings(entries, total)
    codes = c.numbers("<i4", count)
    c.pad()
    _need(len(set(entries)) == len(entries), c.base + c.at, "a dictionary entry twice")
    _need(count == 0 or -1 <= codes.min() and codes.max() < len(entries), c.base + c.at,
          "a code outside its dictionary")
    text = Text([None if k < 0 else entries[k] for k in codes.tolist()], entries)
    canonical = list(dict.fromkeys(v for v in text if v is not None))
    _need(name == "label" or canonical == entries, c.base + c.at,
          "a dictionary is not in order of first appearance")
    return text


def _read_block(data, base, count):
    c = _Cursor(data, base)
    _need(c.number("<u8") == count, base, "another count than in the preamble")
    annotations, flags = c.number("<u4"), c.number("<u4")
    _need(flags <= (1 if count else 0), base + 12, "unknown flags of an axis")
    names, annot = None, {}
    if flags:
        total = c.number("<u8")
        names = c.strings(count, total)
    for _ in range(annotations):
        kind, length = c.number("<u4"), c.number("<u4")
        name = bytes(c.take(length)).decode("utf-8", "surrogateescape")
        c.pad()
        _need(kind in (1, 2, 3) and name not in annot, base + c.at, "a damaged annotation column")
        annot[name] = (c.numbers("<f8", count).copy() if kind == 1 else
                       c.numbers("<i8", count).copy() if kind == 2 else
                       _read_text(c, count, name))
    _need(c.at == len(data), base + c.at, "the header is too long")
    return names, annot


def _read_preamble(data, at):
    _need(bytes(data[at:at + 8]) == MAGIC[:len(data) - at], at, "not a frame")
    _need(len(data) - at >= 128, at, "truncated")
    p = _PREAMBLE.unpack_from(data, at)
    _need(p[1:3] == (1, 0), at + 8, "version %d.%d is not supported" % p[1:3])
    _need(xxh3_128(data[at:at + 112]) == bytes(data[at + 112:at + 128]), at, "damaged preamble")
    kind, kind_of_element, flags, rows, cols, header, column, offset, length = p[3:12]
    _need(kind in KINDS, at + 12, "unknown kind of frame %d" % kind)
    _need(kind_of_element in TYPES, at + 13, "unknown element type %d" % kind_of_element)
    _need(flags <= 1 and (column == 0) == (flags == 1), at + 14, "unknown flags")
    _need(p[14] == bytes(16), at + 96, "a reserved field is not zero")
    _need(column <= header and header % 8 == column % 8 == 0, at + 32, "impossible header")
    _need(offset == _up(128 + header, 64), at + 48, "impossible payload offset")
    _need(length == rows * cols * np.dtype(TYPES[kind_of_element]).itemsize, at + 56,
          "impossible payload length")
    _need(offset + length <= len(data) - at, len(data), "truncated")
    return kind, kind_of_element, rows, cols, header, column, offset, length, p[12], p[13]


def _read_footer(data, at, foot):
    """Footer at byte `foot` of the frame at `at`; gives its hashes, the history and its end."""
    _need(foot + 64 <= len(data), len(data), "truncated")
    magic, length, history, zero, payload, content = _FOOTER.unpack_from(data, foot)
    _need(magic == FOOT, foot, "no footer")
    _need(length == _up(96 + history, 64), foot + 8, "impossible footer length")
    end = foot + length
    _need(end <= len(data), len(data), "truncated")
    _need(xxh3_128(data[foot:end - 32]) == bytes(data[end - 32:end - 16]), foot, "damaged footer")
    _need(zero == 0 and not any(data[foot + 64 + history:end - 32]), foot + 24, "not zero")
    _need(bytes(data[end - 16:end - 8]) == END, end - 16, "no end mark")
    _need(_u64(data, end - 8) == end - at, end - 8, "another frame length")
    text = bytes(data[foot + 64:foot + 64 + history])
    lines = text.split(b"\n")
    _need(lines.pop() == b"" and all(x[:1] == b"{" and min(x) >= 32 for x in lines), foot + 64,
          "damaged history")
    return payload, content, [x.decode("utf-8", "surrogateescape") for x in lines], end


def _read_frame(data, at, columns):
    (kind, element, rows, cols, header, column, offset, length, column_hash,
     row_hash) = _read_preamble(data, at)
    body, payload_at = at + 128, at + offset
    foot = at + _up(offset + length, 64)
    if column:
        _need(xxh3_128(data[body:body + column]) == column_hash, body, "damaged columns")
        columns[column_hash] = (body, column)
    _need(column_hash in columns, at + 64, "no frame before has the columns that are left out")
    row_block = data[body + column:body + header]
    _need(xxh3_128(row_block) == row_hash, body + column, "damaged rows")
    _need(not any(data[body + header:payload_at]), body + header, "padding is not zero")
    _need(not any(data[payload_at + length:foot]), payload_at + length, "padding is not zero")
    payload_hash, content, history, end = _read_footer(data, at, foot)
    payload = data[payload_at:payload_at + length]
    _need(xxh3_128(payload) == payload_hash, payload_at, "damaged payload")
    identity = xxh3_128(struct.pack("<BB6xQQ", kind, element, rows, cols)
                        + column_hash + row_hash + payload_hash)
    _need(identity == content, foot + 48, "another content identity")
    where, n = columns[column_hash]
    col_names, col_annot = _read_block(data[where:where + n], where, cols)
    row_names, row_annot = _read_block(row_block, body + column, rows)
    matrix = np.frombuffer(payload, dtype=TYPES[element]).reshape(rows, cols)
    f = Frame(KINDS[kind], matrix, row_names, col_names, row_annot, col_annot, history)
    f.content = content.hex()
    check(f)
    return f, end


def read(path):
    """The frames of a file, or of standard input for "-"."""
    if path == "-":
        data = memoryview(sys.stdin.buffer.read())
    else:
        with open(path, "rb") as file:
            data = memoryview(file.read())
    frames, columns, at = [], {}, 0
    _need(len(data) > 0, 0, "empty")
    while at < len(data):
        f, at = _read_frame(data, at, columns)
        frames.append(f)
    return frames


# ---- writing -----------------------------------------------------------------------------------

def _strings(words, before):
    """The list of strings, `before` bytes after the beginning of the block."""
    raw = [w.encode("utf-8", "surrogateescape") for w in words]
    text = b"".join(raw)
    out = struct.pack("<%dI" % len(raw), *map(len, raw))
    out += bytes(-(before + len(out)) % 8)
    return out + text + bytes(-len(text) % 8), len(text)


def _canonical(a):
    a = np.array(a, order="C")
    if a.dtype.kind == "f":
        a[np.isnan(a)] = np.nan  # numpy's nan has the bits the page asks for
    return a


def _write_annotation(name, values):
    raw = name.encode("utf-8", "surrogateescape")
    kind = {"f64": 1, "i64": 2, "text": 3}[_annot_type(values)]
    out = struct.pack("<II", kind, len(raw)) + raw
    out += bytes(-len(out) % 8)
    if kind == 1:
        return out + _canonical(np.asarray(values, dtype="<f8")).tobytes()
    if kind == 2:
        return out + np.asarray(values, dtype="<i8").tobytes()
    entries = values.entries
    if name != "label":
        entries = list(dict.fromkeys(v for v in values if v is not None))
    code = {e: i for i, e in enumerate(entries)}
    text, total = _strings(entries, 0)
    out += struct.pack("<QQ", len(entries), total) + text
    out += np.array([-1 if v is None else code[v] for v in values], dtype="<i4").tobytes()
    return out + bytes(-len(out) % 8)


def _write_block(count, names, annot):
    named = names is not None and count > 0
    out = struct.pack("<QII", count, len(annot), 1 if named else 0)
    if named:
        text, total = _strings(names, 0)
        out += struct.pack("<Q", total) + text
    for name, values in annot.items():
        if len(values) != count:
            raise StreamError("annotation %s: %d values instead of %d" % (name, len(values), count))
        out += _write_annotation(name, values)
    return out


def _write_frame(f, known):
    check(f)
    matrix = _canonical(f.matrix)
    kind = {v: k for k, v in KINDS.items()}[f.kind]
    element = {np.dtype(v): k for k, v in TYPES.items()}[matrix.dtype.newbyteorder("<")]
    matrix = matrix.astype(TYPES[element], copy=False)
    rows, cols = matrix.shape
    columns = _write_block(cols, f.col_names, f.col_annot)
    row_block = _write_block(rows, f.row_names, f.row_annot)
    column_hash, row_hash = xxh3_128(columns), xxh3_128(row_block)
    left_out = column_hash in known
    known.add(column_hash)
    header = (b"" if left_out else columns) + row_block
    payload = matrix.tobytes()
    offset = _up(128 + len(header), 64)
    out = _PREAMBLE.pack(MAGIC, 1, 0, kind, element, int(left_out), rows, cols, len(header),
                         0 if left_out else len(columns), offset, len(payload), column_hash,
                         row_hash, bytes(16))
    out += xxh3_128(out) + header + bytes(offset - 128 - len(header)) + payload
    out += bytes(-len(out) % 64)
    payload_hash = xxh3_128(payload)
    content = xxh3_128(struct.pack("<BB6xQQ", kind, element, rows, cols) + column_hash + row_hash
                       + payload_hash)
    history = "".join(x + "\n" for x in f.history).encode("utf-8", "surrogateescape")
    length = _up(96 + len(history), 64)
    foot = _FOOTER.pack(FOOT, length, len(history), 0, payload_hash, content) + history
    foot += bytes(length - 32 - len(foot))
    foot += xxh3_128(foot) + END
    f.content = content.hex()
    return out + foot + struct.pack("<Q", len(out) + length)


def write(path, frames):
    """Write frames to a file, or to standard output for "-"."""
    known = set()
    data = [_write_frame(f, known) for f in frames]
    if path == "-":
        sys.stdout.buffer.write(b"".join(data))
        return
    with open(path, "wb") as file:
        for d in data:
            file.write(d)


# ---- the program -------------------------------------------------------------------------------

def info(frames):
    """What `eaem.py info` prints: one JSON object a frame."""
    for f in frames:
        yield {"kind": f.kind, "type": f.matrix.dtype.name, "rows": f.matrix.shape[0],
               "cols": f.matrix.shape[1], "content": f.content,
               "row_names": f.row_names is not None, "col_names": f.col_names is not None,
               "row_annotations": {k: _annot_type(v) for k, v in f.row_annot.items()},
               "col_annotations": {k: _annot_type(v) for k, v in f.col_annot.items()},
               "history": len(f.history)}


def main(argv):
    if len(argv) != 3 or argv[1] != "info":
        sys.stderr.write("usage: eaem.py info FILE\n")
        return 2
    try:
        for line in info(read(argv[2])):
            print(json.dumps(line))
    except (StreamError, OSError) as e:
        sys.stderr.write("eaem.py: %s: %s\n" % (argv[2], e))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
