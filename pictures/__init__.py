"""The pictures of the documentation, made from the real thing. Make them all with `make pictures`."""
