"""Programs for mpiexec are no tests by themselves, and importing them would start MPI."""

collect_ignore = ["on_ranks.py", "train_digits.py"]
