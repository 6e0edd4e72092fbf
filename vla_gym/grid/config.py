"""What a matrix consists of, and the file that says it.

For example::

out: runs/smoke          # one directory per pair below it
limit: 2                 # episodes per pair (a suite may set its own)
workers: 2               # this and the next: any field of RunOptions
video: none
policies:
  - random
  - {name: my-policy, label: my-policy-v2, options: {path: model.pt}}
  - {label: half, published: 2.5, train: {config: my.yaml, options: {steps: 500}}}  # trained first
suites:
  - {name: my-suite, options: {scene: D}, limit: 10}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator, model_validator

from vla_gym.grid.names import run_name, slug
from vla_gym.runner.options import RunOptions
from vla_gym.schema import Record
from vla_gym.yaml_file import read_yaml


class Named(Record):
    """A policy or a suite with its options.

    Attributes:
        label: Tells two of one name apart; the name if empty.
    """

    name: str
    options: Mapping[str, Any] = Field(default_factory=dict)
    label: str = ""

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        value = {"name": value} if isinstance(value, str) else value
        if isinstance(value, dict) and not value.get("label"):
            return {**value, "label": value.get("name", "")}
        return value


class Training(Record):
    """A training that makes a policy.

    Attributes:
        config: What ``vla-gym train`` reads.
        options: Over the fields of the file, as with ``--set``.
    """

    config: Path
    options: Mapping[str, Any] = Field(default_factory=dict)


class PolicyChoice(Named):
    """A policy that there is, or one that is trained first.

    Attributes:
        train: Makes the policy, in a directory of its label; the same file again goes on with it.
        published: Score of what it stands for, to compare the order with; higher is better.
    """

    name: str = ""
    train: Training | None = None
    published: float | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> PolicyChoice:
        if bool(self.name) == (self.train is not None) or not self.label:
            raise ValueError("expected a name, or a label and train")
        return self


class SuiteChoice(Named):
    """A suite; its own limit goes before that of the file."""

    limit: int | None = Field(default=None, gt=0)


@dataclass(frozen=True)
class Cell:
    """One run of a matrix.

    Attributes:
        training: Folder of the policy's training, if it is trained.
        options: How it is run.
    """

    policy: PolicyChoice
    suite: SuiteChoice
    out: Path
    training: Path
    options: RunOptions


class Matrix(RunOptions):
    """What the file says: policies, suites, and how each pair is run.

    Attributes:
        out: Directory of all runs.
    """

    policies: tuple[PolicyChoice, ...] = Field(min_length=1)
    suites: tuple[SuiteChoice, ...] = Field(min_length=1)
    out: Path = Path("runs/matrix")

    @field_validator("policies", "suites")
    @classmethod
    def _distinct(cls, value: tuple[Named, ...]) -> tuple[Named, ...]:
        labels = [item.label for item in value]
        twice = sorted({label for label in labels if labels.count(label) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} occurs twice; give each a label of its own")
        return value

    def cells(self) -> list[Cell]:
        """Return the runs, suite by suite."""
        return [
            Cell(
                policy=policy,
                suite=suite,
                out=self.out / run_name(policy.label, suite.label),
                training=self.out / "training" / slug(policy.label),
                options=self._run_options(suite),
            )
            for suite in self.suites
            for policy in self.policies
        ]

    def _run_options(self, suite: SuiteChoice) -> RunOptions:
        fields = self.model_dump(include=set(RunOptions.model_fields), exclude_unset=True)
        return RunOptions(**fields | ({"limit": suite.limit} if suite.limit else {}))


def load_matrix(path: Path) -> Matrix:
    """Read a matrix file.

    Raises:
        OptionError: When it is not one; the message names the places.
    """
    return read_yaml(path).validated(Matrix)
