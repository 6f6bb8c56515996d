"""Tests of `vox.testing`, which other people's tests stand on."""
