"""What a machine can do, and what a network has learned, as files for other programs.

`doctor`, at the root of the package, prints what `examine` finds.
"""

from neural_net_utils.diagnostics.doctor import Finding, examine

__all__ = ["Finding", "examine"]
