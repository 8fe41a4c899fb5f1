"""Proofs over all runs: a workflow composed with the monitor of a rule, as one transition system."""
