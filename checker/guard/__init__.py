"""Rules asked before an event happens. Imports neither the solver nor the parser."""
