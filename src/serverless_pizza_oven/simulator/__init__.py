"""The oven in virtual time: its own code, unchanged, among in-memory services.

The layers, from the lowest:

- ``loop`` (time) and ``random_source``;
- ``latencies``, ``quotas`` and ``faults``: how AWS behaves;
- ``fifo_queue``, ``standard_queue``, ``memory_queues``, ``memory_table``, ``memory_tokens`` and
  ``executions``: the services. They implement the oven's ports;
- ``transport`` and ``remote_ports``: requests from a function to the services;
- ``functions``, ``event_source`` and ``event_bridge``: Lambda and the events that invoke it;
- ``world``: all of these together;
- ``invariants`` with ``line_watch`` and ``hold_watch``, and ``trace``: what is checked and printed;
- ``schedules`` with ``shrinking``: random runs. ``exploration`` with ``small_world`` and ``scenarios``:
  every order.
"""
