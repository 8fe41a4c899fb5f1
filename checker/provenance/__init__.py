"""Where the values of a recorded run came from."""
