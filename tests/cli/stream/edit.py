"""edit.py IN OUT KIND STATEMENT - run a Python statement on the frame f of one kind and write the
stream again, all hashes right: what another program could have written. np and Text are known."""
import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "..", "share", "python"))
import eaem

source, target, kind, statement = sys.argv[1:]
frames = eaem.read(source)
for f in frames:
    f.matrix = np.array(f.matrix)
    if f.kind == kind:
        exec(statement, {"f": f, "np": np, "Text": eaem.Text})
eaem.write(target, frames)
