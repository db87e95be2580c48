"""A user's function by its name: importing it, and giving it its settings as keyword arguments."""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, get_args

from barnabas.config import Type, invalid, nearest, parse_value
from barnabas.errors import ConfigError
from barnabas.record import Batch, SinkBatch, SourceBatch
from barnabas.transforms.base import Transformation

__all__ = ["Bound", "Resolved", "bind", "location", "resolve"]

_KEY: Final = "function"
_BATCHES: Final = (Batch, SourceBatch, SinkBatch)
_BATCH_NAMES: Final = frozenset(each.__name__ for each in _BATCHES)
_BY_NAME: Final = {"int": int, "float": float, "bool": bool, "list": list}
_NAMED: Final = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
_POSITIONAL: Final = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
    inspect.Parameter.VAR_POSITIONAL,
)


class Resolved(NamedTuple):
    """What a name stands for.

    Args:
        target: The function, a class, or any other callable.
        name: ``module.name``.
        file: Where its module is, if that is a file.
    """

    target: Callable[..., Any]
    name: str
    file: str | None


class Bound(NamedTuple):
    """A function that takes a record, or a batch, and nothing else."""

    function: Callable[[Any], Any]
    takes_batch: bool


def resolve(text: str) -> Resolved:
    """Import what ``module:name`` stands for.

    Raises:
        ConfigError: There is no such module or name, importing it failed, or it cannot be called.
    """
    module_name, colon, path = text.strip().partition(":")
    if not colon:
        module_name, _, path = text.strip().rpartition(".")
    if not module_name or not path:
        raise _refusal(f"{text!r} does not name a function.", "Write module:function.")
    found: Any = _import(module_name, text)
    file = getattr(found, "__file__", None)
    for part in path.split("."):
        names = [name for name, value in vars(found).items() if callable(value)] if hasattr(found, "__dict__") else []
        if not hasattr(found, part):
            near = nearest(part, [name for name in names if not name.startswith("_")])
            raise _refusal(
                f"Module {module_name} ({file or 'built in'}) has no function {path}.",
                f"Did you mean {module_name}:{near}?"
                if near
                else "Check the spelling, and that this is the module meant.",
            )
        found = getattr(found, part)
    _check_callable(found, text)
    return Resolved(found, f"{module_name}.{path}", file)


def _check_callable(found: Any, text: str) -> None:
    if not callable(found):
        raise _refusal(
            f"{text} is a {type(found).__name__}, which cannot be called.", "Name a function that takes a record."
        )
    if isinstance(found, type) and issubclass(found, Transformation):
        raise _refusal(f"{text} is a transform itself.", f"Write its name as the type: type={text}, without function.")
    call = found if inspect.isroutine(found) or isinstance(found, type) else type(found).__call__
    if inspect.iscoroutinefunction(call) or inspect.isasyncgenfunction(call) or inspect.isgeneratorfunction(call):
        raise _refusal(
            f"{text} does not return a record: it is a coroutine or a generator.",
            "Make it a plain function, without async and yield.",
        )


def _import(name: str, text: str) -> Any:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)  # last: a file beside the worker must not hide a library
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        absent = error.name or str(error)
        if not (name == absent or name.startswith(f"{absent}.")):
            raise _refusal(
                f"{text} needs the Python module {absent}, which is not installed.",
                f"Install it: pip install {absent}.",
            ) from error
        raise _refusal(
            f"There is no Python module {absent}, in which {text} should be. Looked into {_looked()}.",
            "Put the file into one of these folders, or onto plugin.path.",
        ) from error
    except (Exception, SystemExit) as error:
        raise _refusal(
            f"Importing {name} failed: {type(error).__name__}: {error} ({location(error, None)})", "Correct the module."
        ) from error


def _looked() -> str:
    """The user's own folders on ``sys.path``; those of Python and its packages go by one name."""
    roots = {Path(sys.prefix), Path(sys.base_prefix), Path(inspect.__file__).parent}
    folders = [Path(entry or ".").absolute() for entry in sys.path]
    own = [str(each) for each in folders if each.is_dir() and not any(each.is_relative_to(root) for root in roots)]
    return ", ".join([*dict.fromkeys(own), "the installed packages"])


def _refusal(message: str, remedy: str, key: str = _KEY) -> ConfigError:
    return ConfigError(message, code="BRN-2182", key=key, remedy=remedy)


def location(error: BaseException, file: str | None) -> str:
    """File and line that an exception comes from: the last place in ``file``, if it passed there."""
    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame for frame in frames if frame.filename == file]
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}, line {error.lineno}"
    frame = (inside or frames)[-1]
    return f"{frame.filename}, line {frame.lineno}"


