"""Runs cases of kind ``predicate``: one record against one predicate, alone and in a batch, which must agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from barnabas.predicates.names import PREDICATES
from vectors.codec import error_of
from vectors.run_transforms import batch_of, decode_record, load

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barnabas.predicates import Predicate

__all__ = ["run"]


def run(case: Mapping[str, Any]) -> dict[str, Any]:
    """What our predicate answers, in the neutral encoding; a batch that answers otherwise is the error ``batch``."""
    stage = "configure"
    try:
        predicate: Predicate[Any] = load(PREDICATES[case["class"]])()
        predicate.configure(case["config"] or {})
        stage = "test"
        batch = batch_of(case["record"])
        alone, together = predicate.test(decode_record(case["record"])), predicate.test_batch(batch)
    except Exception as error:  # noqa: BLE001 - whatever it raises is the answer
        return error_of(stage, error)
    if together != [alone] * len(batch):
        return {"error": {"stage": "batch", "class": "BatchDiffers", "message": f"{together} in a batch, but {alone}"}}
    return {"result": alone}
