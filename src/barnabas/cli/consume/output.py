"""How records are written on standard output: lines of text, JSON, or a table."""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from barnabas.cli.consume.plain import as_json, as_text, hex_of, iso, one_line

if TYPE_CHECKING:
    from argparse import Namespace

    from barnabas.cli.consume.decode import Problem, Shown

__all__ = ["Columns", "JsonArray", "JsonLines", "Output", "Table", "Text", "make_output"]

_OPTIONS: Final = orjson.OPT_PASSTHROUGH_DATETIME
_GATHERED: Final = 100  # rows of a table that are looked at for the widths of its columns
_WIDEST: Final = 60
_NARROW: Final = 8
_GAP: Final = "  "

Write = Callable[[str], Any]


class Columns(NamedTuple):
    """What is shown beside the value in lines of text."""

    position: bool = False
    timestamp: bool = False
    key: bool = False
    headers: bool = False


class Output(ABC):
    """One format; the caller flushes.

    Args:
        write: Takes text for standard output.
    """

    def __init__(self, write: Write) -> None:
        self._write = write

    @abstractmethod
    def show(self, record: Shown) -> None:
        """One record."""

    def pause(self) -> None:  # noqa: B027  most formats hold nothing back
        """Nothing more is there at the moment: what was held back is written."""

    def end(self) -> None:
        """There is nothing more; called once, also after an error."""
        self.pause()


def make_output(arguments: Namespace, write: Write) -> Output:
    """The format that was asked for."""
    if arguments.format == "jsonl":
        return JsonLines(write)
    if arguments.format == "json":
        return JsonArray(write)
    every = arguments.verbose
    columns = Columns(
        arguments.position or every, arguments.timestamp or every, arguments.key or every, arguments.headers or every
    )
    return Table(write, columns) if arguments.format == "table" else Text(write, columns)


class _Explained:
    """Says what to do about each kind of problem once: a whole topic may have the same."""

    def __init__(self) -> None:
        self._said: set[tuple[str, str | None]] = set()

    def line(self, problem: Problem) -> str:
        kind = problem.part, problem.code or problem.message
        remedy = "" if problem.remedy is None or kind in self._said else f" {problem.remedy}"
        self._said.add(kind)
        code = f" ({problem.code})" if problem.code else ""
        message = one_line(problem.message.rstrip(".: "))
        return (
            f"{_GAP}ERROR {problem.part}: {message}.{one_line(remedy)}{code}\n"
            f"{_GAP}bytes of the {problem.part}: {hex_of(problem.payload)}\n"
        )


class Text(Output):
    """A record a line, its parts separated by tabs; as often as not only the value.

    Args:
        write: As for any.
        columns: What else is shown.
    """

    def __init__(self, write: Write, columns: Columns) -> None:
        super().__init__(write)
        self._columns = columns
        self._explained = _Explained()

    def show(self, record: Shown) -> None:
        """One line, and one more for each part that could not be read, with the reason and its bytes."""
        wanted, failed = self._columns, {problem.part: problem for problem in record.problems}
        parts = []
        if wanted.position or failed:
            parts.append(f"{record.topic}-{record.partition}@{record.offset}")
        if wanted.timestamp:
            parts.append("-" if record.time is None else iso(record.time))
        if wanted.key and "key" not in failed:
            parts.append(as_text(record.key))
        if wanted.headers:
            parts.append(_headers(record))
        if "value" not in failed:
            parts.append(as_text(record.value))
        self._write("\t".join(parts) + "\n")
        for problem in record.problems:
            self._write(self._explained.line(problem))


def _headers(record: Shown) -> str:
    return ",".join(f"{one_line(name)}={as_text(value)}" for name, value in record.headers) or "-"


def _object(record: Shown) -> dict[str, Any]:
    """A record as one object; ``errors`` only where there are any."""
    made = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": None if record.time is None else iso(record.time),
        "key": as_json(record.key),
        "value": as_json(record.value),
        "headers": [[as_json(name), as_json(value)] for name, value in record.headers],
    }
    if record.problems:
        made["errors"] = [
            {
                "part": each.part,
                "error": each.message,
                "code": each.code,
                "remedy": each.remedy,
                "hex": None if each.payload is None else each.payload.hex(),
            }
            for each in record.problems
        ]
    return made


