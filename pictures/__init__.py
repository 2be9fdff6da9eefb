"""The pictures of the documentation, made by running the oven. Make all with `make pictures`."""
