"""The oven: everything that runs inside the two Lambda functions, and nothing else.

Layers, each importing only those before it: ``errors`` and ``item``; ``ports``; ``plans``;
``baking`` and ``removing`` (the protocol); ``aws`` (adapters); ``functions`` (wiring).
"""
