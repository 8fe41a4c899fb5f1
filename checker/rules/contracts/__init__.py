"""The built-in rules about contracts and conditions, one file per rule."""
