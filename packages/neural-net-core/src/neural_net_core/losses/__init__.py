"""Losses, one file per idea: the operation, its function and its module side by side.

All take predictions first, do not broadcast one shape to another, and reduce by `reduction`:
"mean" (the default), "sum", or "none". A mean over nothing is 0, and each says in its `counted`
what it divided by.

The functions and modules (`mse_loss`, `MSELoss`) stand at the root of the package. Here stand the
operations, such as `MSELossOp`, each with the derivation of its gradient.
"""

from neural_net_core.losses._loss import ReduceOp
from neural_net_core.losses.bce import BCELossOp
from neural_net_core.losses.bce_with_logits import BCEWithLogitsLossOp
from neural_net_core.losses.cosine_embedding import CosineSimilarityOp
from neural_net_core.losses.cross_entropy import CrossEntropyLossOp, SoftCrossEntropyLossOp
from neural_net_core.losses.ctc import CTCLossOp
from neural_net_core.losses.focal import FocalLossOp, SigmoidFocalLossOp
from neural_net_core.losses.gaussian_nll import GaussianNLLLossOp
from neural_net_core.losses.hinge import HingeEmbeddingLossOp, HingeLossOp
from neural_net_core.losses.huber import HuberLossOp
from neural_net_core.losses.kl_div import KLDivLossOp
from neural_net_core.losses.l1 import L1LossOp
from neural_net_core.losses.mse import MSELossOp
from neural_net_core.losses.multi_margin import MultiMarginLossOp
from neural_net_core.losses.nll import NLLLossOp
from neural_net_core.losses.normalize import NormalizeOp
from neural_net_core.losses.poisson_nll import PoissonNLLLossOp
from neural_net_core.losses.triplet_margin import PairwiseDistanceOp

__all__ = [
    "BCELossOp",
    "BCEWithLogitsLossOp",
    "CTCLossOp",
    "CosineSimilarityOp",
    "CrossEntropyLossOp",
    "FocalLossOp",
    "GaussianNLLLossOp",
    "HingeEmbeddingLossOp",
    "HingeLossOp",
    "HuberLossOp",
    "KLDivLossOp",
    "L1LossOp",
    "MSELossOp",
    "MultiMarginLossOp",
    "NLLLossOp",
    "NormalizeOp",
    "PairwiseDistanceOp",
    "PoissonNLLLossOp",
    "ReduceOp",
    "SigmoidFocalLossOp",
    "SoftCrossEntropyLossOp",
]
