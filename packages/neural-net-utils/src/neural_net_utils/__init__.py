"""Data sets, loaders, metrics and the training loop for neural-net-core."""

import sys

from neural_net_core.called_differently import explain_arguments
from neural_net_utils import metrics
from neural_net_utils.datasets.code_text import CODE_SYNONYMS, code_lines
from neural_net_utils.datasets.digits import Digits, load_digits
from neural_net_utils.datasets.generated import blobs, circles, moons, two_spirals, xor_points
from neural_net_utils.datasets.one_dimensional_digits import mnist_1d, mnist_1d_templates
from neural_net_utils.datasets.renaming import Renaming, RenamingTask, renaming_task
from neural_net_utils.datasets.sequences import (
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
from neural_net_utils.datasets.texts import load_text, random_windows
from neural_net_utils.datasets.truth_tables import (
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
from neural_net_utils.diagnostics.doctor import doctor
from neural_net_utils.diagnostics.projector import save_vectors
from neural_net_utils.loading.augment import Augment, add_noise, mixup, rotate, shift
from neural_net_utils.loading.collate import pad_pairs, pad_samples, pad_sequences, stack_samples
from neural_net_utils.loading.dataset import ArrayDataset
from neural_net_utils.loading.loader import DataLoader
from neural_net_utils.loading.preprocessing import (
    LabelEncoder,
    Standardizer,
    class_weights,
    one_hot,
)
from neural_net_utils.loading.samplers import BucketSampler, Sampler, WeightedSampler
from neural_net_utils.loading.split import k_fold, train_test_split
from neural_net_utils.metrics import (
    accuracy,
    average_precision,
    binary_accuracy,
    confusion_matrix,
    edit_distance,
    exact_match,
    expected_calibration_error,
    f1_score,
    label_error_rate,
    mean_absolute_error,
    mean_squared_error,
    perplexity,
    precision,
    r2_score,
    recall,
    roc_auc,
    top_k_accuracy,
)
from neural_net_utils.program.program import Program
from neural_net_utils.program.recording import record
from neural_net_utils.replay.recorded_step import RecordedStep
from neural_net_utils.text.byte_pair_tokenizer import BytePairTokenizer
from neural_net_utils.text.character_tokenizer import CharacterTokenizer
from neural_net_utils.text.ctc_decoding import ctc_beam_decode, ctc_greedy_decode
from neural_net_utils.text.hugging_face import HuggingFaceTokenizer, from_hugging_face
from neural_net_utils.text.sampling import (
    Beam,
    beam_search,
    generate,
    sample_token,
    token_probabilities,
)
from neural_net_utils.text.word_piece_tokenizer import WordPieceTokenizer
from neural_net_utils.training import callbacks
from neural_net_utils.training.callbacks import (
    Callback,
    CSVLogger,
    EarlyStopping,
    GradientFlow,
    JSONLinesLogger,
    LearningRateLogger,
    ModelCheckpoint,
    NonFiniteError,
    StopOnNaN,
    TimeLimit,
    WeightAveraging,
    latest_checkpoint,
)
from neural_net_utils.training.evaluate import evaluate, predict
from neural_net_utils.training.fit import fit
from neural_net_utils.training.history import History, Table
from neural_net_utils.training.learning_rate_finder import LearningRateSearch, find_learning_rate
from neural_net_utils.training.progress import PlainProgress, RichProgress, Tracked, track
from neural_net_utils.training.seeding import named_generators, seed_everything, spawn_generators
from neural_net_utils.training.training import Training

__version__ = "0.1.0"

__all__ = [
    "CODE_SYNONYMS",
    "ArrayDataset",
    "Augment",
    "Beam",
    "BucketSampler",
    "BytePairTokenizer",
    "CSVLogger",
    "Callback",
    "CharacterTokenizer",
    "DataLoader",
    "Digits",
    "EarlyStopping",
    "GradientFlow",
    "History",
    "HuggingFaceTokenizer",
    "JSONLinesLogger",
    "LabelEncoder",
    "LearningRateLogger",
    "LearningRateSearch",
    "ModelCheckpoint",
    "NonFiniteError",
    "PlainProgress",
    "Program",
    "RecordedStep",
    "Renaming",
    "RenamingTask",
    "RichProgress",
    "Sampler",
    "Standardizer",
    "StopOnNaN",
    "Table",
    "TimeLimit",
    "Tracked",
    "Training",
    "TruthTable",
    "WeightAveraging",
    "WeightedSampler",
    "WordPieceTokenizer",
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
    "ctc_beam_decode",
    "ctc_greedy_decode",
    "doctor",
    "edit_distance",
    "evaluate",
    "exact_match",
    "expected_calibration_error",
    "f1_score",
    "find_learning_rate",
    "fit",
    "from_hugging_face",
    "full_adder",
    "generate",
    "half_adder",
    "k_fold",
    "label_error_rate",
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
    "record",
    "renaming_task",
    "reverse_task",
    "roc_auc",
    "rotate",
    "sample_token",
    "save_vectors",
    "seed_everything",
    "shift",
    "spawn_generators",
    "stack_samples",
    "token_probabilities",
    "top_k_accuracy",
    "track",
    "train_test_split",
    "two_spirals",
    "xor_gate",
    "xor_points",
]

explain_arguments(sys.modules[__name__])
