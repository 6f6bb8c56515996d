"""Comparing models: how well they hear and speak, how fast, and what they take. `vox bench` is its command line."""
