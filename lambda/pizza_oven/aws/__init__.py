"""The ports on AWS: one module for each service. Clients come in as arguments."""
