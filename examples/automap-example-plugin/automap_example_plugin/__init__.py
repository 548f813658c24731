"""An architecture and an augmentation for automap, in a distribution of their own."""
