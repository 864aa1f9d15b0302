"""What is fast: kernels for CPU and GPU that tests hold equal to `dynamics` and `rounding`."""
