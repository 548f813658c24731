"""Measuring what a network costs: FLOPs, latency and memory."""
