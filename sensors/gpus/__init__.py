"""What one NVIDIA GPU is asked, when, and what its answers mean."""
