"""A matrix takes every option of a run, and a suite's limit goes before the file's."""

from __future__ import annotations

from pathlib import Path

from vla_gym.grid import load_matrix


def test_a_matrix_takes_any_option_of_a_run(tmp_path: Path) -> None:
    file = tmp_path / "m.yaml"
    file.write_text(
        "{policies: [a], suites: [x, {name: y, limit: 3}], limit: 7, watchdog: 5, max_attempts: 1}"
    )
    first, second = load_matrix(file).cells()
    assert (first.options.limit, second.options.limit) == (7, 3)
    assert {cell.options.watchdog for cell in (first, second)} == {5.0}
    assert first.options.max_attempts == 1


def test_what_a_matrix_does_not_say_stays_unsaid(tmp_path: Path) -> None:
    file = tmp_path / "m.yaml"
    file.write_text("{policies: [a], suites: [x], video: none}")
    (cell,) = load_matrix(file).cells()
    assert cell.options.model_fields_set == {"video"}
