"""Is everything in place? Checks, each with what to do when it is not."""
