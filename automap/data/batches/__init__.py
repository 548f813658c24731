"""Batches of decoded records for training and evaluation."""
