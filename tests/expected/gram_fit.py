#!/usr/bin/env python3
"""Expected objectives and decision values for tests/unit/test_gram_expected.c.

Independent solvers: LIBSVM and LIBLINEAR through scikit-learn, scikit-learn's own linear models,
scipy's optimisers on the primal variables (w, gamma, intercept), numpy's least squares. Nothing
here sees a Gram matrix except SVC(kernel="precomputed") for the squared hinge.

Output (tests/data/expected/gram_fit.txt), numbers in %.17g:
    data NAME rows features covariates classes
    one line per row: y class target weight covariates... features...
    fit DATA KIND C weighted covariates objective
    one line per output (one, or one per class) of decision values of the rows
Run from the root of the tree: tests/expected/gram_fit.py
"""
import sys
import warnings

import numpy as np
from scipy.optimize import minimize
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.svm import SVC, LinearSVC

warnings.filterwarnings("ignore")


def make(seed, n, p, terms, classes, positive):
    rng = np.random.default_rng(seed)
    y = np.where(np.arange(n) < positive, 1, -1)
    k = np.arange(n) % classes
    x = rng.normal(size=(n, p))
    x[:, 0] += 0.8 * y
    x[:, 1] += 0.9 * k
    u = rng.normal(size=(n, terms))
    target = x[:, 0] - 0.5 * x[:, 1] + 2 + rng.normal(size=n)
    weight = rng.integers(1, 4, size=n)
    return dict(x=x.round(4), y=y, k=k, u=u.round(4), t=target.round(4), weight=weight)


def margins(loss, m):
    if loss == "hinge":
        return np.maximum(m, 0)
    if loss == "squared-hinge":
        return np.maximum(m, 0) ** 2
    return np.logaddexp(0, m - 1)


def two_class_objective(d, f, w, cost, loss, bias=0.0):
    return 0.5 * (w @ w + bias * bias) + np.sum(cost * margins(loss, 1 - d["y"] * f))


def hinge(d, c, cost):
    """LIBSVM, whose kernel values are single precision; then the free vectors that it names are put
    on their margins exactly, and the optimality conditions are checked."""
    m = SVC(kernel="linear", C=1.0, tol=1e-12).fit(d["x"], d["y"], sample_weight=cost)
    b = np.zeros(len(cost))
    b[m.support_] = m.dual_coef_[0]
    a = b * d["y"]
    free, bound = (a > 1e-6 * cost) & (a < (1 - 1e-6) * cost), a >= (1 - 1e-6) * cost
    b = np.where(bound, cost * d["y"], 0.0)
    gram, count = d["x"] @ d["x"].T, free.sum()
    intercept = m.intercept_[0]
    if count:
        system = np.ones((count + 1, count + 1))
        system[:count, :count] = gram[np.ix_(free, free)]
        system[count, count] = 0
        rhs = np.append((d["y"] - gram @ b)[free], -b.sum())
        solution = np.linalg.lstsq(system, rhs, rcond=None)[0]
        b[free], intercept = solution[:count], solution[count]
    f, a = gram @ b + intercept, b * d["y"]
    margin = d["y"] * f - 1
    assert (a > -1e-12).all() and (a < cost * (1 + 1e-12)).all() and abs(b.sum()) < 1e-9
    assert (margin[a == 0] > -1e-6).all() and (margin[bound] < 1e-6).all()
    return f, two_class_objective(d, f, d["x"].T @ b, cost, "hinge")


def squared_hinge(d, c, cost):
    gram = d["x"] @ d["x"].T + np.diag(0.5 / cost)
    m = SVC(kernel="precomputed", C=1e12, tol=1e-13).fit(gram, d["y"])
    b = np.zeros(len(cost))
    b[m.support_] = m.dual_coef_[0]
    w = d["x"].T @ b
    f = d["x"] @ w + m.intercept_[0]
    return f, two_class_objective(d, f, w, cost, "squared-hinge")


