"""contents.py SEED COUNT FILE... - change what is in streams that the programs wrote (values,
annotations, types, rows, names), write them again with all hashes right, and give them to every
program: none may crash, fail without a word, or fail after writing. A FILE is the output of
eae-view, eae-split (plan in the name) or eae-train (model in the name); the data for a model are in
the file of that name without .model. Prints what goes wrong, and leaves that stream behind."""
import os
import random
import shutil
import subprocess
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "..", "share", "python"))
import eaem

REALS = [0.0, -0.0, 1.0, -1.0, np.nan, np.inf, -np.inf, 1e300, -1e300, 5e-324, 0.5, 2.0, 1e18]
WHOLES = [0, 1, -1, 2, 3, 7, 100, 2**31, 2**62, -2**63 + 1, -2**63, 2**63 - 1]
SHORTS = [-1, 0, 1, 2, -2, 3, -32768, 32767]
WORDS = [None, "", "A", "B", "C", "0", "1", "-1", "tuned", "selected", "NA", "1e999", "svm", "logistic",
         "cox", "ridge", "test", "weights", "mean", "scale", "fill", "adjust", "sex", "sex=m", "@age",
         "7", "9e99", "covariate", "feature", "intercept"]

DATA = ["eae-split --kfold 3", "eae-split --kfold 2 --groups", "eae-split --holdout .3 --stratify=sex --inner 2",
        "eae-train svm", "eae-train logistic --adjust sex", "eae-train test", "eae-train test --stat limma",
        "eae-train test --stat spearman", "eae-train test --stat cox", "eae-train ridge",
        "eae-train linear --covariates age", "eae-train cox", "eae-view --impute knn:2",
        "eae-view --normalize quantile --log2=floor:1", "eae-view -O tsv", "eae-view -O libsvm",
        "eae-view --info", "eae-view --head", "eae-view --info --json", "eae-synth --rows 3"]
PLAN = ["eae-train svm", "eae-train svm --permute 2 --final --filter ttest:3",
        "eae-train logistic --covariates age --impute median", "eae-train linear",
        "eae-train ridge --lambda auto:3 --filter corr:3", "eae-train cox --permute 2",
        "eae-train svm --shard 2/3 --scale all", "eae-view --kind split -O tsv", "eae-view --info",
        "eae-split --plan-out plan.tsv --groups --kfold 3",
        "eae-train svm --class-weight balanced --loss squared-hinge --bias penalized",
        "eae-train svm --tune auc -C 0.1,1", "eae-train svm --kernel rbf", "eae-train als --rank 2",
        "eae-train enet --lambda auto:3", "eae-rfe svm --step 3 --final", "eae-rfe ridge --step 50%",
        "eae-rfe svm --select 1se --sizes 2,4", "eae-rfe cox --policy random --step 3"]
MODEL = ["eae-score", "eae-score --summary --ci bootstrap:20", "eae-score --ci delong",
         "eae-score --threshold youden", "eae-score --curve roc", "eae-score --curve pr --json",
         "eae-score --by model --summary", "eae-score --metrics auc,auprc,accuracy,mcc,kappa,macro-f1",
         "eae-score --metrics brier,logloss", "eae-score --metrics cindex,hr,hr-p",
         "eae-score --metrics mse,mae,r2,spearman", "eae-view --kind model -O tsv",
         "eae-view --kind prediction -O csv", "eae-view", "eae-view --head", "eae-view --samples p1,p2",
         "eae-score --compare", "eae-score --narrow", "eae-score --stability", "eae-score --top 1 --tie hr",
         "eae-score --curve size", "eae-score DATA --model", "eae-score DATA --predict --model",
         "eae-score DATA --all-models --predict --model"]


def some(rng, count):
    return rng.choice([1, 1, 2, max(1, count)])


def change_values(rng, f):
    for _ in range(some(rng, f.matrix.size)):
        if f.matrix.size:
            at = rng.randrange(f.matrix.shape[0]), rng.randrange(f.matrix.shape[1])
            f.matrix[at] = rng.choice(SHORTS if f.matrix.dtype.kind == "i" else REALS)


def changed(rng, old):
    new = list(old)
    from_what = WORDS if isinstance(old, eaem.Text) else WHOLES if np.asarray(old).dtype.kind == "i" else REALS
    for _ in range(some(rng, len(new))):
        if new:
            new[rng.randrange(len(new))] = rng.choice(from_what)
    return eaem.Text(new) if isinstance(old, eaem.Text) else np.array(new, np.asarray(old).dtype)


def change_annotation(rng, f):
    annot = rng.choice([f.row_annot, f.col_annot])
    if not annot:
        return
    name, how = rng.choice(list(annot)), rng.random()
    n = len(annot[name])
    if how < 0.7:
        annot[name] = changed(rng, annot[name])
    elif how < 0.8:
        del annot[name]
    elif how < 0.9:
        annot[name] = eaem.Text(rng.choice(WORDS) for _ in range(n))
    else:
        annot[name] = np.array([rng.choice(REALS) for _ in range(n)])


def picked(values, index, name):
    if isinstance(values, eaem.Text):
        return eaem.Text([values[i] for i in index], values.entries if name == "label" else None)
    return np.array(values)[index]


def change_shape(rng, f):
    rows = rng.random() < 0.5
    count = f.matrix.shape[0 if rows else 1]
    index = [rng.randrange(count) for _ in range(rng.choice([0, 1, count]))] if rows and count else \
        rng.sample(range(count), rng.choice([0, min(1, count), count]))
    annot, names = (f.row_annot, f.row_names) if rows else (f.col_annot, f.col_names)
    f.matrix = np.ascontiguousarray(f.matrix[index] if rows else f.matrix[:, index])
    names = names and [names[i] for i in index]
    annot = {name: picked(values, index, name) for name, values in annot.items()}
    if rows:
        f.row_annot, f.row_names = annot, names
    else:
        f.col_annot, f.col_names = annot, names


def change_names(rng, f):
    if rng.random() < 0.5:
        f.row_names = None
    else:
        f.col_names = None


def wrong(command, stream, data):
    words = command.split()
    words = [data if w == "DATA" else w for w in words] + [stream]
    done = subprocess.run(words, capture_output=True, timeout=120)
    if done.returncode not in (0, 1, 2) or (done.returncode and (done.stdout or not done.stderr)):
        return "status %d of: %s\n%s" % (done.returncode, " ".join(words), done.stderr.decode("latin-1"))
    return None


def main(seed, count, files):
    rng, bad = random.Random(seed), 0
    for number in range(count):
        name = rng.choice(files)
        frames = eaem.read(name)
        for f in frames:
            f.matrix = np.array(f.matrix)
        for _ in range(rng.choice([1, 1, 2, 4])):
            rng.choice([change_values, change_annotation, change_annotation, change_shape,
                        change_names])(rng, rng.choice(frames))
        try:
            eaem.write("changed.eae", frames)
        except eaem.StreamError:
            continue
        commands = PLAN if "plan" in name else MODEL if "model" in name else DATA
        for command in rng.sample(commands, 3):
            trouble = wrong(command, "changed.eae", name.replace(".model", ""))
            if trouble:
                bad += 1
                shutil.copy("changed.eae", "bad-%d-%d.eae" % (seed, number))
                print("stream %d of seed %d: %s" % (number, seed, trouble))
    return bad


if __name__ == "__main__":
    np.seterr(over="ignore")
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]) > 0)
