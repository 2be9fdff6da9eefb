"""What an oven will do, cost and run into, before there is one: simulated in virtual time.

Layers, each importing only those before it: ``ideal``, ``spread`` (numbers that differ) and ``arrivals``
(when items come); ``orders`` and ``files`` (what is sent when); ``recording`` (what is seen of a run);
``counts`` and ``costs`` (what it took, in requests and dollars); ``forecasts`` (the run and its outcome);
``plans`` (what to run, as people write it). On a forecast stand ``report`` (tables), ``document`` (JSON) and
``plot`` (pictures).
"""
