"""Search: the study, samplers, pruners, budget, workers and executors."""
