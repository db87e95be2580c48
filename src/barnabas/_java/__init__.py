"""What transforms need of Java's own library, behaving as in Java 17: date formats, casts, numbers from text."""

from __future__ import annotations
