"""Fast kernels for CPU and GPU; tests compare them with `dynamics` and `rounding`."""
