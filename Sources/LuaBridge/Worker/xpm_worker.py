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
        sys.exit(_do(run, os.environ["XPM_VALUES"]))
    # The streams belong to the jobs; what comes from xpm, and goes to it, has descriptors of its own.
    requests = os.fdopen(os.dup(0), "r", encoding="utf-8")
    os.set_inheritable(3, False)
    replies = os.fdopen(3, "w", encoding="utf-8")
    me = os.getpid()
    sys.stdout.flush()
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
        code = _do(run, os.environ["XPM_VALUES"])
        if os.getpid() != me:  # a process that the job has forked
            os._exit(code)
        replies.write(json.dumps({"id": request["id"], "code": code}) + "\n")
        replies.flush()


def _do(run, arguments):
    """One job; returns its exit code."""
    try:
        with open(arguments, encoding="utf-8") as file:
            params = json.load(file)
        found = run(params)
        if found is not None:
            _tell({"result": _result(found)})
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
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            pass  # a job has closed it
    return code & 255


def _result(found):
    """What a job returns: a dict of its results, or one number or text, its `value`."""
    if isinstance(found, (list, tuple, set)):
        raise TypeError(f"run returned a {type(found).__name__}: return a dict of results, or a number")
    if isinstance(found, dict):
        return {str(name): value for name, value in found.items()}
    return {"value": found}


def _tell(values):
    with open(os.environ["XPM_EVENTS"], "a", encoding="utf-8") as file:
        file.write(json.dumps(values, default=_plain) + "\n")


def _plain(value):
    """Numbers and arrays of NumPy, PyTorch and the like."""
    for name in ("item", "tolist"):
        method = getattr(value, name, None)
        if method is not None:
            try:
                return method()
            except (TypeError, ValueError, RuntimeError):
                continue
    raise TypeError(f"a {type(value).__name__} is no result: {value!r:.80}")


def _redirect(path, number, flags):
    descriptor = os.open(path, flags)
    os.dup2(descriptor, number)
    os.close(descriptor)
