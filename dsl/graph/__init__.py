"""The typed DAG of a workflow."""
