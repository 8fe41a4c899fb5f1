"""Conditions over recorded values, three-valued: the run-time half evaluates these and nothing else."""
