"""What every implementation of the oven's ports must do: those in memory, and those on AWS."""
