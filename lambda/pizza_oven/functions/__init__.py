"""The two Lambda functions. At the first invocation they read their environment and make their clients."""
