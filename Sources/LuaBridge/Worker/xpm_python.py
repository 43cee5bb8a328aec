"""Runs a task, or prepares a config, that is a Python class of experimaestro, as a job of xpm.

    python3 xpm_python.py FOLDER … -- FOLDER …

The folders are where modules are looked for: the first ones before $PYTHONPATH, the others after it. The job
is the one of the environment (XPM_JOB_DIR, XPM_PARAMS). A resumable task that raises GracefulTimeout ends
with the exit code 75; SIGTERM raises TaskCancelled in the task.
"""

import atexit
import json
import os
import signal
import sys
import time
from pathlib import Path


def find_modules(arguments):
    end = arguments.index("--") if "--" in arguments else len(arguments)
    first, last = arguments[:end], arguments[end + 1 :]
    # The folder of this file is no place of modules.
    sys.path.pop(0)
    known = [path for path in os.environ.get("PYTHONPATH", "").split(":") if path]
    sys.path[:0] = first
    sys.path[len(first) + len(known) : len(first) + len(known)] = last
    # Programs that the task starts find the same.
    os.environ["PYTHONPATH"] = ":".join(first + known + last)


def main():
    find_modules(sys.argv[1:])
    from experimaestro import taskglobals
    from experimaestro.core.objects import ConfigInformation
    from experimaestro.exceptions import GracefulTimeout, TaskCancelled
    from experimaestro.notifications import progress, report_eoj, start_of_job

    folder = Path(os.environ["XPM_JOB_DIR"])
    parameters = Path(os.environ["XPM_PARAMS"])

    class Launcher(taskglobals.LauncherInformation):
        def remaining_time(self):
            deadline = os.environ.get("XPM_DEADLINE")
            return None if deadline is None else max(0.0, float(deadline) - time.time())

    def cancel(number, frame):
        raise TaskCancelled("Job cancelled by SIGTERM", remaining_time=10.0)

    with open(parameters, encoding="utf-8") as file:
        definition = json.load(file)
    ConfigInformation.check_params_version(definition, source=str(parameters))
    env = taskglobals.Env.instance()
    env.wspath = Path(definition["workspace"])
    env.taskpath = folder
    env.launcher_info = Launcher()
    ranks = [int(os.environ.get(name) or 0) for name in ("SLURM_PROCID", "RANK", "LOCAL_RANK")]
    env.slave = max(ranks) > 0
    signal.signal(signal.SIGTERM, cancel)
    state = {"done": False}
    try:
        task = ConfigInformation.fromParameters(definition["objects"])
        task.__taskdir__ = Path.cwd()
        env.current_task = task
        if not hasattr(task, "execute"):
            prepare(task)
            return 0
        if not env.slave:
            # Its monitors follow what is told between these two.
            start_of_job()
            atexit.register(lambda: report_eoj("done" if state["done"] else "error"))
        progress(0)
        found = task.execute()
        state["done"] = True
        if isinstance(found, dict) and not env.slave:
            with open(os.environ["XPM_EVENTS"], "a", encoding="utf-8") as file:
                file.write(json.dumps({"result": found}, default=str) + "\n")
        return 0
    except GracefulTimeout as timeout:
        print(timeout.message, file=sys.stderr)
        return 75
    except TaskCancelled as cancelled:
        print(cancelled.message, file=sys.stderr)
        return 143


def prepare(config):
    """What is there already is not prepared again."""
    try:
        if config.is_prepared():
            print("it is prepared already")
            return
    except (NotImplementedError, AttributeError):
        pass
    config.prepare()


if __name__ == "__main__":
    sys.exit(main())
