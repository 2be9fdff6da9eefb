"""Step Functions: executions, the tasks of their states, task tokens, and paths into their data."""
