"""What of a spec could be dropped, or said more strictly, without any rule noticing."""
