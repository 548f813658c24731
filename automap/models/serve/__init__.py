"""Serving a model over HTTP. Nothing here imports TensorFlow: the model is an export in its own runtime."""
