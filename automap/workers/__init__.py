"""Worker processes: executors, the worker's loop, leases and run folders."""
