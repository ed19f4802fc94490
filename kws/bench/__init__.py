"""The bench of kernels: models made here, with fixed seeds, and what each takes on the emulated board."""
