"""What others make, tried with an oven on this machine: `make trials`. Too large to be among the tests."""
