"""Side-by-side measurements against the straightforward way of doing the same work."""
