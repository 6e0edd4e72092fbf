"""The options of every ``robovlms`` policy: a configuration, and what is set over it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import model_validator

from vla_gym.errors import UnknownNameError
from vla_gym.options import merged, validated
from vla_gym_robovlms.config import CONFIGS, VlaConfig, check_formulation, load_config


class VlaOptions(VlaConfig):
    """All fields of ``VlaConfig``, over those of a file.

    Attributes:
        config: Name of a shipped configuration, or path of a file.
    """

    config: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _over_the_file(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        if (name := data.get("config")) is not None:
            return merged(load_config(config_path(str(name))), data)
        if "backbone" not in data:
            raise ValueError(
                "a configuration is needed: --policy configs/robovlms/NAME.yaml, "
                "--policy robovlms/NAME, or --set config=NAME"
            )
        return data

    def resolved(self) -> VlaConfig:
        """Return the configuration alone.

        Raises:
            FormulationError: A combination that the paper does not define.
        """
        config = VlaConfig.model_validate(self.model_dump(exclude={"config"}, exclude_unset=True))
        check_formulation(config)
        return config


def resolve(config: str | None, options: Mapping[str, Any]) -> VlaConfig:
    """Return the checked configuration of a file (or a shipped name) with options over it.

    Raises:
        OptionError: What cannot be read, does not fit, or is unknown.
        FormulationError: A combination that the paper does not define.
    """
    return vla_options(config, options).resolved()


def vla_options(config: str | None, options: Mapping[str, Any]) -> VlaOptions:
    """Return the options of a policy from a file (or a shipped name) and what is set over it.

    Raises:
        OptionError: What cannot be read, does not fit, or is unknown.
    """
    given = {**options} if config is None else {"config": config, **options}
    return validated(VlaOptions, given, where=config or "robovlms")


def config_path(name: str) -> Path:
    """Return the file of a configuration: by its path, or one that comes with this package.

    Raises:
        UnknownNameError: With near matches.
    """
    if name.endswith((".yaml", ".yml")):
        return Path(name)
    path = CONFIGS / f"{name}.yaml"
    if not path.exists():
        raise UnknownNameError("config", name, [file.stem for file in CONFIGS.glob("*.yaml")])
    return path
