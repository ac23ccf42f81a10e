#!/usr/bin/env python3
"""Ablations of the accuracy predictor on NAS-Bench-Macro, and its estimator written a second time.

    nas_bench_macro.py check  TRUTH.json QUALITIES.csv PREDICTED.csv   # `tessera rank --samples N --draws 1 --out DIR`
    nas_bench_macro.py ablate TRUTH.json QUALITIES.csv [DRAWS]
    nas_bench_macro.py front  TRUTH.json QUALITIES.csv [DRAWS]

Needs numpy alone. Where QUALITIES.csv has a column loss_rise, fits use it as the program's do. Every variant sees
the same draws of the samples, and of the table nothing but the rows drawn."""
import csv
import json
import sys

import numpy as np

BLOCKS = 8


def digit_of(choice):
    return 0 if choice.startswith("identity") else 1 if "kernel=3" in choice else 2


def load(truth_file, quality_file, column="nsr"):
    truth = json.load(open(truth_file))
    names = list(truth)
    digits = np.array([[int(c) for c in name] for name in names])
    accuracy = np.array([truth[n]["mean_acc"] for n in names]) / 100
    costs = np.array([[truth[n]["flops"], truth[n]["params"]] for n in names], float)
    quality = np.zeros((BLOCKS, 3))
    for row in csv.DictReader(open(quality_file)):
        quality[int(row["block"][1:]) - 1, digit_of(row["choice"])] = float(row[column])
    return names, digits, accuracy, costs, quality


def load_rises(quality_file):
    """8 x 3, or None without the column."""
    if "loss_rise" not in next(csv.reader(open(quality_file))):
        return None
    rises = np.zeros((BLOCKS, 3))
    for row in csv.DictReader(open(quality_file)):
        rises[int(row["block"][1:]) - 1, digit_of(row["choice"])] = float(row["loss_rise"])
    return rises


def noise_of(digits, quality):
    return quality[np.arange(BLOCKS), digits]


def one_hot(digits):
    """16 columns: digit 0 of every block, then digit 1."""
    return np.concatenate([digits == 0, digits == 1], axis=1).astype(float)


def tau_b(a, b):
    x, y = np.sign(a[:, None] - a), np.sign(b[:, None] - b)
    return (x * y).sum() / np.sqrt((x * x).sum() * (y * y).sum())


# The estimator of predictors/bayesian_ridge.cpp and predictors/fitting.cpp, from its description.

def prior_points(count, dimensions):
    ratio = 2.0
    for _ in range(64):
        ratio = (1 + ratio) ** (1 / (dimensions + 1))
    steps = ratio ** -np.arange(1, dimensions + 1)
    return (0.5 + np.arange(1, count + 1)[:, None] * steps) % 1


def fit_bayesian(groups, centres, y):
    """(log evidence, function of features) of one target."""
    n, mean, spread = len(y), y.mean(), y.std()
    z = (y - mean) / spread
    middle = [g.mean(0) for g in groups]
    scale = [np.sqrt(((g - m) ** 2).sum() / n) or 1 for g, m in zip(groups, middle)]
    features = [(g - m) / s for g, m, s in zip(groups, middle, scale)]
    grams = [f @ f.T for f in features]
    logs, coefficients = [], []
    for u in prior_points(63, len(groups) + 1):
        variance = np.exp(2 * (np.array(centres) + np.sqrt(3) * (2 * u - 1)))
        k = sum(v * g for v, g in zip(variance, grams)) + variance[-1] * np.eye(n)
        b = np.linalg.solve(k, z)
        logs.append(-0.5 * z @ b - 0.5 * np.linalg.slogdet(k)[1] + 0.5 * np.log(variance[-1]))
        coefficients.append(np.concatenate([v * (f.T @ b) for v, f in zip(variance, features)]))
    logs = np.array(logs)
    share = np.exp(logs - logs.max())
    weights = spread * (share / share.sum()) @ np.array(coefficients) / np.repeat(scale, [g.shape[1] for g in groups])
    intercept = mean - weights @ np.concatenate(middle)
    return logs.max() + np.log(share.mean()) - (n - 1) * np.log(spread), intercept, weights


