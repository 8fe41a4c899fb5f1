"""Starter specs from catalogues of tools and graphs of other systems. What a source does not say becomes the worst case: `any`, no
declared effect, every order. Texts of a source are data: bounded, escaped, never evaluated."""
