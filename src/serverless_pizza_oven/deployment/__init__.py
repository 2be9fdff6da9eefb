"""The stack: its template and package, and how CloudFormation makes, changes and deletes it."""
