#!/usr/bin/env bats
# share/notebooks run from the first cell to the last.

load ../helpers

SHARE=$BATS_TEST_DIRNAME/../../../share

@test "leukaemia.ipynb: every cell runs, and finds what its text says" {
    PATH=$(dirname "$(command -v eae-view)"):/usr/bin:/bin
    command -v jupyter-nbconvert >/dev/null || skip "jupyter-nbconvert is not installed"
    python3 -c 'import ipykernel, numpy' 2>/dev/null || skip "no python3 with ipykernel and numpy"
    for program in eae-enrich eae-plot; do
        command -v $program >/dev/null || skip "$program is not built"
    done
    # the kernel works where the notebook is
    cp "$SHARE/notebooks/leukaemia.ipynb" .
    EAE_SHARE=$(cd "$SHARE" && pwd)
    export EAE_SHARE HOME=$WORK JUPYTER_PLATFORM_DIRS=0 PAGER=cat
    must_pass jupyter-nbconvert --to notebook --execute --output done.ipynb leukaemia.ipynb
    python3 - <<'END'
import json
cells = [c for c in json.load(open("done.ipynb"))["cells"] if c["cell_type"] == "code"]
assert all(c["execution_count"] for c in cells) and len(cells) == 9
text = "".join("".join(o.get("text", [])) + "".join(o.get("data", {}).get("text/html", []))
               + "".join(o.get("data", {}).get("text/plain", [])) for c in cells for o in c["outputs"])
for word in ("(72, 7129)", "'AML': 25", "0.8888888", "M27891_at", "Neutrophil degranulation"):
    assert word in text, word
pictures = [o for c in cells for o in c["outputs"] if "image/png" in o.get("data", {})]
assert len(pictures) == 3, len(pictures)
END
}

@test "notebooks are kept without outputs" {
    for notebook in "$SHARE"/notebooks/*.ipynb; do
        grep -q '"outputs": \[\]' "$notebook"
        ! grep -E '"(image/png|text/plain)"|"execution_count": [0-9]' "$notebook" || fail "$notebook has outputs"
    done
}
