"""What operators and built-in functions mean, exactly."""
