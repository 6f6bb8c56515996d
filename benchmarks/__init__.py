"""What Vox costs, measured beside what it is compared with: every figure is a ratio taken in one run."""
