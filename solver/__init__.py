"""Terms, and questions about them: whether a formula has a model. Knows nothing of workflows."""