# ---------------------------------------------------------------------- settings
def bind(resolved: Resolved, settings: Mapping[str, str], strict: str | None = None) -> Bound:
    """Give a function its settings.

    Args:
        resolved: The function; a class is made with the settings, and the object called with records.
        settings: Text by name; dots and hyphens are underscores in parameters.
        strict: The setting of that name, which a function may take or leave.

    Raises:
        ConfigError: It takes no record, or settings are unknown, missing, or of another type.
    """
    target, name = resolved.target, resolved.name
    parameters = _parameters(target, name)
    if isinstance(target, type):
        made = _call_class(target, name, _arguments(parameters, settings, strict, name))
        _check_callable(made, name)
        first, *_ = _split(_parameters(made, name), name)
        return Bound(made, _is_batch(first.annotation))
    first, *rest = _split(parameters, name)
    arguments = _arguments(rest, settings, strict, name)
    return Bound(functools.partial(target, **arguments) if arguments else target, _is_batch(first.annotation))


def _call_class(target: type[Any], name: str, arguments: dict[str, Any]) -> Any:
    try:
        return target(**arguments)
    except ConfigError:
        raise
    except Exception as error:
        raise _refusal(
            f"Making a {name} failed: {type(error).__name__}: {error} ({location(error, None)})", "Correct the class."
        ) from error


def _parameters(target: Callable[..., Any], name: str) -> list[inspect.Parameter]:
    try:
        return [*inspect.signature(target, eval_str=True).parameters.values()]
    except NameError:  # names that are imported for type checkers only: what is written is good enough
        return [*inspect.signature(target).parameters.values()]
    except (ValueError, TypeError) as error:
        raise _refusal(
            f"The parameters of {name} cannot be seen: {error}", "Wrap it in a function of yours."
        ) from error


def _split(parameters: list[inspect.Parameter], name: str) -> list[inspect.Parameter]:
    """The parameter for the record, and the others, which have to have names."""
    if not parameters or parameters[0].kind not in _POSITIONAL:
        raise _refusal(f"{name} takes no record.", f"Give it a parameter: def {name.rpartition('.')[2]}(record).")
    return parameters


def _arguments(
    parameters: list[inspect.Parameter], settings: Mapping[str, str], strict: str | None, name: str
) -> dict[str, Any]:
    known = {each.name: each for each in parameters if each.kind in _NAMED}
    anything = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters)
    if strict is not None and "strict" in known:
        settings = {**settings, "strict": strict}
    arguments: dict[str, Any] = {}
    for key, text in settings.items():
        parameter = key.replace(".", "_").replace("-", "_")
        if parameter in known:
            arguments[parameter] = _typed(key, text, known[parameter].annotation)
        elif anything:
            arguments[parameter] = text
        else:
            near = nearest(parameter, known)
            takes = f"It takes {', '.join(known)}." if known else "It takes no settings."
            raise ConfigError(
                f"{name} has no parameter for the setting {key}.",
                code="BRN-2183",
                key=key,
                remedy=f"Did you mean {near}?" if near else takes,
            )
    missing = [each.name for each in known.values() if each.default is each.empty and each.name not in arguments]
    if missing:
        raise ConfigError(
            f"{name} needs the setting {missing[0]}.",
            code="BRN-2183",
            key=missing[0],
            remedy=f"Set {missing[0]}, or give the parameter a default.",
        )
    return arguments


def _typed(key: str, text: str, annotation: Any) -> Any:
    kind = _kind(annotation)
    if kind is bool:
        return parse_value(key, text, Type.BOOLEAN)
    if kind is list:
        return parse_value(key, text, Type.LIST)
    if kind not in (int, float):
        return text
    try:
        return kind(text.strip())
    except ValueError:
        noun = "a whole number" if kind is int else "a number"
        raise invalid(key, text, f"Not {noun}", remedy=f"Write {noun}.") from None


def _kind(annotation: Any) -> Any:
    """The type to make of a text: of ``int``, ``"int"``, ``int | None`` and ``list[str]``, what is meant."""
    if isinstance(annotation, str):
        annotation = annotation.replace("|", " ").split()
        annotation = _BY_NAME.get(annotation[0].partition("[")[0]) if annotation else None
    if annotation in _BY_NAME.values():
        return annotation
    if getattr(annotation, "__origin__", None) is list:
        return list
    choices = [each for each in get_args(annotation) if each is not type(None)]
    return _kind(choices[0]) if len(choices) == 1 else None


def _is_batch(annotation: Any) -> bool:
    if isinstance(annotation, str):
        return annotation.partition("[")[0].rpartition(".")[2] in _BATCH_NAMES
    return getattr(annotation, "__origin__", annotation) in _BATCHES
