"""What stands at the top of the package is there, is documented, and costs nothing until used."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import pytest

import vla_gym

FUNCTIONS = [name for name in vla_gym.__all__ if name[0].islower() and name != "hookimpl"]


@pytest.mark.parametrize("name", vla_gym.__all__)
def test_every_public_name_is_there_and_is_no_module(name: str) -> None:
    assert not isinstance(getattr(vla_gym, name), ModuleType)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_public_function_says_what_it_takes_and_raises(name: str) -> None:
    text = getattr(vla_gym, name).__doc__
    for section in ("Args:", "Raises:"):
        assert section in text, section


def test_names_stay_functions_whatever_is_imported() -> None:
    code = (
        "import pkgutil, importlib, vla_gym\n"
        "for m in pkgutil.walk_packages(vla_gym.__path__, 'vla_gym.'):\n"
        "    if not m.name.endswith('__main__'): importlib.import_module(m.name)\n"
        "print([n for n in vla_gym.__all__ if type(getattr(vla_gym, n)).__name__ == 'module'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
