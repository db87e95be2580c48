"""``python``: a transform that is a function in a user's file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, ClassVar, Generic, TypeVar

from barnabas.config import ConfigDef, Type
from barnabas.errors import BarnabasError, DataError
from barnabas.record import Batch, SinkBatch, SinkRecord, SourceBatch, SourceRecord
from barnabas.transforms._function import bind, location, resolve
from barnabas.transforms.base import Transformation

__all__ = ["Python"]

R = TypeVar("R", SourceRecord, SinkRecord)

_OWN = ("function", "batch", "strict")


class Python(Transformation[R], Generic[R]):
    """Calls a function with each record, or with each batch.

    The function gets a record and returns it, a changed copy (``record.new_record(value=…)``), or ``None`` to drop it.
    It is called exactly once for each record, in order, on the task's thread; only a failure that it marks as healing
    (:class:`~barnabas.RetriableError`) makes Connect call it again, as ``errors.retry.timeout`` says. What else it
    raises is a failure of that record, and treated as ``errors.tolerance`` says.
    """

    CONFIG: ClassVar[ConfigDef] = (
        ConfigDef()
        .define(
            "function",
            Type.STRING,
            importance="high",
            doc="The function, as `module:name`. The module is looked for in the connector's plugin home, on "
            "plugin.path, among the installed packages, and in the worker's current directory. A class is called "
            "once, and what that gives is called with the records.",
        )
        .define(
            "batch",
            Type.BOOLEAN,
            default=None,
            importance="low",
            doc="Whether the function takes a whole batch; told from the annotation of its first parameter if not set.",
        )
    )

    shown_name = f"{__name__}.Python"
    """How errors and dead letters call it: by the function's name, once that is known."""

    one_by_one = True
    """Whether the function takes single records."""

    def configure(self, props: Mapping[str, str]) -> None:
        """Called once before the first record: imports the function's module.

        Every other setting is given to the function as a keyword argument, of the type that it says: ``currency=EUR``
        for ``def to_euros(record, *, currency: str)``.

        Raises:
            ConfigError: There is no such function, it cannot be called with a record, or settings do not fit it.
        """
        config = self.CONFIG.parse(props)
        settings = {key: text for key, text in props.items() if key not in _OWN}
        resolved = resolve(config["function"])
        bound = bind(resolved, settings, props.get("strict"))
        self._file, self.shown_name = resolved.file, resolved.name
        self._function: Callable[[Any], Any] = bound.function
        self.one_by_one = not (bound.takes_batch if config["batch"] is None else config["batch"])

    def apply(self, record: R) -> R | None:
        """Call the function with one record."""
        if not self.one_by_one:
            single: Any = SourceBatch if isinstance(record, SourceRecord) else SinkBatch
            rows: list[Any] = [*self.apply_batch(single.of([record]))[0]]
            return rows[0] if rows else None
        result: Any = self._call(record)
        if result is None or type(result) is type(record):
            return result
        raise self._wrong(result, f"the {type(record).__name__}, or a changed copy of it, or None to drop it")

    def apply_batch(self, batch: Batch[R]) -> tuple[Batch[R], list[int] | None]:
        """Call the function with the batch, or with each record of it."""
        if self.one_by_one:
            return Transformation.apply_batch(self, batch)
        result: Any = self._call(batch)
        if result is None:
            return batch.take([]), []
        made: Any = result
        kept: Any = None
        if isinstance(result, tuple) and len(result) == 2:  # noqa: PLR2004  records, and the positions kept
            made, kept = result
        if type(made) is not type(batch):
            raise self._wrong(
                result, f"a {type(batch).__name__}, alone or with the positions of the records that it kept"
            )
        self._check_kept(batch, made, kept)
        return made, None if kept is None or len(kept) == len(batch) else [*kept]

    def _call(self, given: Any) -> Any:
        try:
            return self._function(given)
        except BarnabasError:
            raise  # it says what it means: RetriableError asks to be called again
        except Exception as error:
            where = location(error, self._file)
            text = f": {error}" if str(error) else ""
            raise DataError(
                f"{self.shown_name} failed with {type(error).__name__}{text} ({where})",
                code="BRN-2184",
                remedy="Correct the function, or skip such records with errors.tolerance=all.",
            ) from error

    def _check_kept(self, batch: Batch[R], made: Batch[R], kept: Any) -> None:
        if kept is None:
            if len(made) == len(batch):
                return
            problem = f"{len(made)} of {len(batch)} records without the positions of those that it kept"
        else:
            positions = [*kept]
            ascending = all(one < other for one, other in pairwise(positions))
            inside = not positions or (positions[0] >= 0 and positions[-1] < len(batch))
            if len(made) == len(positions) and ascending and inside:
                return
            problem = f"{len(made)} records and the positions {positions}, which do not go together"
        raise DataError(
            f"{self.shown_name} returned {problem}.",
            code="BRN-2185",
            remedy="Return batch.take(kept), kept with positions of the batch that was given, ascending.",
        )

    def _wrong(self, result: Any, wanted: str) -> DataError:
        return DataError(
            f"{self.shown_name} returned a {type(result).__name__}.",
            code="BRN-2185",
            remedy=f"Return {wanted}.",
        )
