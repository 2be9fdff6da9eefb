"""An oven on this machine: an embedded AWS emulator, with the real stack in it."""
