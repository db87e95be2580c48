"""Transforms: small changes to records between connector and converter, one class, one file."""

from __future__ import annotations

from barnabas.transforms.base import Transformation

__all__ = ["Transformation"]
