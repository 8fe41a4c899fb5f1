"""The static labelling: a least fixpoint of tag masks over the core."""
