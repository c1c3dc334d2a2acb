"""What every figure is drawn with: colours, text, scales, axes, legends and the canvas."""

__all__: list[str] = []
