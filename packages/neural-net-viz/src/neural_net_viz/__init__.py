"""SVG figures of networks and of their training."""
