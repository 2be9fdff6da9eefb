"""The oven: everything that runs inside the two Lambda functions, and nothing else.

Each layer imports only those before it: the data (``item``, ``row`` and others); ``ports``; the protocol,
with ``bake_items`` and ``item_removed`` on top; ``aws`` (adapters of the ports); ``functions`` (handlers).
"""
