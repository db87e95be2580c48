"""Protobuf behind ProtobufConverter: .proto text, Confluent's framing, the mapping to Connect and back."""

from __future__ import annotations
