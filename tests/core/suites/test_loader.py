"""A suite comes by name, by YAML or by Python, and a mistake is named with its place."""

from pathlib import Path

import pytest

from vla_gym.errors import OptionError, SuiteError, UnknownNameError
from vla_gym.suites import EpisodeSpec, Protocol, SubTask, Suite, load_suite

YAML = """
name: mine
protocol: {success: first}
table: chain
defaults: {env_id: Some-v0, max_steps: 7}
episodes:
  - seed: 1
    subtasks:
      - {name: a, instruction: do a}
      - {name: b, instruction: do b, max_steps: 9}
"""

PYTHON = """
from vla_gym.schema import Record
from vla_gym.suites import EpisodeSpec, Protocol, SubTask, Suite

class Options(Record):
    count: int = 1

def suite(options):
    task = SubTask(name="a", instruction="do a", max_steps=3)
    seeds = range(options.count)
    episodes = tuple(EpisodeSpec(env_id="X-v0", seed=i, subtasks=(task,)) for i in seeds)
    return Suite(name="py", episodes=episodes, protocol=Protocol(success="final"))
"""


def write(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_yaml_suite_shares_its_defaults(tmp_path):
    suite = load_suite(write(tmp_path, "mine.yaml", YAML))
    (episode,) = suite.episodes
    assert episode.env_id == "Some-v0"
    assert [s.max_steps for s in episode.subtasks] == [7, 9]
    assert suite.table == "chain"


def test_a_python_suite_takes_options(tmp_path):
    path = write(tmp_path, "mine.py", PYTHON)
    assert len(load_suite(path, {"count": 4})) == 4
    with pytest.raises(OptionError, match=r"no option 'cuont'.*Did you mean count"):
        load_suite(path, {"cuont": 4})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: [", "not valid YAML"),
        ("- 1", "expected a mapping"),
        ("name: x\nprotocol: {success: first}", "'episodes' must be a list"),
        (YAML.replace("name: a,", ""), r"episodes\.0\.subtasks\.0\.name: Field required"),
        (YAML.replace("max_steps: 9", "max_steps: 0"), r"subtasks\.1\.max_steps"),
        (YAML.replace("success: first", "success: last"), r"protocol\.success"),
        (YAML + "extra: 1\n", "extra: unknown field"),
    ],
)
def test_a_malformed_suite_file_names_the_place(tmp_path, text, message):
    with pytest.raises(SuiteError, match=message):
        load_suite(write(tmp_path, "bad.yaml", text))


def test_a_python_suite_that_fails_is_a_suite_error(tmp_path):
    with pytest.raises(SuiteError, match="ZeroDivisionError"):
        load_suite(write(tmp_path, "bad.py", "1/0"))
    with pytest.raises(SuiteError, match="no function suite"):
        load_suite(write(tmp_path, "empty.py", ""))
    with pytest.raises(SuiteError, match="expected a Suite, got int"):
        load_suite(write(tmp_path, "int.py", "def suite(): return 1"))


def test_unknown_names_and_paths():
    with pytest.raises(UnknownNameError, match="Unknown suite 'nope'"):
        load_suite("nope")
    with pytest.raises(SuiteError, match="does not exist"):
        load_suite("/nowhere/x.yaml")


def make(seed: int = 0, **settings: object) -> Suite:
    task = SubTask(name="a", instruction="do a", max_steps=3)
    return Suite(
        name="s",
        episodes=(EpisodeSpec(env_id="X-v0", seed=seed, subtasks=(task,)),),
        protocol=Protocol(success="first", settings=settings),
    )


def test_the_hash_covers_episodes_and_protocol_but_not_published_rows():
    assert make().hash == make().hash
    assert make().hash != make(seed=1).hash
    assert make().hash != make(assets="official").hash
    row = {"label": "x", "values": {"1": 0.5}, "source": "s"}
    published = make().model_validate({**make().model_dump(), "published": [row]})
    assert published.hash == make().hash


def test_a_mistake_names_its_line_and_an_unknown_format_too(tmp_path):
    wrong = write(tmp_path, "mine.yaml", YAML.replace("max_steps: 9", "max_steps: 0"))
    with pytest.raises(SuiteError, match=r"mine\.yaml, line 10: episodes\.0\.subtasks\.1"):
        load_suite(wrong)
    other = write(tmp_path, "other.yaml", "# a comment\nformat: nobody-has-this\n")
    with pytest.raises(SuiteError, match=r"other\.yaml, line 2: unknown format 'nobody-has-this'"):
        load_suite(other)


@pytest.mark.parametrize("defaults", ["0.5", "text", "[1, 2]", "true"])
def test_defaults_that_are_no_mapping_are_refused(tmp_path, defaults: str) -> None:
    file = tmp_path / "suite.yaml"
    file.write_text(f"name: x\ndefaults: {defaults}\nepisodes: []\n")
    with pytest.raises(SuiteError, match=r"line 2: 'defaults' is \w+, expected a mapping"):
        load_suite(str(file))