class Predictor:
    STEPS = (0.2, 0.4, 1.0, 2.5, 10)
    SCALES = (lambda x: x, np.sqrt, lambda x: x**1.5)

    def __init__(self, steps=STEPS, scales=SCALES, choices=True, common=True, products=False, extra=None):
        self.steps, self.scales, self.choices, self.common = steps, scales, choices, common
        self.products, self.extra = products, extra

    def groups(self, x, digits):
        groups, centres = [], []
        if self.common:
            groups.append(x.sum(1, keepdims=True))
            centres.append(0)
        groups.append(x)
        centres.append(-1)
        if self.choices:
            hot = one_hot(digits) * np.concatenate([x, x], axis=1)
            groups.append(hot)
            centres.append(-1.5)
        if self.products:
            i, j = np.triu_indices(BLOCKS, 1)
            groups.append(x[:, i] * x[:, j])
            centres.append(-2)
        if self.extra is not None:
            groups.append(self.extra[np.arange(BLOCKS), digits])
            centres.append(-1.5)
        return groups, centres + [-1.5]

    def measures(self, quality, rises, digits):
        """What the score may be linear in: the noise in each scale and, where the loss's rise is known, both."""
        q = noise_of(digits, quality)
        combined = [] if rises is None else [q**1.5 + np.sqrt(noise_of(digits, rises))]
        return [scale(q) for scale in self.scales] + combined

    def __call__(self, quality, digits, accuracy, others, rises=None):
        measured = list(zip(self.measures(quality, rises, digits), self.measures(quality, rises, others)))
        best, median = accuracy.max(), np.median(accuracy)
        found = []
        for step in self.steps:
            ceiling = best + step * max(best - median, 0.002)
            y = np.log(ceiling - accuracy)
            for number, (x, x_others) in enumerate(measured):
                groups, centres = self.groups(x, digits)
                evidence, intercept, weights = fit_bayesian(groups, centres, y)
                score = intercept + self.score(weights, x_others, others)
                belief = np.log(3) if number == len(self.scales) else 0  # as much as the noise's three scales
                found.append((ceiling, evidence - y.sum() + belief, score))
        most = max(e for _, e, _ in found)
        per_ceiling = {}
        for ceiling, evidence, score in found:
            per_ceiling.setdefault(ceiling, []).append((np.exp(evidence - most), score))
        ceiling = max(per_ceiling, key=lambda c: sum(w for w, _ in per_ceiling[c]))
        parts = per_ceiling[ceiling]
        if self.products:
            parts = [max(parts, key=lambda p: p[0])]
        total = sum(w for w, _ in parts)
        return ceiling - np.exp(sum(w * s for w, s in parts) / total)

    def score(self, weights, x, digits):
        """Noise never helps: a block's slope with what its choice adds is not below 0."""
        groups, _ = self.groups(x, digits)
        sizes = np.cumsum([0] + [g.shape[1] for g in groups])
        parts = [weights[a:b] for a, b in zip(sizes, sizes[1:])]
        at = 0
        slope = np.zeros(x.shape)
        if self.common:
            slope += parts[at][0]
            at += 1
        slope += parts[at]
        at += 1
        if self.choices:
            slope += np.where(digits == 0, parts[at][:BLOCKS], 0) + np.where(digits == 1, parts[at][BLOCKS:], 0)
            at += 1
        result = (np.maximum(slope, 0) * x).sum(1)
        for group, part in zip(groups[at:], parts[at:]):
            result = result + group @ part
        return result


# What it is compared with.

def ridge(x, y, x_others):
    """Standardised, the penalty by leave-one-out in closed form."""
    mean, scale = x.mean(0), x.std(0)
    scale[scale < 1e-12] = 1
    z, centre, n = (x - mean) / scale, y.mean(), len(y)
    u, s, v = np.linalg.svd(z, full_matrices=False)
    best = None
    for penalty in n * 10.0 ** np.arange(-4, 4.1, 0.25):
        hat = (u * (s**2 / (s**2 + penalty))) @ u.T
        left = (y - centre - hat @ (y - centre)) / np.maximum(1e-9, 1 - 1 / n - np.diag(hat))
        if best is None or (left**2).mean() < best[0]:
            best = (left**2).mean(), penalty
    weights = v.T @ (s / (s**2 + best[1]) * (u.T @ (y - centre)))
    return (x_others - mean) / scale @ weights + centre


