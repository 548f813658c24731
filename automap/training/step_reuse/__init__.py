"""Reusing one compiled training step for many trials.

Tracing and compiling a small network takes as long as several of its epochs. Trials that differ only in their seed, or
in hyperparameters that components declare as `adjustable`, share one compiled step: those numbers are read from
variables, and the compiled model of an earlier trial takes over all variables of the later one.

- `adjusted`: puts the numbers of a model's parts into variables.
- `dropout`, `augmentation`: layers that read their numbers from variables.
- `compiled_cache`: the models of earlier trials.

Everything else in training works without this package.
"""
