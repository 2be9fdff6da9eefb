"""The oven in virtual time: its own code, unchanged, among in-memory services.

Layers, each importing only those before it: ``loop`` (time); ``queues``, ``table`` and ``executions``
(the services, which implement the oven's ports).
"""
