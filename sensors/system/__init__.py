"""What the host tells: processor, memory, control group, disks, network."""
