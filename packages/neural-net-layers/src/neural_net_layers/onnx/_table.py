"""The table of all operations: what is written for each, or why nothing is."""

from neural_net_core.activations import GumbelSoftmaxOp
from neural_net_core.linalg import CholeskyOp, InvOp, SlogdetOp, SolveOp
from neural_net_core.losses import (
    BCELossOp,
    BCEWithLogitsLossOp,
    CrossEntropyLossOp,
    CTCLossOp,
    FocalLossOp,
    GaussianNLLLossOp,
    HingeEmbeddingLossOp,
    HingeLossOp,
    HuberLossOp,
    KLDivLossOp,
    L1LossOp,
    MSELossOp,
    MultiMarginLossOp,
    NLLLossOp,
    PoissonNLLLossOp,
    ReduceOp,
    SigmoidFocalLossOp,
    SoftCrossEntropyLossOp,
)
from neural_net_core.op import Op
from neural_net_layers.onnx._graph import Rows
from neural_net_layers.onnx.rows import (
    activations,
    attention,
    convolution,
    elementwise,
    embeddings,
    normalization,
    positions,
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
    **positions.ROWS,
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
    CTCLossOp,
    FocalLossOp,
    GaussianNLLLossOp,
    HingeEmbeddingLossOp,
    HingeLossOp,
    HuberLossOp,
    KLDivLossOp,
    L1LossOp,
    MSELossOp,
    MultiMarginLossOp,
    NLLLossOp,
    PoissonNLLLossOp,
    ReduceOp,
    SigmoidFocalLossOp,
    SoftCrossEntropyLossOp,
)

# Why there is no row.
WITHOUT_ROW: dict[type[Op], str] = {
    **dict.fromkeys(LOSSES, "a loss is for training; export the part that predicts"),
    DropoutOp: "dropout drops in training only; in evaluation it leaves no operation",
    GumbelSoftmaxOp: "it draws, in training; where a model is used, take the largest of its scores",
    AlphaDropoutOp: "dropout drops in training only; in evaluation it leaves no operation",
    SolveOp: "ONNX has no operator that solves equations",
    InvOp: "ONNX has no operator that inverts matrices",
    CholeskyOp: "ONNX has no operator that factors matrices",
    # Its logarithm would overflow where the determinant does, and this one does not.
    SlogdetOp: "ONNX has an operator for the determinant alone, which overflows; export `det`",
}
