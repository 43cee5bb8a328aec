"""Tasks that really run, by experimaestro and by xpm."""

import json
from pathlib import Path
from typing import List

from experimaestro import Config, LightweightTask, Meta, Param, PathGenerator, Task, field


class Model(Config):
    __xpmid__ = "lab.model"
    hidden: Param[int] = field(default=16)
    layers: Param[List[int]] = field(default=[1, 2])


class Weights(Config):
    """What training gives."""

    __xpmid__ = "lab.weights"
    model: Param[Model]
    path: Meta[Path]


class Seed(LightweightTask):
    __xpmid__ = "lab.seed"
    seed: Param[int]

    def execute(self):
        print("seed", self.seed)


class Train(Task):
    __xpmid__ = "lab.train"
    model: Param[Model]
    lr: Param[float]
    weights: Meta[Path] = field(default_factory=PathGenerator("weights.json"))

    def task_outputs(self, dep):
        return dep(Weights.C(model=self.model, path=self.weights))

    def execute(self):
        self.weights.write_text(json.dumps([self.lr * n for n in self.model.layers]))


class Evaluate(Task):
    __xpmid__ = "lab.evaluate"
    trained: Param[Weights]
    split: Param[str] = field(default="test")
    report: Meta[Path] = field(default_factory=PathGenerator("report.json"))

    def execute(self):
        self.report.write_text(json.dumps({"sum": sum(json.loads(self.trained.path.read_text()))}))
