"""What a machine can do, where a step's time goes, and what a network has learned, as files.

`doctor`, at the root of the package, prints what `examine` finds.
"""

from neural_net_utils.diagnostics.doctor import Finding, examine
from neural_net_utils.diagnostics.step_profile import OperationTime, StepProfile, profile_step

__all__ = ["Finding", "OperationTime", "StepProfile", "examine", "profile_step"]
