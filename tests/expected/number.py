#!/usr/bin/env python3
"""Shortest decimals by Python (double) and numpy (float) of hard and of random numbers.

Writes tests/data/number/shortest.tsv: type, bits in hexadecimal, digits, decimal exponent of the
first digit. Cases: powers of two and ten and their neighbours, subnormals, the ends of the range,
and random bit patterns.
"""
import random
import struct
import sys

import numpy as np


def digits(text):
    mantissa, exponent = text.lower().split("e")
    whole = mantissa.replace(".", "").rstrip("0") or "0"
    return whole, int(exponent)


def doubles(rng):
    yield from (5e-324, 2.2250738585072014e-308, 2.225073858507201e-308, 1.7976931348623157e308)
    yield from (9007199254740993.0, 2.0**53, 2.0**-44, 0.1, 0.3, 1e22, 1e23, 9.5e-7, 123456.789)
    for e in range(-1074, 1024, 40):
        x = 2.0**e
        yield from (x, np.nextafter(x, 0) or x, np.nextafter(x, np.inf))
    for e in range(-320, 309, 16):
        x = float("1e%d" % e)
        yield from (x, np.nextafter(x, 0), np.nextafter(x, np.inf))
    for _ in range(100):
        x = struct.unpack("<d", struct.pack("<Q", rng.getrandbits(63)))[0]
        if np.isfinite(x):
            yield x


def floats(rng):
    for e in range(-149, 128, 7):
        x = np.float32(2.0**e)
        yield from (x, np.nextafter(x, np.float32(np.inf)))
    for _ in range(100):
        x = np.frombuffer(struct.pack("<I", rng.getrandbits(31)), "<f4")[0]
        if np.isfinite(x):
            yield x


def main():
    rng = random.Random(1)
    out = open(sys.argv[1] if len(sys.argv) > 1 else "tests/data/number/shortest.tsv", "w")
    print("type\tbits\tdigits\texponent", file=out)
    for x in doubles(rng):
        d, e = digits(np.format_float_scientific(np.float64(x), unique=True))
        assert float(repr(float(x))) == float("%s.%se%d" % (d[0], d[1:] or "0", e))
        print("f64\t%016x\t%s\t%d" % (struct.unpack("<Q", struct.pack("<d", x))[0], d, e), file=out)
    for x in floats(rng):
        d, e = digits(np.format_float_scientific(x, unique=True))
        print("f32\t%08x\t%s\t%d" % (struct.unpack("<I", x.tobytes())[0], d, e), file=out)


main()
