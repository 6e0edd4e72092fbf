"""The program begins and ends as a user expects, whatever is imported or left running."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

PLUGIN = """
import sys, time
from vla_gym.plugins import PolicyEntry, hookimpl
{body}
@hookimpl
def vla_gym_register(): return [PolicyEntry("\\x41-policy", "{name}:Policy", "says \\x1b]0;x")]
"""


def heed_ctrl_c() -> None:
    """Undo what a shell does to jobs in the background: they ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "vla_gym.cli", *arguments],
        env={**os.environ, "PYTHONPATH": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_ctrl_c,
    )


def lay(folder: Path, name: str, body: str = "") -> None:
    (folder / f"{name}.py").write_text(PLUGIN.format(name=name, body=body))
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[vla_gym]\n{name} = {name}\n")


def test_ctrl_c_while_everything_is_imported_is_no_traceback(tmp_path: Path) -> None:
    lay(tmp_path, "vg_waits", "print('here', file=sys.stderr, flush=True); time.sleep(60)")
    program = start(tmp_path, "version")
    assert program.stderr is not None
    assert program.stderr.readline() == "here\n"
    program.send_signal(signal.SIGINT)
    _, said = program.communicate(timeout=60)
    assert program.returncode == -signal.SIGINT
    assert said == ""


def test_importing_the_library_leaves_ctrl_c_and_warnings_alone() -> None:
    code = (
        "import signal, warnings; before = warnings.formatwarning; import vla_gym; "
        "assert signal.getsignal(signal.SIGINT) is signal.default_int_handler; "
        "assert warnings.formatwarning is before"
    )
    subprocess.run([sys.executable, "-c", code], check=True, preexec_fn=heed_ctrl_c)


def test_warnings_are_one_line(tmp_path: Path) -> None:
    lay(tmp_path, "vg_bad", "raise RuntimeError('boom')")
    done = start(tmp_path, "list", "envs", "--json")
    out, said = done.communicate(timeout=120)
    assert json.loads(out)
    assert said == "Warning: vla_gym plugin 'vg_bad' (vg_bad 1.0) is skipped: RuntimeError: boom\n"


def test_a_thread_that_somebody_left_running_does_not_keep_the_program(tmp_path: Path) -> None:
    body = "import threading; threading.Thread(target=time.sleep, args=(600,), name='slow').start()"
    lay(tmp_path, "vg_thread", body)
    program = start(tmp_path, "version")
    out, said = program.communicate(timeout=120)
    assert program.returncode == 0
    assert out.startswith("vla-gym ")
    assert said == "Not waiting for what was left running: slow\n"


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_escape_sequences_of_others_do_not_reach_the_terminal(
    tmp_path: Path, form: tuple[str, ...]
) -> None:
    lay(tmp_path, "vg_escape")
    out, _ = start(tmp_path, "list", "policies", *form).communicate(timeout=120)
    assert "A-policy" in out
    assert "\x1b" not in out


def test_a_closed_pipe_is_no_traceback(tmp_path: Path) -> None:
    program = start(tmp_path, "list", "policies", "--json")
    assert program.stdout is not None
    program.stdout.close()
    assert program.stderr is not None
    assert program.stderr.read() == ""
