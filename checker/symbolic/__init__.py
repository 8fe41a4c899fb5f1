"""Symbolic execution of one workflow, merged at joins."""
