"""Schema registries: what the Avro, Protobuf and JSON Schema converters share.

A registry keeps schemas under subjects, numbers them, and answers over HTTP (the API of Confluent Schema Registry,
which others speak too). Which module does what:

=============  ==========================================================================================
``base``       :class:`RegistryConverter`: what a converter extends; it adds the mapping of its format
``schemas``    :class:`SchemaText`, :class:`Reference`, :class:`RegisteredSchema`: what is asked and told
``wire``       the five bytes in front of each message
``settings``   the keys that all three have, declared once and parsed
``subjects``   under which subject the schema of a topic's keys or values is kept
``client``     :class:`RegistryClient`: registers, looks up, resolves references; with caches
``transport``  HTTP: kept connections, several addresses, bounded retries
``auth``       who we say we are; ``tls``: whom we trust
``mock``       ``mock://name``: a registry inside the process, for tests and for trying out
``faults``     every error of these modules
=============  ==========================================================================================

Everything is synchronous and used on one thread, the task's. A registry that is down is an
:class:`~barnabas.errors.OutageError`: the task waits and tries the same records again, and none is skipped. One that
refuses us (credentials, rights, an address that is no registry) is a :class:`~barnabas.errors.RefusedError`: it fails
the task whatever is tolerated. All else is a :class:`~barnabas.errors.DataError` of the record at hand.
"""

from __future__ import annotations
