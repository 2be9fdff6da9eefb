"""The oven in virtual time: its own code, unchanged, among in-memory services.

Layers, each importing only those before it: ``loop`` (time) and ``random_source`` (chance); ``latencies``,
``quotas`` and ``faults`` (what AWS is like); ``queues``, ``table`` and ``executions`` (the services, which
implement the oven's ports); ``transport`` and ``wired`` (requests to them from a function); ``functions`` and
``event_source`` (Lambda); ``world`` (all of it put together). On a world stand ``invariants`` and ``trace``
(what is checked and told), ``schedules`` with ``shrinking`` (at random), and ``interleavings`` with
``scenarios`` (every way there is).
"""
