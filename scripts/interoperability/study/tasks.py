"""A project as people have them: nested configs, lists and dicts of them, enums, paths, a resumable task with
outputs while it runs, a lightweight one, preparation, a folder that tasks share, and a token."""

import json
from enum import Enum
from pathlib import Path
from typing import Dict, List, Optional

from experimaestro import (
    Config,
    LightweightTask,
    Meta,
    Param,
    PathGenerator,
    Prepare,
    ResumableTask,
    Task,
    field,
    param_group,
    partial,
)


class Activation(Enum):
    RELU = 1
    TANH = 2


class Layer(Config):
    __xpmid__ = "study.layer"
    width: Param[int]
    activation: Param[Activation] = field(default=Activation.RELU)


class Encoder(Config):
    __xpmid__ = "study.encoder"
    layers: Param[List[Layer]]
    heads: Param[Dict[str, Layer]]
    dropout: Param[float] = field(default=0.0, ignore_default=True)
    note: Meta[Optional[str]] = field(default=None)


class Corpus(Prepare):
    __xpmid__ = "study.corpus"
    name: Param[str]

    def prepare(self):
        Path(f"/tmp/{self.name}").write_text("3 5 7")

    def is_prepared(self):
        return Path(f"/tmp/{self.name}").exists()

    def numbers(self):
        return [int(word) for word in Path(f"/tmp/{self.name}").read_text().split()]


class Seed(LightweightTask):
    __xpmid__ = "study.seed"
    seed: Param[int]

    def execute(self):
        print("seed", self.seed)


class Checkpoint(Config):
    __xpmid__ = "study.checkpoint"
    encoder: Param[Encoder]
    epoch: Param[int]
    path: Meta[Path]


LENGTH = param_group("length")


class Learn(ResumableTask):
    __xpmid__ = "study.learn"
    shared = partial(exclude_groups=[LENGTH])
    encoder: Param[Encoder]
    corpus: Param[Corpus]
    epochs: Param[int] = field(groups=[LENGTH])
    rate: Param[float]
    state: Meta[Path] = field(default_factory=PathGenerator("state.json", partial=shared))

    def checkpoint(self, dep, *, epoch, path):
        return dep(Checkpoint.C(encoder=self.encoder, epoch=epoch, path=Path(path)))

    def execute(self):
        done = json.loads(self.state.read_text()) if self.state.exists() else []
        self.state.parent.mkdir(parents=True, exist_ok=True)
        for epoch in range(len(done) + 1, self.epochs + 1):
            width = sum(layer.width for layer in self.encoder.layers)
            done.append(self.rate * width * epoch * sum(self.corpus.numbers()))
            self.state.write_text(json.dumps(done))
        for epoch in range(1, self.epochs + 1):
            path = Path(f"checkpoint-{epoch}.json").absolute()
            path.write_text(json.dumps(done[epoch - 1]))
            self.register_task_output(self.checkpoint, epoch=epoch, path=str(path))


class Validate(Task):
    __xpmid__ = "study.validate"
    checkpoint: Param[Checkpoint]
    names: Param[List[str]]
    report: Meta[Path] = field(default_factory=PathGenerator("report.json"))

    def execute(self):
        self.report.write_text(json.dumps({name: self.checkpoint.epoch for name in self.names}))
        with open("runs", "a") as file:
            file.write("x")
