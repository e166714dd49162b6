#!/usr/bin/python3
"""Nested cross-validation by scikit-learn: GridSearchCV on the inner splits of a plan, refitted on the
outer training samples, judged on the outer test samples.

usage: tune.py plan           > tests/data/expected/tune_plan.tsv
       tune.py study          > tests/data/expected/tune_study.tsv
       tune.py golub PLAN.tsv > tests/data/expected/tune_golub.tsv

The study is tests/data/train/study.tsv (train_options.py); the plan is made here by scikit-learn's
StratifiedKFold, outer and inner; in the third outer split some training samples count twice. The plan
of golub is one of eae-split (--kfold 3 --inner 3 --seed 4 --plan-out tests/data/expected/tune_golub_plan.tsv).
Parameters are listed from the strongest penalty down, so that the first of the best is the choice; figures
that are neither equal within 1e-12 nor 1e-7 apart would make the choice a matter of tolerance and are refused.
Rows: `label options split chosen sample class value`; options are the words of a command line.
"""
import sys
import warnings

import numpy as np
from scipy import stats
from sklearn.base import clone
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import make_scorer, roc_auc_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import train
import train_options

warnings.filterwarnings("ignore")

COSTS = [0.0003, 0.003, 0.03, 0.3, 3]
LAMBDAS = [10, 1, 0.1, 0.01, 0.001]


def write_plan():
    three = train_options.Study().three
    name = "D{:03d}".format
    print("split", "sample", "role", "parent", "count", sep="\t")
    outer = list(StratifiedKFold(3, shuffle=True, random_state=1).split(three, three))
    inner = 3
    for s, (train_rows, test_rows) in enumerate(outer, 1):
        count = {i: 2 if s == 3 and i % 4 == 0 else 1 for i in train_rows}
        for i in train_rows:
            print(s, name(i + 1), "train", 0, count[i], sep="\t")
        for i in test_rows:
            print(s, name(i + 1), "test", 0, 1, sep="\t")
        folds = StratifiedKFold(3, shuffle=True, random_state=s).split(train_rows, three[train_rows])
        for a, b in folds:
            inner += 1
            for i in train_rows[a]:
                print(inner, name(i + 1), "train", s, count[i], sep="\t")
            for i in train_rows[b]:
                print(inner, name(i + 1), "test", s, 1, sep="\t")


def read_plan(path, ids):
    """{outer: (train, test, [(inner train, inner test)])}; samples that count twice stand twice."""
    header, rows = train.read_table(path)
    where = {name: i for i, name in enumerate(ids)}
    splits = {}
    for r in (dict(zip(header, row)) for row in rows):
        s = splits.setdefault(int(r["split"]), {"parent": int(r["parent"]), "train": [], "test": []})
        s[r["role"]].extend([where[r["sample"]]] * int(r.get("count", 1)))
    return {s: (p["train"], p["test"], [(q["train"], q["test"]) for q in splits.values() if q["parent"] == s])
            for s, p in splits.items() if p["parent"] == 0}


def spearman(y, value):
    return stats.spearmanr(y, value).statistic


def macro_auc(fitted, x, y):
    value = fitted.decision_function(x)
    return np.mean([roc_auc_score(y == c, value[:, k]) for k, c in enumerate(fitted.classes_)])


# mcc is 0 here where it is 0/0; eAE leaves such a split out. No case may come to that.
SCORERS = {"auc": "roc_auc", "accuracy": "accuracy", "balanced": "balanced_accuracy", "mcc": "matthews_corrcoef",
           "f1": "f1", "logloss": "neg_log_loss", "auprc": "average_precision", "mse": "neg_mean_squared_error",
           "r2": "r2", "spearman": make_scorer(spearman), "macro-auc": macro_auc}


def svm(**more):
    return SVC(kernel="linear", tol=1e-10, **more), "svc__C", COSTS


def svm_one_vs_rest():
    """At large costs LIBSVM takes minutes to tell the middle class from the rest."""
    return OneVsRestClassifier(SVC(kernel="linear", tol=1e-7)), "onevsrestclassifier__estimator__C", [0.001, 0.01, 0.1]


def logistic(**more):
    return LogisticRegression(solver="newton-cholesky", tol=1e-12, **more), "logisticregression__C", COSTS


def softmax():
    model = LogisticRegression(solver="newton-cg", tol=1e-9, max_iter=1000, multi_class="multinomial")
    return model, "logisticregression__C", COSTS


class MeanRidge(Ridge):
    """The penalty in units of the mean loss, n the training samples."""

    def fit(self, X, y, sample_weight=None):
        given, self.alpha = self.alpha, self.alpha * len(y)
        super().fit(X, y, sample_weight)
        self.alpha = given
        return self


