"""Measuring FLOPs, latency and memory."""
