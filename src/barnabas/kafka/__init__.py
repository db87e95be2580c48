"""The Kafka room: the only one that imports a Kafka library.

Everything here is synchronous and belongs to the thread that made it. Nothing connects, starts a thread or makes a
client when it is imported: processes fork after import.
"""
