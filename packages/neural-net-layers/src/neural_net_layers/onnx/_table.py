"""The table of all operations: what is written for each, or why nothing is."""

from neural_net_core.losses._loss import ReduceOp
from neural_net_core.losses.bce import BCELossOp
from neural_net_core.losses.bce_with_logits import BCEWithLogitsLossOp
from neural_net_core.losses.cross_entropy import CrossEntropyLossOp, SoftCrossEntropyLossOp
from neural_net_core.losses.hinge import HingeEmbeddingLossOp, HingeLossOp
from neural_net_core.losses.huber import HuberLossOp
from neural_net_core.losses.kl_div import KLDivLossOp
from neural_net_core.losses.l1 import L1LossOp
from neural_net_core.losses.mse import MSELossOp
from neural_net_core.losses.multi_margin import MultiMarginLossOp
from neural_net_core.losses.nll import NLLLossOp
from neural_net_core.op import Op
from neural_net_layers.onnx._graph import Rows
from neural_net_layers.onnx.rows import (
    activations,
    attention,
    convolution,
    elementwise,
    embeddings,
    normalization,
    products,
    recurrent,
    reductions,
    shapes,
)
from neural_net_layers.regularization.alpha_dropout import AlphaDropoutOp
from neural_net_layers.regularization.dropout import DropoutOp

__all__ = ["ROWS", "WITHOUT_ROW"]

ROWS: Rows = {
    **elementwise.ROWS,
    **products.ROWS,
    **reductions.ROWS,
    **shapes.ROWS,
    **activations.ROWS,
    **normalization.ROWS,
    **convolution.ROWS,
    **embeddings.ROWS,
    **attention.ROWS,
    **recurrent.ROWS,
}

LOSSES = (
    BCELossOp,
    BCEWithLogitsLossOp,
    CrossEntropyLossOp,
    SoftCrossEntropyLossOp,
    HingeEmbeddingLossOp,
    HingeLossOp,
    HuberLossOp,
    KLDivLossOp,
    L1LossOp,
    MSELossOp,
    MultiMarginLossOp,
    NLLLossOp,
    ReduceOp,
)

# Why there is no row.
WITHOUT_ROW: dict[type[Op], str] = {
    **dict.fromkeys(LOSSES, "a loss is for training; export the part that predicts"),
    DropoutOp: "dropout drops in training only; in evaluation it leaves no operation",
    AlphaDropoutOp: "dropout drops in training only; in evaluation it leaves no operation",
}
