"""Losses, each as a function and as a module, one file per idea.

All take predictions first, do not broadcast one shape to another, and reduce by `reduction`:
"mean" (the default), "sum", or "none". A mean over nothing is 0, and each says in its `counted`
what it divided by.
"""

from neural_net_core.losses._loss import Reduction
from neural_net_core.losses.bce import BCELoss, BCELossOp, binary_cross_entropy
from neural_net_core.losses.bce_with_logits import (
    BCEWithLogitsLoss,
    BCEWithLogitsLossOp,
    binary_cross_entropy_with_logits,
)
from neural_net_core.losses.cosine_embedding import (
    CosineEmbeddingLoss,
    CosineSimilarityOp,
    cosine_embedding_loss,
    cosine_similarity,
)
from neural_net_core.losses.cross_entropy import (
    CrossEntropyLoss,
    CrossEntropyLossOp,
    SoftCrossEntropyLossOp,
    cross_entropy,
)
from neural_net_core.losses.hinge import (
    HingeEmbeddingLoss,
    HingeEmbeddingLossOp,
    HingeLoss,
    HingeLossOp,
    hinge_embedding_loss,
    hinge_loss,
)
from neural_net_core.losses.huber import (
    HuberLoss,
    HuberLossOp,
    SmoothL1Loss,
    huber_loss,
    smooth_l1_loss,
)
from neural_net_core.losses.info_nce import InfoNCELoss, info_nce
from neural_net_core.losses.kl_div import KLDivLoss, KLDivLossOp, kl_div
from neural_net_core.losses.l1 import L1Loss, L1LossOp, l1_loss
from neural_net_core.losses.mse import MSELoss, MSELossOp, mse_loss
from neural_net_core.losses.multi_margin import (
    MultiMarginLoss,
    MultiMarginLossOp,
    multi_margin_loss,
)
from neural_net_core.losses.nll import NLLLoss, NLLLossOp, nll_loss
from neural_net_core.losses.normalize import NormalizeOp, normalize
from neural_net_core.losses.triplet_margin import (
    PairwiseDistanceOp,
    TripletMarginLoss,
    pairwise_distance,
    triplet_margin_loss,
)

__all__ = [
    "BCELoss",
    "BCELossOp",
    "BCEWithLogitsLoss",
    "BCEWithLogitsLossOp",
    "CosineEmbeddingLoss",
    "CosineSimilarityOp",
    "CrossEntropyLoss",
    "CrossEntropyLossOp",
    "HingeEmbeddingLoss",
    "HingeEmbeddingLossOp",
    "HingeLoss",
    "HingeLossOp",
    "HuberLoss",
    "HuberLossOp",
    "InfoNCELoss",
    "KLDivLoss",
    "KLDivLossOp",
    "L1Loss",
    "L1LossOp",
    "MSELoss",
    "MSELossOp",
    "MultiMarginLoss",
    "MultiMarginLossOp",
    "NLLLoss",
    "NLLLossOp",
    "NormalizeOp",
    "PairwiseDistanceOp",
    "Reduction",
    "SmoothL1Loss",
    "SoftCrossEntropyLossOp",
    "TripletMarginLoss",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cosine_embedding_loss",
    "cosine_similarity",
    "cross_entropy",
    "hinge_embedding_loss",
    "hinge_loss",
    "huber_loss",
    "info_nce",
    "kl_div",
    "l1_loss",
    "mse_loss",
    "multi_margin_loss",
    "nll_loss",
    "normalize",
    "pairwise_distance",
    "smooth_l1_loss",
    "triplet_margin_loss",
]
