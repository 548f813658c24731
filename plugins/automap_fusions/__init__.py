"""Fusions of the image with other inputs."""
