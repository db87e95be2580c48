"""Runs plugin code in processes of its own: fork server, hosts, control channel, deadlines, restarts.

``api`` is all that other rooms of the worker need; ``ProcessSupervisor`` is the real implementation.
Nothing is imported here, so that :mod:`barnabas.supervisor.forkserver` can be started before anything heavy.
"""
