"""Repairs of specs: mends of diagnostics that name one, and edits of workflows after which a violated rule is proved. No edit touches a
policy or a declaration; whatever is offered was checked."""
