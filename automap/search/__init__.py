"""Search: the study, samplers, schedulers, the budget, finalists and retention."""
