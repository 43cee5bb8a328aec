"""read_run.py RUN: what experimaestro's load_xp_info reads of a run that xpm wrote, as text."""

import logging
import sys
from pathlib import Path

from experimaestro.core.serialization import load_xp_info

logging.disable(logging.WARNING)

lines = []
for identifier, config in load_xp_info(Path(sys.argv[1])).jobs.items():
    name = type(config).__qualname__.split(".")[0]
    state = "same" if config.__xpm__.identifier.all.hex() == identifier else "other"
    lines.append(f"{name} {state} {getattr(config, 'lr', '-')}")
print("\n".join(sorted(lines)))
