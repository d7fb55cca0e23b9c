call retention_sweep();
