"""Tests of `vox.audio`."""
