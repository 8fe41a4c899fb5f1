"""Core expressions as solver terms."""
