"""The plan of tasks.lua, for experimaestro: experiment.py WORKSPACE"""

import logging
import sys

from experimaestro import experiment, tag

from lab.tasks import Evaluate, Model, Seed, Train

logging.getLogger("xpm").setLevel(logging.ERROR)

if __name__ == "__main__":
    with experiment(sys.argv[1], "lab", port=None) as xp:
        for lr in (0.1, 0.01):
            weights = Train.C(model=Model.C(hidden=3), lr=tag(lr)).submit(init_tasks=[Seed.C(seed=4)])
            Evaluate.C(trained=weights).submit()
        xp.wait()
