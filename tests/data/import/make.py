#!/usr/bin/env python3
"""Make the compressed and the binary fixtures of this folder (see README.md)."""
import bz2
import gzip
import lzma
import os
import struct
import subprocess
import zlib

import numpy as np

os.chdir(os.path.dirname(os.path.abspath(__file__)))


def write(name, data):
    with open(name, "wb") as f:
        f.write(data)


def bgzf_block(data):
    z = zlib.compressobj(6, zlib.DEFLATED, -15)
    body = z.compress(data) + z.flush()
    size = len(body) + 26
    head = b"\x1f\x8b\x08\x04" + b"\0" * 4 + b"\0\xff" + struct.pack("<H2sHH", 6, b"BC", 2, size - 1)
    return head + body + struct.pack("<II", zlib.crc32(data), len(data))


def main():
    text = open("small.tsv", "rb").read()
    cut = len(text) // 2
    one = gzip.compress(text, mtime=0)
    write("small.tsv.gz", one)
    write("members.tsv.gz", gzip.compress(text[:cut], mtime=0) + gzip.compress(text[cut:], mtime=0))
    write("blocks.tsv.bgz", b"".join(map(bgzf_block, (text[:cut], text[cut:], b""))))
    write("small.tsv.bz2", bz2.compress(text))
    write("small.tsv.xz", lzma.compress(text))
    subprocess.run(["zstd", "-qf", "small.tsv", "-o", "small.tsv.zst"], check=True)
    write("bad-crc.tsv.gz", one[:-8] + bytes([one[-8] ^ 1]) + one[-7:])
    write("bad-length.tsv.gz", one[:-1] + b"\1")
    write("bad-cut.tsv.gz", one[:-20])
    write("bad-rubbish.tsv.gz", one + b"rubbish")
    a = np.array([[1.5, -2, 3], [4, np.nan, 6.25]])
    np.save("c_f4.npy", a.astype("<f4"))
    np.save("fortran_f8.npy", np.asfortranarray(a))
    np.save("big_endian_i2.npy", np.array([[1, -2, 300], [-32768, 5, 6]], dtype=">i2"))
    np.save("bool.npy", np.array([True, False, True]))


main()
