"""Types for random objects: every kind of parameter that both sides have."""

from enum import Enum
from typing import Dict, List, Optional, Set

from experimaestro import Config, InstanceConfig, LightweightTask, Meta, Param, Task, field


class Color(Enum):
    RED = 1
    GREEN = 2
    BLUE = 3


class Leaf(Config):
    __xpmid__ = "lab.leaf"
    i: Param[int] = field(default=7)
    f: Param[float]
    s: Param[str] = field(default="plain", ignore_default=True)
    b: Param[bool] = field(default=False)
    note: Meta[str] = field(default="none")


class Special(Leaf):
    __xpmid__ = "lab.Special"
    color: Param[Color] = field(default=Color.RED)


class Part(InstanceConfig):
    __xpmid__ = "lab.part"
    n: Param[int] = field(default=1)


class Setup(LightweightTask):
    __xpmid__ = "lab.setup"
    seed: Param[int]

    def execute(self):
        pass


class Node(Config):
    __xpmid__ = "lab.node"
    leaf: Param[Leaf]
    maybe: Param[Optional[Leaf]] = None
    number: Param[Optional[int]] = None
    leaves: Param[List[Leaf]] = field(default=[], ignore_default=True)
    floats: Param[List[float]] = field(default=[])
    nested: Param[List[List[int]]] = field(default=[])
    names: Param[Dict[str, int]] = field(default={})
    models: Param[Dict[str, Leaf]] = field(default={})
    ints: Param[Set[int]]
    parts: Param[List[Part]] = field(default=[])
    next: Param[Optional["Node"]] = None


class Work(Task):
    __xpmid__ = "lab.work"
    node: Param[Node]
    fixed: Param[str] = field(default="1", ignore_default=True)

    def execute(self):
        pass


class Use(Config):
    __xpmid__ = "lab.use"
    work: Param[Work]
    color: Param[Color]
