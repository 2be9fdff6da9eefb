"""The stack: its template, the functions' package, its coming and going in CloudFormation, its queues."""
