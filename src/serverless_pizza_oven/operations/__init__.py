"""Operating a deployed oven: seeing what it does, and acting on it."""
