"""The one reader of YAML files: mistakes have a line, and hostile files are refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from vla_gym.errors import OptionError, SuiteError
from vla_gym.schema import Record
from vla_gym.yaml_file import read_yaml, yaml_value


class Part(Record):
    weight: int = 1


class Whole(Record):
    steps: int
    parts: tuple[Part, ...] = ()


def written(folder: Path, text: str) -> Path:
    file = folder / "file.yaml"
    file.write_text(text)
    return file


def test_a_mistake_has_its_line_and_near_matches(tmp_path: Path) -> None:
    file = written(tmp_path, "steps: 3\nparts:\n  - weight: 1\n  - wait: 2\n")
    with pytest.raises(OptionError, match=r"file\.yaml, line 4: parts\.1\.wait: .*mean weight"):
        read_yaml(file).validated(Whole)


def test_what_was_set_over_the_file_has_no_line(tmp_path: Path) -> None:
    document = read_yaml(written(tmp_path, "steps: 3\n"))
    changed = replace(document, data={"steps": "x"}, changes={"steps": "x"})
    with pytest.raises(OptionError, match=r"file\.yaml, as changed: steps: "):
        changed.validated(Whole)


def test_the_first_few_of_many_mistakes_are_shown(tmp_path: Path) -> None:
    text = "steps: 1\nparts: [" + ", ".join("{weight: x}" for _ in range(8)) + "]"
    with pytest.raises(OptionError, match="and 3 more") as caught:
        read_yaml(written(tmp_path, text)).validated(Whole)
    assert str(caught.value).count("\n") == 5


BOMB = "a0: &a0 [x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12)
)
CHAIN = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 3000))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "not valid YAML"),
        ("- 1", "is list, expected a mapping"),
        ("", "is NoneType, expected a mapping"),
        ("day: 2020-13-45", "not valid YAML: month"),
        ("{[1]: 2}", "not valid YAML"),
        ("x: 1\n? [a, b]\n: 2", "line 2: not valid YAML: .*unhashable key"),
        ("x: 1\na: 2001-13-45", r"file.yaml, line 2: not valid YAML: month .*read as timestamp"),
        ("x: 1\na: !!int x", "line 2: not valid YAML: .*read as int"),
        ("x: 1\na: !!float x", "line 2: not valid YAML: .*read as float"),
        ("x: 1\na: !!int ''", "line 2: not valid YAML: .*read as int"),
        ("x: 1\na: !!bool maybe", "line 2: not valid YAML: .*read as bool"),
        ("x: 1\na: !!timestamp x", "line 2: not valid YAML: .*read as timestamp"),
        ("x: 1\na: {<<: 3}", "line 2: not valid YAML"),
        ("x: 1\ny: [1", "line 2: not valid YAML"),
        ("x: \x00", "not valid YAML"),
        ("x: 1\non: 2", "the key True is no text"),
        ("a: " + "9" * 5000, "line 1: not valid YAML: .*digits"),
        ("a: 0x" + "f" * 5000, "line 1: not valid YAML: a number of 20000 bits"),
        ("x: 1\na: 2001-01-01", "line 2: not valid YAML: .*quotes .read as timestamp"),
        ("x: 1\na: !!binary aGk=", "line 2: not valid YAML: .*read as binary"),
        ("x: 1\na: !!set {b, c}", "line 2: not valid YAML: .*read as set"),
        ("[" * 20_000, "nested too deeply"),
        ("? {a: 1}\n: 2", "not valid YAML"),
        ("a: !!python/object:os.system x", "not valid YAML"),
        ("a: " + "[" * 5000, "nested too deeply"),
        ("a: " + "[" * 100 + "]" * 100, "nested 101 levels deep"),
        ("a: &a [*a]", "line 1: .*refers to itself"),
        (BOMB, "aliases unfold to .* values"),
        (CHAIN, "levels deep"),
    ],
    ids=lambda text: text[:24],
)
def test_what_is_no_reasonable_mapping_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SuiteError, match=said):
        read_yaml(written(tmp_path, text), SuiteError)


def test_aliases_and_merge_keys_may_be_used(tmp_path: Path) -> None:
    document = read_yaml(written(tmp_path, "base: &b {x: 1}\nmore: {<<: *b, y: 2}\n"))
    assert document.data["more"] == {"x": 1, "y": 2}
    assert document.line(("more", "y")) == 2


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="cannot be read"):
        read_yaml(tmp_path / "absent.yaml")
    (tmp_path / "file.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(OptionError, match="cannot be read"):
        read_yaml(tmp_path / "file.yaml")


def flow(depth: int) -> str:
    """Return a bomb in one line, as a command may hold it."""
    inner = ["x"] + [", ".join([f"*a{i}"] * 10) for i in range(depth)]
    return "{" + ", ".join(f"a{i}: &a{i} [{part}]" for i, part in enumerate(inner)) + "}"


@pytest.mark.parametrize(
    "text",
    [
        "[",
        "2020-13-45",
        "{[1]: 2}",
        "[" * 5000,
        "[" * 20_000,
        "&a [*a]",
        "!!int x",
        "!!bool x",
        flow(9),
    ],
    ids=lambda text: text[:24],
)
def test_a_value_of_the_command_line_is_guarded_alike(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        yaml_value(text)
