"""The Python side of a warm worker of xpm (`worker = "python3 {here}/worker.py"` in a task).

A worker loads what its tasks need once, and then does one job after the other:

    import torch                     # once
    import xpm_worker

    def run(params):                 # for each job, in the job's own folder
        ...
        return {"accuracy": 0.97}    # its result

    xpm_worker.serve(run)

`params` has the values of the task's parameters by their names; of a task among them also `jobdir`. A
failure is an exception, or `sys.exit(code)`. What is printed goes to the logs of the job. Started by hand
with the variables of one job, as its script does, it does that job and ends.
"""

import json
import os
import sys
import traceback


def log(**values):
    """Logs numbers while the job runs: log(step=1, loss=0.3)."""
    _tell(values)


def progress(fraction, text=None):
    """Tells how far the job is, from 0 to 1."""
    _tell({"progress": fraction, "text": text})


def result(**values):
    """Gives results; later ones are laid over earlier ones."""
    _tell({"result": values})


def serve(run):
    """Does jobs with `run(params)` until there are no more."""
    if "XPM_WORKER" not in os.environ:
        sys.exit(_do(run, os.environ["XPM_ARGUMENTS"]))
    # The streams belong to the jobs; what comes from xpm, and goes to it, has descriptors of its own.
    requests = os.fdopen(os.dup(0), "r", encoding="utf-8")
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    _redirect(os.devnull, 0, os.O_RDONLY)
    own = dict(os.environ)
    for line in requests:
        request = json.loads(line)
        os.chdir(request["folder"])
        for name in [name for name in os.environ if name not in own]:
            del os.environ[name]
        os.environ.update(own)
        os.environ.update(request["env"])
        _redirect(request["out"], 1, os.O_WRONLY | os.O_APPEND)
        _redirect(request["err"], 2, os.O_WRONLY | os.O_APPEND)
        code = _do(run, os.environ["XPM_ARGUMENTS"])
        replies.write(json.dumps({"code": code}) + "\n")
        replies.flush()


def _do(run, arguments):
    """One job; returns its exit code."""
    try:
        with open(arguments, encoding="utf-8") as file:
            params = json.load(file)
        found = run(params)
        if isinstance(found, dict):
            result(**found)
        code = 0
    except SystemExit as exit:
        code = exit.code
        if code is None:
            code = 0
        elif not isinstance(code, int):
            print(code, file=sys.stderr)
            code = 1
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return code & 255


def _tell(values):
    with open(os.environ["XPM_EVENTS"], "a", encoding="utf-8") as file:
        file.write(json.dumps(values) + "\n")


def _redirect(path, number, flags):
    descriptor = os.open(path, flags)
    os.dup2(descriptor, number)
    os.close(descriptor)
