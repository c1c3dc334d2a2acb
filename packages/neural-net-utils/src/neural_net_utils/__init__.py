"""Data sets, loaders, metrics and the training loop for neural-net-core."""

from neural_net_utils import callbacks, metrics
from neural_net_utils.augment import Augment, add_noise, mixup, rotate, shift
from neural_net_utils.byte_pair_tokenizer import BytePairTokenizer, split_pieces
from neural_net_utils.callbacks import (
    Callback,
    Checkpoint,
    CSVLogger,
    EarlyStopping,
    GradientFlow,
    JSONLinesLogger,
    LearningRateLogger,
    NonFiniteError,
    StopOnNaN,
    TimeLimit,
    WeightAveraging,
    latest_checkpoint,
)
from neural_net_utils.character_tokenizer import CharacterTokenizer
from neural_net_utils.code_text import CODE_SYNONYMS, code_lines
from neural_net_utils.collate import pad_pairs, pad_samples, pad_sequences, stack_samples
from neural_net_utils.dataset import ArrayDataset
from neural_net_utils.digits import Digits, load_digits
from neural_net_utils.doctor import Finding, doctor, examine
from neural_net_utils.evaluate import evaluate, predict
from neural_net_utils.fit import fit
from neural_net_utils.generated import blobs, circles, moons, two_spirals, xor_points
from neural_net_utils.history import History, Table
from neural_net_utils.learning_rate_finder import LearningRateSearch, find_learning_rate
from neural_net_utils.loader import DataLoader
from neural_net_utils.metrics import (
    accuracy,
    average_precision,
    binary_accuracy,
    confusion_matrix,
    exact_match,
    expected_calibration_error,
    f1_score,
    mean_absolute_error,
    mean_squared_error,
    perplexity,
    precision,
    r2_score,
    recall,
    roc_auc,
    top_k_accuracy,
)
from neural_net_utils.mnist_1d import mnist_1d, mnist_1d_templates
from neural_net_utils.preprocessing import LabelEncoder, Standardizer, class_weights, one_hot
from neural_net_utils.progress import PlainProgress, RichProgress, Tracked, track
from neural_net_utils.projector import save_vectors
from neural_net_utils.renaming import Renaming, RenamingTask, renaming_task
from neural_net_utils.sampling import (
    Beam,
    beam_search,
    generate,
    sample_token,
    token_probabilities,
)
from neural_net_utils.seeding import named_generators, seed_everything, spawn_generators
from neural_net_utils.sequences import (
    adding_problem,
    copy_task,
    copy_task_baseline,
    counting_task,
    order_task,
    parity_task,
    pattern_task,
    recall_task,
    reverse_task,
)
from neural_net_utils.split import k_fold, train_test_split
from neural_net_utils.texts import load_text, random_windows
from neural_net_utils.training import Training
from neural_net_utils.truth_tables import (
    TruthTable,
    adder,
    and_gate,
    full_adder,
    half_adder,
    majority,
    nand_gate,
    nor_gate,
    or_gate,
    parity,
    xor_gate,
)

__version__ = "0.1.0"

__all__ = [
    "CODE_SYNONYMS",
    "ArrayDataset",
    "Augment",
    "Beam",
    "BytePairTokenizer",
    "CSVLogger",
    "Callback",
    "CharacterTokenizer",
    "Checkpoint",
    "DataLoader",
    "Digits",
    "EarlyStopping",
    "Finding",
    "GradientFlow",
    "History",
    "JSONLinesLogger",
    "LabelEncoder",
    "LearningRateLogger",
    "LearningRateSearch",
    "NonFiniteError",
    "PlainProgress",
    "Renaming",
    "RenamingTask",
    "RichProgress",
    "Standardizer",
    "StopOnNaN",
    "Table",
    "TimeLimit",
    "Tracked",
    "Training",
    "TruthTable",
    "WeightAveraging",
    "accuracy",
    "add_noise",
    "adder",
    "adding_problem",
    "and_gate",
    "average_precision",
    "beam_search",
    "binary_accuracy",
    "blobs",
    "callbacks",
    "circles",
    "class_weights",
    "code_lines",
    "confusion_matrix",
    "copy_task",
    "copy_task_baseline",
    "counting_task",
    "doctor",
    "evaluate",
    "exact_match",
    "examine",
    "expected_calibration_error",
    "f1_score",
    "find_learning_rate",
    "fit",
    "full_adder",
    "generate",
    "half_adder",
    "k_fold",
    "latest_checkpoint",
    "load_digits",
    "load_text",
    "majority",
    "mean_absolute_error",
    "mean_squared_error",
    "metrics",
    "mixup",
    "mnist_1d",
    "mnist_1d_templates",
    "moons",
    "named_generators",
    "nand_gate",
    "nor_gate",
    "one_hot",
    "or_gate",
    "order_task",
    "pad_pairs",
    "pad_samples",
    "pad_sequences",
    "parity",
    "parity_task",
    "pattern_task",
    "perplexity",
    "precision",
    "predict",
    "r2_score",
    "random_windows",
    "recall",
    "recall_task",
    "renaming_task",
    "reverse_task",
    "roc_auc",
    "rotate",
    "sample_token",
    "save_vectors",
    "seed_everything",
    "shift",
    "spawn_generators",
    "split_pieces",
    "stack_samples",
    "token_probabilities",
    "top_k_accuracy",
    "track",
    "train_test_split",
    "two_spirals",
    "xor_gate",
    "xor_points",
]
