"""From a doubt to a concrete run that the reference interpreter replays."""
