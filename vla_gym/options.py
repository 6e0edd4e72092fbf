"""What a user may set: models of options, checked in one place and described in one place.

The options of a registered thing are the fields of a ``Record`` that its entry names. The values
that a user gives (``--set``, a policy file, Python) go over the entry's defaults and are validated
once; the target gets the record.

The options of a policy belong to the identity of a run, because another width or another checkpoint
is another policy. A device or a batch size inside the model is not: the run goes on elsewhere. A
model of options marks such a field, and nobody has to know its name::

    class Options(Record):
        layers: int = 4
        device: Annotated[str, RuntimeOption()] = "auto"
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from vla_gym.errors import OptionError, PluginError, suggest
from vla_gym.plugins import ConfigurableEntry
from vla_gym.registry import load_target
from vla_gym.schema import Record
from vla_gym.validation import fields_at

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class RuntimeOption:
    """Marks a field (``Annotated[T, RuntimeOption()]``) that says how something is run.

    It is recorded with a run and never compared when the run is resumed.
    """


class NoOptions(Record):
    """The options of what has none."""


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return nested options with those of ``over`` in place of those of ``base``."""
    result = dict(base)
    for key, value in over.items():
        old = result.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            result[key] = merged(old, value)
        else:
            result[key] = value
    return result


def options_model(target: str) -> type[Record]:
    """Return the model that an import string names; an empty one is that of no options.

    Raises:
        PluginError: When it names something else.
    """
    if not target:
        return NoOptions
    model = load_target(target)
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        raise PluginError(f"{target} is {model!r}, expected a class of options (a Record).")
    return model  # type: ignore[return-value]


def validated(model: type[Model], given: Mapping[str, Any], *, where: str) -> Model:
    """Return options as their model.

    Args:
        model: What may be set.
        given: What is.
        where: Whose options they are, for messages, such as ``"The run"``.

    Raises:
        OptionError: Naming each value that is not acceptable, and near matches of unknown names.
    """
    try:
        return model.model_validate(dict(given))
    except ValidationError as error:
        raise OptionError("\n".join(_problems(error, model, where))) from error


def _problems(error: ValidationError, model: type[BaseModel], where: str) -> Iterator[str]:
    for problem in error.errors(include_url=False):
        name = ".".join(map(str, problem["loc"]))
        value = f"{where}: {name}={problem['input']!r}" if name else where
        if problem["type"] == "extra_forbidden":
            known = fields_at(model, problem["loc"][:-1])
            hint = suggest(str(problem["loc"][-1]), known) if known else "It has none."
            yield f"{where} has no option {name!r}. {hint}"
        elif problem["type"] == "missing":
            yield f"{where} needs the option {name!r}."
        elif problem["type"] == "literal_error":
            words = re.findall("'([^']+)'", problem["ctx"]["expected"])
            near = suggest(str(problem["input"]), words)
            yield f"{value}, expected one of {', '.join(words)}. {near}"
        else:
            yield f"{value}, {_expected(problem)}."


def _expected(problem: Mapping[str, Any]) -> str:
    """Return what was expected, in few words."""
    if problem["type"] == "greater_than_equal":
        return f"expected a number from {problem['ctx']['ge']:g}"
    if problem["type"] == "greater_than":
        return f"expected a number above {problem['ctx']['gt']:g}"
    text: str = problem["msg"]
    return text.removeprefix("Value error, ").replace("Input should be", "expected")


def entry_options(
    entry: ConfigurableEntry, given: Mapping[str, Any], *, subject: str = ""
) -> Record:
    """Return the options of an entry: its defaults, with what was given over them.

    Raises:
        OptionError: As ``validated``.
    """
    whole = merged(entry.defaults, given)
    where = subject or f"{entry.word.capitalize()} {entry.name!r}"
    return validated(options_model(entry.options), whole, where=where)


def call_target(target: Any, entry: ConfigurableEntry, options: Record, **more: Any) -> Any:
    """Call what an entry names, as ``ConfigurableEntry`` promises."""
    arguments = (options,) if entry.options else ()
    return target(*arguments, **entry.bound, **more)


