"""read_chain.py WORKSPACE: reads every params.json with experimaestro's reader, and tells how many it has read."""

import json
import logging
import sys
from pathlib import Path

from experimaestro.core.objects import ConfigInformation

logging.disable(logging.WARNING)

count = 0
for path in sorted(Path(sys.argv[1]).glob("jobs/*/*/params.json")):
    objects = json.loads(path.read_text())["objects"]
    task = ConfigInformation.fromParameters(objects, as_instance=False, discard_id=False)
    assert path.parent.name in repr(task), task
    count += 1
print(count)