def ridge():
    return MeanRidge(solver="cholesky"), "meanridge__alpha", LAMBDAS


# label, model and its options, metric, its scorer, what is done before, learner
CASES = [
    ("two", "svm", "auc", "auc", (), svm()),
    ("two", "svm", "balanced", "balanced", (), svm()),
    ("two", "svm --class-weight 3,0.5", "accuracy", "accuracy", (), svm(class_weight={0: 3, 1: 0.5})),
    ("two", "svm --scale all", "auprc", "auprc", None, svm()),
    ("two", "svm --impute mean", "f1", "f1", ("mean",), svm()),
    ("two", "svm --filter anova:4", "auc", "auc", ("anova",), svm()),
    ("two", "logistic", "logloss", "logloss", (), logistic()),
    ("two", "logistic --class-weight balanced --filter anova:4 --impute median", "auc", "auc",
     ("median", "anova"), logistic(class_weight="balanced")),
    ("three", "svm", "balanced", "balanced", (), svm_one_vs_rest()),
    ("three", "logistic", "auc", "macro-auc", (), softmax()),
    ("three", "logistic", "logloss", "logloss", (), softmax()),
    ("target", "ridge", "mse", "mse", (), ridge()),
    ("target", "ridge", "r2", "r2", (), ridge()),
    ("target", "ridge", "spearman", "spearman", (), ridge()),
]
STEPS = {"mean": lambda: SimpleImputer(strategy="mean"), "median": lambda: SimpleImputer(strategy="median"),
         "anova": lambda: SelectKBest(f_classif, k=4)}


def best(figures, grid):
    top = max(figures)
    equal = [abs(top - f) <= 1e-12 for f in figures]
    assert all(e or top - f > 1e-7 for e, f in zip(equal, figures)), figures
    return grid[equal.index(True)]


def nested(learner, scorer, steps, x, y, splits):
    """Per outer split: the choice, and the values of the test samples, a column per class."""
    estimator, name, grid = learner
    if steps is None:
        x = StandardScaler().fit_transform(x)
    before = [] if steps is None else [*(STEPS[s]() for s in steps), StandardScaler()]
    pipeline = make_pipeline(*before, estimator)
    for split, (train_rows, test_rows, inner) in splits.items():
        search = GridSearchCV(pipeline, {name: grid}, scoring=SCORERS[scorer], cv=inner, refit=False)
        search.fit(x, y)
        choice = best(search.cv_results_["mean_test_score"], grid)
        fitted = clone(pipeline).set_params(**{name: choice}).fit(x[train_rows], y[train_rows])
        judge = fitted.decision_function if hasattr(fitted, "decision_function") else fitted.predict
        yield split, choice, test_rows, judge(x[test_rows]).reshape(len(test_rows), -1)


def write_cases(cases, ids, data, labels, splits):
    print("label", "options", "split", "chosen", "sample", "class", "value", sep="\t")
    for label, options, metric, scorer, steps, learner in cases:
        grid = ("--lambda " if options == "ridge" else "-C ") + ",".join(f"{p:g}" for p in learner[2])
        words = f"{options} {grid} --tune {metric}"
        for split, choice, rows, values in nested(learner, scorer, steps, data(options), labels[label], splits):
            for i, row in zip(rows, values):
                for c, value in enumerate(row):
                    name = "abc"[c] if len(row) > 1 else "NA"
                    print(label, words, split, f"{choice:g}", ids[i], name, f"{value:.10g}", sep="\t")


def write_study():
    study = train_options.Study()
    splits = read_plan(train_options.os.path.join(train_options.HERE, "..", "data", "expected", "tune_plan.tsv"),
                       study.ids)
    write_cases(CASES, study.ids, lambda o: study.holes if "--impute" in o else study.x,
                {"two": study.two, "three": study.three, "target": study.target}, splits)


def write_golub(plan):
    data = train_options.os.path.join(train_options.HERE, "..", "..", "share", "data", "golub", "golub.tsv.gz")
    ids, labels, x = train.read_data(data, "class")
    y = np.array([v == "AML" for v in labels], float)
    estimator, name, _ = svm()
    wide = (estimator, name, [1e-6, 1e-5, 1e-4, 1e-3, 1e-2])
    estimator, name, _ = logistic()
    cases = [("class", "svm", "mcc", "mcc", (), wide), ("class", "svm", "auc", "auc", (), wide),
             ("class", "logistic --filter anova:4", "logloss", "logloss", ("anova",), (estimator, name, COSTS))]
    write_cases(cases, ids, lambda _: x, {"class": y}, read_plan(plan, ids))


if __name__ == "__main__":
    {"plan": write_plan, "study": write_study, "golub": write_golub}[sys.argv[1]](*sys.argv[2:])