def identity_options(model: type[BaseModel], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options without those that ``model`` marks as ``RuntimeOption``.

    Args:
        model: The options an entry takes; ``None`` marks nothing.
        options: Those that were given, nested ones as mappings.
    """
    if model is None:
        return dict(options)
    kept: dict[str, Any] = {}
    for name, value in options.items():
        field = model.model_fields.get(name)
        if field is not None and _is_runtime(field):
            continue
        inner = None if field is None else _model(field.annotation)
        nested = inner is not None and isinstance(value, Mapping)
        kept[name] = identity_options(inner, value) if inner and nested else value
    return kept


@dataclass(frozen=True)
class OptionHelp:
    """One option as ``vla-gym show`` prints it.

    Attributes:
        name: With dots where it is part of another.
        type: As it is written in Python.
        default: Its value if it is not set; ``"required"`` if it must be.
        help: What it is.
        runtime: Whether it says how something is run, not what.
    """

    name: str
    type: str
    default: str
    help: str
    runtime: bool


def describe(
    model: type[BaseModel], values: BaseModel | None = None, prefix: str = ""
) -> Iterator[OptionHelp]:
    """Yield the options of a model and, behind each that is a model itself, those of it.

    Args:
        model: What may be set.
        values: What is set if nobody sets anything; the model's own defaults if ``None``.
        prefix: Of the names.
    """
    texts = _attributes(model)
    for name, field in model.model_fields.items():
        text = (field.description or texts.get(name, "")).replace("``", "")
        value = None if values is None else getattr(values, name)
        default = _default(field) if values is None else _shown(value)
        kind = _type(field.annotation)
        yield OptionHelp(f"{prefix}{name}", kind, default, text, _is_runtime(field))
        if (inner := _model(field.annotation)) is not None:
            known = value if isinstance(value, inner) else None
            yield from describe(inner, known, f"{prefix}{name}.")


def describe_call(
    function: Callable[..., Any], values: Mapping[str, Any] | None = None
) -> Iterator[OptionHelp]:
    """Yield the keyword arguments of a function or class, explained by its docstring (``Args:``).

    Args:
        function: What is called; ``*args`` and ``**kwargs`` are left out.
        values: Of arguments that somebody sets already.
    """
    texts = _section(inspect.getdoc(function) or "", "Args")
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        required = parameter.default is parameter.empty
        default = "required" if required else _shown(parameter.default)
        if name in (values or {}):
            default = _shown((values or {})[name])
        text = texts.get(name, "").replace("``", "")
        yield OptionHelp(name, str(parameter.annotation), default, text, False)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    return _shown(field.get_default(call_default_factory=True))


def _shown(value: Any) -> str:
    if isinstance(value, Enum):
        return repr(value.value)
    return "..." if isinstance(value, BaseModel) else repr(value)


def _type(annotation: Any) -> str:
    text = annotation.__name__ if isinstance(annotation, type) else str(annotation)
    return re.sub(r"\b(typing|collections\.abc|[\w]+(?:\.\w+)*)\.(?=\w)", "", text)


def _attributes(model: type[BaseModel]) -> dict[str, str]:
    """Return what the docstrings of a model and its bases say of its fields (``Attributes:``)."""
    texts: dict[str, str] = {}
    for base in reversed(model.__mro__):
        doc = inspect.cleandoc(base.__dict__.get("__doc__") or "")
        texts.update(_section(doc, "Attributes"))
    return texts


def _section(doc: str, title: str) -> dict[str, str]:
    """Return what a section of a docstring says, by name."""
    _, _, section = doc.partition(f"\n{title}:\n")
    return _described(section.splitlines())


def _described(lines: Iterable[str]) -> dict[str, str]:
    texts: dict[str, str] = {}
    name = ""
    for line in lines:
        found = re.match(r"    (\w+): (.*)", line)
        if found:
            name = found[1]
            texts[name] = found[2]
        elif line.startswith("     ") and name:
            texts[name] += f" {line.strip()}"
        elif line.strip():
            break
    return texts


def _is_runtime(field: FieldInfo) -> bool:
    return any(isinstance(mark, RuntimeOption) for mark in field.metadata)


def _model(annotation: Any) -> type[BaseModel] | None:
    """Return the model that a field holds, ``None`` beside it or not."""
    for kind in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
    return None
