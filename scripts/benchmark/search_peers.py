"""The same as search.swift, by Optuna, and the comparison: medians, quartiles, and the part of paired bootstraps in which the
median of xpm's sampler is no worse. Usage: search_peers.py XPM_LINES SEEDS"""
import math
import random
import statistics
import sys
import warnings

import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.filterwarnings("ignore")

A = [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
P = [
    [1312, 1696, 5569, 124, 8283, 5886], [2329, 4135, 8307, 3736, 1004, 9991],
    [2348, 1451, 3522, 2883, 3047, 6650], [4047, 8828, 8732, 5743, 1091, 381],
]


def branin(trial):
    x, y = trial.suggest_float("x", -5, 10), trial.suggest_float("y", 0, 15)
    inner = y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6
    return inner * inner + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


def hartmann6(trial):
    x = [trial.suggest_float(f"x{i}", 0, 1) for i in range(1, 7)]
    return -sum(
        w * math.exp(-sum(A[r][c] * (x[c] - P[r][c] * 1e-4) ** 2 for c in range(6)))
        for r, w in enumerate([1.0, 1.2, 3.0, 3.2])
    )


def best(function, sampler, parallel, trials=60):
    study = optuna.create_study(sampler=sampler)
    waiting = []
    for _ in range(trials):
        # Asked for its values now, told later.
        trial = study.ask()
        waiting.append((trial, function(trial)))
        if len(waiting) == parallel:
            study.tell(*waiting.pop(0))
    for trial, value in waiting:
        study.tell(trial, value)
    return study.best_value


def shown(values):
    values = sorted(values)
    low, middle, high = (values[int(len(values) * part)] for part in (0.25, 0.5, 0.75))
    return f"{middle:7.3f} [{low:.3f}, {high:.3f}]"


def main():
    seeds = int(sys.argv[2])
    ours = {}
    with open(sys.argv[1], encoding="utf-8") as file:
        for line in file:
            words = line.split()
            ours[tuple(words[:3])] = [float(word) for word in words[3:]]
    draw = random.Random(1)
    print(f"the best of 60 trials, {seeds} seeds: median [quartiles]")
    for name, function in (("branin", branin), ("hartmann6", hartmann6)):
        peers = {
            ("random", "1"): [best(function, optuna.samplers.RandomSampler(seed=seed), 1) for seed in range(seeds)],
            ("tpe", "1"): [best(function, optuna.samplers.TPESampler(seed=seed), 1) for seed in range(seeds)],
            ("tpe", "4"): [best(function, optuna.samplers.TPESampler(seed=seed), 4) for seed in range(seeds)],
        }
        for sampler, parallel in (("random", "1"), ("tpe", "1"), ("tpe", "4"), ("gp", "1"), ("gp", "4")):
            own = ours[name, sampler, parallel]
            theirs = peers.get((sampler, parallel))
            line = f"{name:10} {sampler:7} {parallel} at once  xpm {shown(own)}"
            if theirs:
                wins = 0
                for _ in range(2000):
                    picked = [draw.randrange(seeds) for _ in range(seeds)]
                    medians = [statistics.median(values[i] for i in picked) for values in (own, theirs)]
                    wins += medians[0] <= medians[1]
                line += f"   Optuna {optuna.__version__} {shown(theirs)}   no worse in {wins / 20:.0f} %"
            print(line, flush=True)


main()
