"""Losses: how far a prediction is from its target, as a function and as a module each."""

from neural_net_core.losses.bce import BCELoss, binary_cross_entropy
from neural_net_core.losses.bce_with_logits import (
    BCEWithLogitsLoss,
    binary_cross_entropy_with_logits,
)
from neural_net_core.losses.cosine_embedding import (
    CosineEmbeddingLoss,
    cosine_embedding_loss,
    cosine_similarity,
)
from neural_net_core.losses.cross_entropy import CrossEntropyLoss, cross_entropy
from neural_net_core.losses.hinge import HingeLoss, hinge_loss
from neural_net_core.losses.huber import HuberLoss, SmoothL1Loss, huber_loss, smooth_l1_loss
from neural_net_core.losses.info_nce import InfoNCELoss, info_nce_loss
from neural_net_core.losses.kl_div import KLDivLoss, kl_div
from neural_net_core.losses.l1 import L1Loss, l1_loss
from neural_net_core.losses.mse import MSELoss, mse_loss
from neural_net_core.losses.nll import NLLLoss, nll_loss
from neural_net_core.losses.triplet_margin import TripletMarginLoss, triplet_margin_loss

__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "CosineEmbeddingLoss",
    "CrossEntropyLoss",
    "HingeLoss",
    "HuberLoss",
    "InfoNCELoss",
    "KLDivLoss",
    "L1Loss",
    "MSELoss",
    "NLLLoss",
    "SmoothL1Loss",
    "TripletMarginLoss",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cosine_embedding_loss",
    "cosine_similarity",
    "cross_entropy",
    "hinge_loss",
    "huber_loss",
    "info_nce_loss",
    "kl_div",
    "l1_loss",
    "mse_loss",
    "nll_loss",
    "smooth_l1_loss",
    "triplet_margin_loss",
]
