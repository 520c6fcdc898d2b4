"""Reads the machine: GPUs through NVML, CPU, memory, heat, processes."""