def _dump(record: Shown, options: int = 0) -> str:
    try:
        return orjson.dumps(_object(record), option=_OPTIONS | options).decode()
    except (TypeError, RecursionError) as error:  # nested deeper than JSON may be
        return _dump(record._replace(key=None, value=f"(cannot be shown: {error})", headers=[]), options)


class JsonLines(Output):
    """A record a line, everything there is to say about it in one object."""

    def show(self, record: Shown) -> None:
        """One line."""
        self._write(_dump(record) + "\n")


class JsonArray(Output):
    """One array of objects, indented."""

    def __init__(self, write: Write) -> None:
        super().__init__(write)
        self._any = False

    def show(self, record: Shown) -> None:
        """One element."""
        self._write((",\n" if self._any else "[\n") + _dump(record, orjson.OPT_INDENT_2))
        self._any = True

    def end(self) -> None:
        """Close the array."""
        self._write("\n]\n" if self._any else "[]\n")


class Table(Output):
    """Columns: of the record, then one for each field of the values, as wide as the first rows need.

    Args:
        write: As for any.
        columns: Position, timestamp and key are always there; headers if asked for.
    """

    def __init__(self, write: Write, columns: Columns) -> None:
        super().__init__(write)
        self._columns = columns
        self._explained = _Explained()
        self._waiting: list[Shown] = []
        self._fields: list[str] | None = None
        self._widths: list[int] | None = None

    def show(self, record: Shown) -> None:
        """Kept until there are enough to know how wide the columns are."""
        self._waiting.append(record)
        if self._widths is not None or len(self._waiting) >= _GATHERED:
            self.pause()

    def pause(self) -> None:
        """Write the rows that were kept."""
        records, self._waiting = self._waiting, []
        if not records:
            return
        if self._widths is None:
            self._fields = _fields_of(records)
        rows = [(self._row(record), record) for record in records]
        if self._widths is None:
            head = self._head()
            self._widths = [
                min(_WIDEST, max(len(row[at]) for row in [head, *(row for row, _ in rows)])) for at in range(len(head))
            ]
            self._fit()
            self._write(self._line(head))
        for row, record in rows:
            self._write(self._line(row))
            for problem in record.problems:
                self._write(self._explained.line(problem))

    def _fit(self) -> None:
        """Make the widest columns narrower until a line fits on the terminal, or nothing can be given up."""
        assert self._widths is not None, "made just before"
        room = shutil.get_terminal_size((0, 0)).columns
        while room and sum(self._widths) + len(_GAP) * (len(self._widths) - 1) > room and max(self._widths) > _NARROW:
            self._widths[self._widths.index(max(self._widths))] -= 1

    def _head(self) -> list[str]:
        head = ["PARTITION", "OFFSET", "TIMESTAMP", "KEY"]
        if self._columns.headers:
            head.append("HEADERS")
        return head + (["VALUE"] if self._fields is None else [one_line(name) for name in self._fields])

    def _row(self, record: Shown) -> list[str]:
        row = [
            str(record.partition),
            str(record.offset),
            "-" if record.time is None else iso(record.time),
            as_text(record.key),
        ]
        if self._columns.headers:
            row.append(_headers(record))
        if self._fields is None:
            return [*row, "" if record.problems and record.value is None else as_text(record.value)]
        value = record.value if isinstance(record.value, Mapping) else {}
        return row + [as_text(value[name]) if name in value else "" for name in self._fields]

    def _line(self, row: list[str]) -> str:
        assert self._widths is not None, "known before the first line"
        cells = [
            cell.ljust(width) if len(cell) <= width else f"{cell[: width - 1]}…"
            for cell, width in zip(row, self._widths, strict=True)
        ]
        return _GAP.join(cells).rstrip() + "\n"


def _fields_of(records: list[Shown]) -> list[str] | None:
    """The names of the fields of all values in order; ``None`` where a value is no object."""
    names: dict[str, None] = {}
    for record in records:
        if record.value is None:
            continue
        if not isinstance(record.value, Mapping) or not all(isinstance(name, str) for name in record.value):
            return None
        names.update(dict.fromkeys(record.value))
    return [*names] or None
