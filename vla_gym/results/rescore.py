"""Score a finished run again under another success rule, from its journal alone.

Only what would have come out the same is said. Let a sub-task be *cut* where the two rules run it
for a different number of steps; whatever begins after a cut begins in another world than recorded.

- ``any`` <-> ``final`` run the same steps. ``any`` -> ``final`` is exact: a chain that ends at its
  first failure is shortened to where it would have ended. ``final`` -> ``any`` is exact but where
  a sub-task failed that had succeeded on its way: the chain would have gone on, nobody ran that.
- ``any``, ``final`` -> ``first`` is exact for the sub-task; if it was cut (it went on after its
  first success) nothing is known of those after it, nor of its metrics.
- ``first`` -> ``any`` is exact for the sub-task; ``first`` may have cut each success, so nothing is
  known of the sub-tasks after one, and its steps are those to the success.
- ``first`` -> ``final`` is exact for failures only: nobody knows whether a success would last.

An error ends a sub-task as a failure; one that ``first`` would have ended before is not decided.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

from vla_gym.errors import OptionError, UnknownNameError
from vla_gym.records import EpisodeRecord, RunRecord, SubTaskRecord
from vla_gym.results.load import Results, load_results, make_results
from vla_gym.suites.spec import digest

Rule = Literal["first", "final", "any"]
RESCORED = "rescored_from"
"""Field of the protocol that only re-scored results have: they never rank with others silently."""
_SHOWN = 3


class _UnknownError(Exception):
    """The journal does not say what would have come out."""


def score(run: Results | str | Path, rule: Rule) -> Results:
    """Return the results of a run under another success rule; nothing is run.

    Success is exact for every episode, or the run is refused:

    - Episodes of one sub-task: all is exact but ``first`` -> ``final`` after a success.
    - Chains: ``any`` -> ``final`` always is. ``final`` -> ``any`` where no chain ended at a
      sub-task that had succeeded on its way. ``first`` -> ``any``, and ``any`` or ``final`` ->
      ``first``, where no sub-task follows one that the two rules may run for different numbers of
      steps.
    - An episode with an error is refused where ``first`` would have ended before the error.

    Args:
        run: Results, or the directory of a run.
        rule: ``"first"``, ``"final"`` or ``"any"``, as in ``Protocol.success``.

    Returns:
        New results without a directory, whose protocol has another hash (``rescored_from``); the
        results themselves where the rule is theirs.

    Raises:
        UnknownNameError: A rule that there is not.
        OptionError: The journal cannot tell; the message says why and of which episodes.
    """
    results = run if isinstance(run, Results) else load_results(run)
    if rule not in get_args(Rule):
        raise UnknownNameError("success rule", rule, get_args(Rule))
    before = str(results.run.protocol.get("success"))
    if before == rule:
        return results
    if before not in get_args(Rule) or RESCORED in results.run.protocol:
        raise OptionError(
            f"The run was scored by {before!r} and cannot be scored again; expected the results of "
            f"a run by one of {', '.join(get_args(Rule))}."
        )
    return make_results(_rescored_run(results.run, rule), _records(results, rule))


def _records(results: Results, rule: Rule) -> list[EpisodeRecord]:
    """Return all episodes by another rule, or say which cannot be told."""
    found, unknown = [], []
    for record in results.records:
        try:
            found.append(_episode(record, results.run, rule))
        except _UnknownError as reason:
            unknown.append(f"  episode {record.episode}: {reason}")
    if unknown:
        more = [f"  ... and {len(unknown) - _SHOWN} more"] if len(unknown) > _SHOWN else []
        before = results.run.protocol.get("success")
        raise OptionError(
            "\n".join(
                [
                    f"What {before!r} recorded does not say what {rule!r} gives for "
                    f"{len(unknown)} of {len(results.records)} episodes:",
                    *unknown[:_SHOWN],
                    *more,
                    f"Evaluate with a suite whose protocol has success: {rule}.",
                ]
            )
        )
    return found


def _rescored_run(run: RunRecord, rule: Rule) -> RunRecord:
    protocol = {**run.protocol, "success": rule, RESCORED: run.protocol["success"]}
    identity = dict(run.identity)
    if isinstance(identity.get("protocol"), Mapping):
        identity["protocol"] = {**protocol, "hash": digest(protocol)}
    return run.model_copy(update={"protocol": protocol, "identity": identity})


def _episode(record: EpisodeRecord, run: RunRecord, rule: Rule) -> EpisodeRecord:
    before, stops = run.protocol["success"], bool(run.protocol.get("stop_at_failure", True))
    subtasks: list[SubTaskRecord] = []
    for place, subtask in enumerate(record.subtasks):
        last = place == len(record.subtasks) - 1
        failed = last and record.error is not None
        found = _subtask(subtask, before, rule, failed=failed)
        subtasks.append(found)
        if stops and not found.success:
            break
        if not last and _cut(subtask, before, rule):
            raise _UnknownError(
                f"{subtask.name!r} ends elsewhere, so what follows begins elsewhere"
            )
        would_go_on = found.success and not subtask.success and not failed
        if last and stops and would_go_on and len(record.subtasks) < run.chain_length:
            raise _UnknownError(f"the chain would go on after {subtask.name!r}, where it ended")
    return _with_subtasks(record, subtasks, before, rule)


def _subtask(subtask: SubTaskRecord, before: str, rule: Rule, *, failed: bool) -> SubTaskRecord:
    """Return how an attempt would have been recorded, whose begin is the same."""
    ever = subtask.first_success is not None
    if failed:
        if rule == "first" and ever:
            raise _UnknownError(f"the error came after the first success of {subtask.name!r}")
        return subtask
    if rule == "final" and before == "first" and ever:
        raise _UnknownError(
            f"whether the success of {subtask.name!r} would have lasted is not known"
        )
    changes: dict[str, object] = {"success": subtask.final_success if rule == "final" else ever}
    if rule == "first" and _cut(subtask, before, rule):
        changes.update(steps=subtask.first_success, final_success=True, metrics={})
    return subtask.model_copy(update=changes)


def _cut(subtask: SubTaskRecord, before: str, rule: Rule) -> bool:
    """Whether the rules may run an attempt for different numbers of steps."""
    if subtask.first_success is None or "first" not in (before, rule):
        return False
    return before == "first" or subtask.first_success < subtask.steps


def _with_subtasks(
    record: EpisodeRecord, subtasks: list[SubTaskRecord], before: str, rule: Rule
) -> EpisodeRecord:
    """Return the record; what belongs to steps that would not have been executed goes."""
    changes: dict[str, object] = {"subtasks": tuple(subtasks)}
    shorter = len(subtasks) < len(record.subtasks)
    if shorter:
        changes["error"] = None
    if shorter or any(_cut(s, before, rule) for s in record.subtasks):
        changes.update(actions="", diagnosis=())
    return record.model_copy(update=changes)
