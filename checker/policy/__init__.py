"""Questions about the policy itself: what its rules grant, whether they matter, how two policies compare."""
