"""The plan of plan.lua, for experimaestro: plan.py WORKSPACE CORPUS"""

import logging
import sys

from experimaestro import experiment, tag

from study.tasks import Activation, Corpus, Encoder, Layer, Learn, Seed, Validate

logging.getLogger("xpm").setLevel(logging.ERROR)

if __name__ == "__main__":
    with experiment(sys.argv[1], "study", port=None) as xp:
        token = xp.workspace.connector.createtoken("memory", 1)
        corpus = Corpus.C(name=sys.argv[2])
        for rate in (0.1, 0.01):
            for epochs in (1, 2):
                encoder = Encoder.C(
                    layers=[Layer.C(width=3), Layer.C(width=4, activation=Activation.TANH)],
                    heads={"first": Layer.C(width=5), "second": Layer.C(width=6)},
                    note="of no account",
                )
                learn = Learn.C(encoder=encoder, corpus=corpus, epochs=tag(epochs), rate=tag(rate))
                learn.watch_output(
                    learn.checkpoint,
                    lambda checkpoint: Validate.C(checkpoint=checkpoint, names=["a", "b"]).submit(),
                )
                learn.add_dependencies(token.dependency(1))
                learn.submit(init_tasks=[Seed.C(seed=4)])
        xp.wait()
