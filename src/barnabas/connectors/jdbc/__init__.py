"""Tables of SQL databases into topics and topics into tables, by the keys of the usual JDBC connectors."""

from __future__ import annotations