def features(x, form):
    i, j = np.triu_indices(BLOCKS)
    return {"linear": x, "additive": np.concatenate([x, x**2], 1),
            "second order": np.concatenate([x, x[:, i] * x[:, j]], 1)}[form]


def ridge_on(transform, form, log_error):
    def predict(quality, digits, accuracy, others):
        x, x_others = (features(transform(noise_of(d, quality)), form) for d in (digits, others))
        y = np.log(1.001 - accuracy) if log_error else accuracy
        predicted = ridge(x, y, x_others)
        return 1.001 - np.exp(predicted) if log_error else predicted
    return predict


def one_hot_ridge(quality, digits, accuracy, others):
    return ridge(one_hot(digits), accuracy, one_hot(others))


def unfitted(quality, digits, accuracy, others, rises=None):
    if rises is None:
        return -noise_of(others, quality).sum(1)
    return -(noise_of(others, quality) ** 1.5 + np.sqrt(noise_of(others, rises))).sum(1)


def using(rises, predict):
    return lambda *arguments: predict(*arguments, rises)


def random_draw(rng, digits, quality, count):
    return rng.permutation(len(digits))


def spread_draw(rng, digits, quality, count):
    """Rows nearest to evenly spaced ranks of the summed noise, with a random offset."""
    order = np.argsort(noise_of(digits, quality).sum(1))
    at = (np.arange(count) + rng.uniform(0, 1, count)) * len(order) / count
    chosen = order[np.clip(at.astype(int), 0, len(order) - 1)]
    return np.concatenate([chosen, np.setdiff1d(rng.permutation(len(digits)), chosen, assume_unique=False)])


def study(data, predict, sizes, draws, draw=random_draw):
    names, digits, accuracy, costs, quality = data
    cells = []
    for size in sizes:
        taus = []
        for number in range(draws):
            order = draw(np.random.default_rng(number), digits, quality, size)
            fitted, rest = order[:size], order[size:]
            predicted = predict(quality, digits[fitted], accuracy[fitted], digits[rest])
            taus.append(tau_b(predicted, accuracy[rest]))
        cells.append(f"{np.mean(taus):.3f} +- {np.std(taus, ddof=1) / np.sqrt(draws):.3f}")
    return cells


def ablate(truth_file, quality_file, draws):
    sizes = (10, 20, 50, 100)
    data = load(truth_file, quality_file)
    print(f"| variant | {' | '.join(f'{s} samples' for s in sizes)} |\n|---|" + "---|" * len(sizes))

    def row(name, predict, draw=random_draw, of=data):
        print(f"| {name} | {' | '.join(study(of, predict, sizes, draws, draw))} |", flush=True)

    rises = load_rises(quality_file)
    same, root, log = (lambda x: x), np.sqrt, (lambda x: np.log(x + 0.01))
    row("default", using(rises, Predictor()))
    row("ceiling far above the best sample", using(rises, Predictor(steps=(10,))))
    if rises is not None:
        row("without the rise of the loss", Predictor())
        row("scale: noise and rise alone", using(rises, Predictor(scales=())))
    row("scale: noise alone", Predictor(scales=(same,)))
    row("scale: root alone", Predictor(scales=(root,)))
    row("scale: power 1.5 alone", Predictor(scales=(lambda x: x**1.5,)))
    row("scale: log(noise + 0.01) alone", Predictor(scales=(log,)))
    row("no choices of their own", using(rises, Predictor(choices=False)))
    row("no common slope", using(rises, Predictor(common=False)))
    row("with products (second order)", using(rises, Predictor(products=True)))
    row("samples spread over quality", using(rises, Predictor()), spread_draw)
    for form in ("linear", "additive", "second order"):
        row(f"ridge on noise, {form}, accuracy", ridge_on(same, form, False))
        row(f"ridge on noise, {form}, log error", ridge_on(same, form, True))
    row("ridge on log noise, linear, log error", ridge_on(log, "linear", True))
    row("ridge on one-hot choices", one_hot_ridge)


