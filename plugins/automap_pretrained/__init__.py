"""Architectures with pretrained weights."""
