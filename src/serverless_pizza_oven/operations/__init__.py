"""Operates a deployed oven: shows what it does, and acts on it."""
