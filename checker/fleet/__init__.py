"""Many recorded runs on many cores, or on many machines: the same work, cut into pieces that need nothing of each other."""
