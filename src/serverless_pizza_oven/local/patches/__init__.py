"""Changes MiniStack so that the local stack behaves as AWS does: a module or package for each service.

Each function takes the MiniStack module that it changes, before any request is served. All of them reach into
private parts of MiniStack, so `serverless_pizza_oven.local.server` runs with exactly one version of it.
"""
