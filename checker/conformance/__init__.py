"""Whether a recorded run is one of the workflow: all ways in which it may be, stepped event by event."""