def penalised(loss):
    def fit(d, c, cost):
        name = {"hinge": "hinge", "squared-hinge": "squared_hinge"}[loss]
        m = LinearSVC(loss=name, C=1.0, tol=1e-12, max_iter=400000, dual=loss == "hinge",
                      random_state=0)
        m.fit(d["x"], d["y"], sample_weight=cost)
        f = m.decision_function(d["x"])
        return f, two_class_objective(d, f, m.coef_[0], cost, loss, m.intercept_[0])
    return fit


def logistic(d, c, cost):
    m = LogisticRegression(C=1.0, tol=1e-12, solver="newton-cg", max_iter=10000)
    m.fit(d["x"], d["y"], sample_weight=cost)
    f = m.decision_function(d["x"])
    return f, two_class_objective(d, f, m.coef_[0], cost, "logistic")


def softmax(d, c, cost):
    m = LogisticRegression(C=1.0, tol=1e-12, solver="newton-cg", max_iter=10000,
                           multi_class="multinomial")
    m.fit(d["x"], d["k"], sample_weight=cost)
    z = np.hstack([d["x"], np.ones((len(cost), 1))])
    v = np.hstack([m.coef_, m.intercept_[:, None]])
    classes, size = v.shape
    hit = np.eye(classes)[d["k"]]
    for _ in range(5):  # scikit-learn stops early: a few Newton steps more
        f = z @ v.T
        pi = np.exp(f - np.logaddexp.reduce(f, axis=1)[:, None])
        keep = np.append(np.ones(size - 1), 0)
        gradient = (keep * v - ((hit - pi) * cost[:, None]).T @ z).ravel()
        hessian = np.diag(np.tile(keep, classes))
        for i in range(len(cost)):
            w = cost[i] * (np.diag(pi[i]) - np.outer(pi[i], pi[i]))
            hessian += np.kron(w, np.outer(z[i], z[i]))
        v = v - np.linalg.lstsq(hessian, gradient, rcond=1e-12)[0].reshape(v.shape)
    assert np.abs(gradient).max() < 1e-8
    v[:, -1] -= v[:, -1].mean()
    f = z @ v.T
    loss = np.logaddexp.reduce(f, axis=1) - f[np.arange(len(cost)), d["k"]]
    return f.T, 0.5 * np.sum(v[:, :-1] ** 2) + np.sum(cost * loss)


def ridge(d, c, cost):
    m = Ridge(alpha=1.0, solver="svd", tol=1e-14).fit(d["x"], d["t"], sample_weight=cost)
    f = m.predict(d["x"])
    return f, 0.5 * np.sum(m.coef_ ** 2) + 0.5 * np.sum(cost * (d["t"] - f) ** 2)


def linear(d, c, cost):
    m = LinearRegression().fit(d["x"], d["t"], sample_weight=cost)
    f = m.predict(d["x"])
    return f, 0.5 * np.sum(cost * (d["t"] - f) ** 2)


def border_least_squares(d, c, cost, penalty):
    """Ridge (penalty 1) or least squares (0) with covariates, as one augmented system."""
    n, p = d["x"].shape
    e = np.hstack([np.ones((n, 1)), d["u"]])
    root = np.sqrt(cost)[:, None]
    a = np.vstack([root * np.hstack([d["x"], e]),
                   penalty * np.hstack([np.eye(p), np.zeros((p, e.shape[1]))])])
    b = np.concatenate([root[:, 0] * d["t"], np.zeros(p)])
    v = np.linalg.lstsq(a, b, rcond=None)[0]
    f = d["x"] @ v[:p] + e @ v[p:]
    return f, 0.5 * penalty * np.sum(v[:p] ** 2) + 0.5 * np.sum(cost * (d["t"] - f) ** 2)


