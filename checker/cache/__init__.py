"""Answers of earlier checks, kept in `.wfcheck_cache` and served while nothing they rest on has changed.

What serves an answer imports nothing but `os` and `sys`: a start that ends here costs about as much as the bare interpreter."""
