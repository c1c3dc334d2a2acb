"""From arrays to batches: splitting, preparing, augmenting, loading."""

__all__: list[str] = []
