"""Explanations: heat maps of what a model's answers rest on."""
