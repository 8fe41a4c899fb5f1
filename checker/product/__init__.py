"""The product of a workflow with the monitor of a rule: one transition system, proved safe by an inductive invariant."""
