"""The stack: its template, the functions' package, and its coming and going in CloudFormation."""
