"""The spec: its models, the search space, components, plugin discovery and error rendering."""
