"""Policy files: a registered policy and its options, written down in YAML.

``policy: NAME`` says which; everything else is an option of its factory. Such a file goes wherever
the name of a policy goes, so that a model, its settings and its weights travel as one thing.
``${here}`` in a text stands for the folder of the file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vla_gym.errors import OptionError
from vla_gym.yaml_file import read_yaml

_SUFFIXES = {".yaml", ".yml"}
_HERE = "${here}"


def is_policy_file(name: str) -> bool:
    """Whether a policy is given by the path of a file."""
    return Path(name).suffix in _SUFFIXES


def load_policy_file(path: Path) -> tuple[str, dict[str, Any]]:
    """Return the registered name and the options of a policy file.

    Raises:
        OptionError: When it cannot be read, or does not name its policy.
    """
    data = read_yaml(path).data
    if not isinstance(data.get("policy"), str):
        raise OptionError(
            f"Policy file {path} does not say which policy it configures: it needs a line "
            "'policy: NAME' (vla-gym list policies)."
        )
    options = {key: _placed(value, path.parent) for key, value in data.items() if key != "policy"}
    return data["policy"], options


def _placed(value: Any, folder: Path) -> Any:
    """Return an option with ``${here}`` replaced."""
    if isinstance(value, str):
        return value.replace(_HERE, str(folder.resolve()))
    if isinstance(value, list):
        return [_placed(item, folder) for item in value]
    if isinstance(value, dict):
        return {key: _placed(item, folder) for key, item in value.items()}
    return value
