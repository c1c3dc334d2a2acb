"""Metrics: plain functions of (outputs, targets), and their streaming forms over many batches."""

from neural_net_utils.metrics.accuracies import (
    accuracy,
    binary_accuracy,
    exact_match,
    top_k_accuracy,
)
from neural_net_utils.metrics.confusion import (
    Average,
    confusion_matrix,
    f1_score,
    precision,
    recall,
)
from neural_net_utils.metrics.probability import expected_calibration_error, perplexity
from neural_net_utils.metrics.ranking import average_precision, roc_auc
from neural_net_utils.metrics.regression import (
    mean_absolute_error,
    mean_squared_error,
    r2_score,
)
from neural_net_utils.metrics.sequences import edit_distance, label_error_rate
from neural_net_utils.metrics.streaming import (
    Gathered,
    Mean,
    MetricFunction,
    Ratio,
    StreamingMetric,
    as_streaming,
)

__all__ = [
    "Average",
    "Gathered",
    "Mean",
    "MetricFunction",
    "Ratio",
    "StreamingMetric",
    "accuracy",
    "as_streaming",
    "average_precision",
    "binary_accuracy",
    "confusion_matrix",
    "edit_distance",
    "exact_match",
    "expected_calibration_error",
    "f1_score",
    "label_error_rate",
    "mean_absolute_error",
    "mean_squared_error",
    "perplexity",
    "precision",
    "r2_score",
    "recall",
    "roc_auc",
    "top_k_accuracy",
]
