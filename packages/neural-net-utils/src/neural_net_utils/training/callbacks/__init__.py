"""Callbacks: what training does besides training."""

from neural_net_utils.training.callbacks.base import Callback
from neural_net_utils.training.callbacks.csv_logger import CSVLogger
from neural_net_utils.training.callbacks.early_stopping import EarlyStopping
from neural_net_utils.training.callbacks.gradient_flow import GradientFlow
from neural_net_utils.training.callbacks.json_lines_logger import JSONLinesLogger
from neural_net_utils.training.callbacks.learning_rate_logger import LearningRateLogger
from neural_net_utils.training.callbacks.model_checkpoint import ModelCheckpoint, latest_checkpoint
from neural_net_utils.training.callbacks.stop_on_nan import NonFiniteError, StopOnNaN
from neural_net_utils.training.callbacks.time_limit import TimeLimit
from neural_net_utils.training.callbacks.weight_averaging import WeightAveraging

__all__ = [
    "CSVLogger",
    "Callback",
    "EarlyStopping",
    "GradientFlow",
    "JSONLinesLogger",
    "LearningRateLogger",
    "ModelCheckpoint",
    "NonFiniteError",
    "StopOnNaN",
    "TimeLimit",
    "WeightAveraging",
    "latest_checkpoint",
]
