"""The parts of `python -m benchmarks.gpu_check`: what the product says of a GPU, checked on one."""
