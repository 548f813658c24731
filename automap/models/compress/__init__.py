"""Compressing models: quantization, structured pruning, distillation."""
