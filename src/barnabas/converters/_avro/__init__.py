"""Avro: its schemas as a tree, the mapping to and from Connect's schemas, and readers and writers compiled for a pair.

==================  ===================================================================================
``types``           an Avro schema as a tree, and ``parsing`` of its JSON
``words``           names that the mapping keeps in schemas; the same as the Java class's
``to_connect``      from an Avro schema to Connect's
``from_connect``    from a Connect schema to Avro's JSON; ``defaults`` in both
``reading``         from wire values to Connect's; ``writing`` back
``wire``            bytes to wire values and back: fastavro, or the compiled part
``anything``        values without a schema
``compatibility``   why data of one schema cannot be read with another
==================  ===================================================================================

*Wire values* are what Avro's own types hold: numbers, text, bytes, lists, dicts; no logical types. A member of a union
of several types is a dict with one member, the name of its field in Connect's struct for the union.
"""

from __future__ import annotations
