"""Python classes that end in each way."""

import time
from pathlib import Path

from experimaestro import Meta, Param, PathGenerator, Prepare, ResumableTask, Task, field
from experimaestro.exceptions import GracefulTimeout, TaskCancelled

from . import common


class Data(Prepare):
    __xpmid__ = "shop.data"
    name: Param[str]

    def prepare(self):
        Path(f"/tmp/{self.name}").write_text("ready")

    def is_prepared(self):
        return Path(f"/tmp/{self.name}").exists()


class Use(Task):
    __xpmid__ = "shop.use"
    data: Param[Data]

    def execute(self):
        assert Path(f"/tmp/{self.data.name}").read_text() == "ready"
        return {"value": common.VALUE}


class Long(ResumableTask):
    __xpmid__ = "shop.long"
    state: Meta[Path] = field(default_factory=PathGenerator("state"))

    def execute(self):
        remaining = self.remaining_time()
        assert remaining is not None and 0 < remaining <= 60
        done = int(self.state.read_text()) if self.state.exists() else 0
        self.state.write_text(str(done + 1))
        if done < 2:
            raise GracefulTimeout("no time for another epoch")


class Slow(Task):
    __xpmid__ = "shop.slow"

    def execute(self):
        try:
            print("begun", flush=True)
            time.sleep(60)
        except TaskCancelled:
            Path("cleaned").write_text("up")
            raise