def check(truth_file, quality_file, predicted_file):
    """The program's predictions of its one draw against this file's."""
    names, digits, accuracy, costs, quality = load(truth_file, quality_file)
    rows = {r["network"]: r for r in csv.DictReader(open(predicted_file))}
    column = next(c for c in next(iter(rows.values())) if c.startswith("predicted_") and c != "predicted_0")
    fitted = np.array([rows[n][column] == "" for n in names])
    program = np.array([float(rows[n][column]) for n in np.array(names)[~fitted]])
    rises = load_rises(quality_file)
    mine = np.clip(Predictor()(quality, digits[fitted], accuracy[fitted], digits[~fitted], rises), 0, 1)
    print(f"{fitted.sum()} fitted, {len(program)} compared: largest difference {np.abs(program - mine).max():.2e}")


def hypervolume(points, ideal, nadir):
    """Of (cost down, accuracy up), scaled to ideal and nadir, reference point 1.1."""
    p = np.array([((c - ideal[0]) / (nadir[0] - ideal[0]), (ideal[1] - a) / (ideal[1] - nadir[1])) for c, a in points])
    p = p[(p < 1.1).all(1)]
    p, volume, lowest = p[np.argsort(p[:, 0])], 0.0, 1.1
    for i, (x, y) in enumerate(p):
        if y < lowest:
            volume += (1.1 - x) * (lowest - y)
            lowest = y
    return volume


def pareto(cost, accuracy):
    order, kept, best = np.lexsort((-accuracy, cost)), [], -np.inf
    for i in order:
        if accuracy[i] > best:
            kept.append(i)
            best = accuracy[i]
    return np.array(kept)


def front(truth_file, quality_file, draws):
    """True accuracies of the predicted front's networks against the true front of the table, 20 samples."""
    names, digits, accuracy, costs, quality = load(truth_file, quality_file)
    print("| cost | front from | hypervolume / true front's | networks on it |\n|---|---|---|---|")
    for k, cost_name in enumerate(("MACs", "parameters")):
        cost = costs[:, k]
        true = pareto(cost, accuracy)
        ideal = cost[true].min(), accuracy[true].max()
        nadir = cost[true].max(), accuracy[true].min()
        whole = hypervolume([(cost[i], accuracy[i]) for i in true], ideal, nadir)
        rises = load_rises(quality_file)
        methods = {"20 samples": using(rises, Predictor()), "qualities alone": using(rises, unfitted), "one-hot ridge, 20 samples": one_hot_ridge}
        for name, predict in methods.items():
            ratios, sizes = [], []
            for number in range(draws):
                fitted = np.random.default_rng(number).permutation(len(names))[:20]
                predicted = predict(quality, digits[fitted], accuracy[fitted], digits)
                chosen = pareto(cost, predicted)
                ratios.append(hypervolume([(cost[i], accuracy[i]) for i in chosen], ideal, nadir) / whole)
                sizes.append(len(chosen))
            print(f"| {cost_name} | {name} | {np.mean(ratios):.4f} (lowest {np.min(ratios):.4f}) | {np.mean(sizes):.0f} |")
        ratios = []
        for number in range(draws):
            drawn = np.random.default_rng(number).permutation(len(names))[:20]
            ratios.append(hypervolume([(cost[i], accuracy[i]) for i in drawn], ideal, nadir) / whole)
        print(f"| {cost_name} | random search: the 20 themselves | {np.mean(ratios):.4f} (lowest {np.min(ratios):.4f}) | |")
        print(f"| {cost_name} | the true front | 1 | {len(true)} |", flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 4 or sys.argv[1] not in ("check", "ablate", "front"):
        sys.exit(__doc__)
    command, truth, qualities, *rest = sys.argv[1:]
    if command == "check":
        check(truth, qualities, rest[0])
    else:
        {"ablate": ablate, "front": front}[command](truth, qualities, int(rest[0]) if rest else 50)
