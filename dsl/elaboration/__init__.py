"""Surface trees to the core in one pass: imports, names, types, desugaring."""