def logistic_covariates(d, c, cost):
    n, p = d["x"].shape
    z = np.hstack([d["x"], np.ones((n, 1)), d["u"]])
    keep = np.concatenate([np.ones(p), np.zeros(z.shape[1] - p)])

    def value(v):
        return 0.5 * np.sum(keep * v * v) + np.sum(cost * np.logaddexp(0, -d["y"] * (z @ v)))

    v = np.zeros(z.shape[1])
    for _ in range(100):
        s = 1 / (1 + np.exp(d["y"] * (z @ v)))
        gradient = keep * v - z.T @ (cost * d["y"] * s)
        hessian = np.diag(keep) + z.T @ ((cost * s * (1 - s))[:, None] * z)
        step, t = np.linalg.solve(hessian, gradient), 1.0
        while value(v - t * step) > value(v) and t > 1e-8:
            t /= 2
        v = v - t * step
    assert np.abs(gradient).max() < 1e-9
    return z @ v, value(v)


def hinge_covariates(d, c, cost):
    """Dual with one equality per covariate by SLSQP; w and the border from its solution."""
    n = len(cost)
    q = (d["x"] * d["y"][:, None]) @ (d["x"] * d["y"][:, None]).T
    e = np.hstack([np.ones((n, 1)), d["u"]])
    eq = (e * d["y"][:, None]).T
    r = minimize(lambda a: 0.5 * a @ q @ a - a.sum(), np.zeros(n), jac=lambda a: q @ a - 1,
                 bounds=list(zip(np.zeros(n), cost)), method="SLSQP",
                 constraints=dict(type="eq", fun=lambda a: eq @ a, jac=lambda a: eq),
                 options=dict(ftol=1e-16, maxiter=5000))
    a = r.x
    w = d["x"].T @ (a * d["y"])
    free = (a > 1e-7 * cost) & (a < cost * (1 - 1e-7))
    assert free.sum() >= e.shape[1]
    g = np.linalg.lstsq(e[free], (d["y"] - d["x"] @ w)[free], rcond=None)[0]
    f = d["x"] @ w + e @ g
    primal = two_class_objective(d, f, w, cost, "hinge")
    assert abs(primal + r.fun) < 1e-8 * abs(primal), (primal, r.fun)
    return f, primal


def main(path):
    data = {"tall": make(1, 30, 4, 1, 3, 13), "wide": make(2, 16, 40, 1, 4, 5),
            "single": make(3, 14, 20, 1, 3, 1)}
    with open(path, "w") as out:
        def line(values):
            print(" ".join("%.17g" % v for v in values), file=out)

        for name, d in data.items():
            print("data", name, *d["x"].shape, d["u"].shape[1], d["k"].max() + 1, file=out)
            for row in np.column_stack([d["y"], d["k"], d["t"], d["weight"], d["u"], d["x"]]):
                line(row)
        kinds = [("hinge", hinge, 0), ("squared-hinge", squared_hinge, 0),
                 ("hinge-penalised", penalised("hinge"), 0),
                 ("squared-hinge-penalised", penalised("squared-hinge"), 0),
                 ("logistic", logistic, 0), ("softmax", softmax, 0), ("ridge", ridge, 0),
                 ("linear", linear, 0), ("hinge", hinge_covariates, 1),
                 ("logistic", logistic_covariates, 1),
                 ("ridge", lambda d, c, k: border_least_squares(d, c, k, 1.0), 1),
                 ("linear", lambda d, c, k: border_least_squares(d, c, k, 0.0), 1)]
        for name, d in data.items():
            for kind, fit, covariates in kinds:
                for c in (1.0,) if kind == "linear" else (0.01, 0.3, 10.0):
                    for weighted in (0, 1):
                        # one against all with a covariate: nearly separable, unbounded at large C
                        if covariates and name != "tall":
                            continue
                        if kind == "linear" and name != "tall":
                            continue
                        cost = c * (d["weight"] if weighted else np.ones(len(d["y"])))
                        f, objective = fit(d, c, cost)
                        print("fit", name, kind, c, weighted, covariates, "%.17g" % objective,
                              file=out)
                        for row in np.atleast_2d(f):
                            line(row)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "tests/data/expected/gram_fit.txt")
