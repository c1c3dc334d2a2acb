"""What optimizers share: groups, state, hyper-parameters and their limits."""

__all__: list[str] = []
