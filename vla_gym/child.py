"""Code of strangers, asked in a process of its own: whatever it does to its process is a message.

``ask`` calls a function by its import string in a fresh interpreter with our import path. A crash,
an exit, a hang or a traceback there is an error here that says what the process wrote last.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vla_gym import errors
from vla_gym.error_text import summary
from vla_gym.errors import RunnerError, VlaGymError
from vla_gym.parent_death import die_with_parent
from vla_gym.registry import load_target

_LAST_LINES = 5
_PROGRAM = "from vla_gym.child import answer; answer()"


def ask(target: str, arguments: Mapping[str, Any], *, what: str, time_limit: float) -> Any:
    """Return what a function returns in a process of its own.

    Args:
        target: Import string ``"package.module:function"``.
        arguments: Its keyword arguments; they and the result go through pickle.
        what: Is done, for messages, such as ``"My-v0 cannot be built"``.
        time_limit: Seconds that it may take.

    Raises:
        VlaGymError: What the function raised, if it is one of ``vla_gym.errors``.
        RunnerError: What else it raised, or what became of its process.
    """
    with tempfile.TemporaryDirectory(prefix="vla_gym-ask-") as folder:
        answer, log = Path(folder) / "answer", Path(folder) / "log"
        problem = _run(pickle.dumps((target, dict(arguments))), answer, log, time_limit)
        if not answer.is_file():
            raise RunnerError(f"{what}: {problem}{_said(log)}")
        kind, found = pickle.loads(answer.read_bytes())
    if kind == "answer":
        return found
    known = getattr(errors, kind, None)
    if isinstance(known, type) and issubclass(known, VlaGymError):
        error = known.__new__(known)
        error.args = (found,)
        raise error
    raise RunnerError(f"{what}: {found}")


def _run(question: bytes, answer: Path, log: Path, time_limit: float) -> str:
    """Run the child until it has answered or ended; return how it ended."""
    command = [sys.executable, "-u", "-c", _PROGRAM, str(answer), str(os.getpid())]
    with log.open("wb") as output:
        child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            env=_environment(),
            start_new_session=True,
        )
        try:
            child.communicate(question, timeout=time_limit)
        except subprocess.TimeoutExpired:
            return f"no answer in {time_limit:g} s"
        finally:
            with contextlib.suppress(OSError):  # also what the child started
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
    return how_it_ended(child.returncode)


def how_it_ended(status: int) -> str:
    """Return in words how a process ended, from its return code."""
    if status >= 0:
        return f"the process exited with status {status}"
    with contextlib.suppress(ValueError):
        return f"the process was killed by {signal.Signals(-status).name}"
    return f"the process was killed by signal {-status}"


def _said(log: Path) -> str:
    """Return the last lines that the child wrote, if any."""
    lines = log.read_text(encoding="utf-8", errors="backslashreplace").strip().splitlines()
    return "".join(f"\n  {line}" for line in lines[-_LAST_LINES:])


def _environment() -> dict[str, str]:
    path = [entry or str(Path.cwd()) for entry in sys.path]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path), "PYTHONSAFEPATH": "1"}


def answer() -> None:
    """Answer the question on standard input, in the child; all of the answer appears, or none."""
    file, parent = Path(sys.argv[1]), int(sys.argv[2])
    die_with_parent(parent)
    target, arguments = pickle.load(sys.stdin.buffer)
    try:
        data = pickle.dumps(("answer", load_target(target)(**arguments)))
    except VlaGymError as error:
        data = pickle.dumps((type(error).__name__, str(error)))
    except Exception as error:
        data = pickle.dumps(("", summary(error)))
    partial = file.with_suffix(".partial")
    partial.write_bytes(data)
    partial.replace(file)
    os._exit(0)  # what the code left behind (threads, exit handlers) has nothing to say
