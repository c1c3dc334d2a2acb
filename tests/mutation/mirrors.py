"""Which tests should notice a change of which file, for the audit."""

from pathlib import Path

__all__ = ["DEFAULT", "tests_of"]

ROOT = Path(__file__).parents[2]
DEFAULT = [
    *("optim/" + name for name in ("sgd.py", "adam.py", "adamw.py", "adagrad.py", "adadelta.py")),
    *("optim/" + name for name in ("rmsprop.py", "adamax.py", "nadam.py", "radam.py", "lion.py")),
    *("optim/" + name for name in ("lamb.py", "adafactor.py", "muon.py", "lookahead.py")),
    *("optim/" + name for name in ("clipping.py", "penalties.py", "accumulation.py")),
    *("optim/base", "optim/fast"),
    "optim/schedules",
    "optim/averaging",
    "core/losses",
]
# Tests that look at every file of a package or folder, besides the mirrored one.
SHARED = {
    "optim/schedules": ["schedules/test_scheduler.py"],
    "optim/averaging": ["averaging/test_weights.py"],
    "optim": ["test_defaults.py", "test_reference.py", "base/test_optimizer.py", "test_resume.py"],
    "core/losses": ["losses/test_every_loss.py", "test_gradcheck_table.py", "test_reference.py"],
    "core/files": ["files/test_tensors_in_part.py"],
    "layers/convolution": ["convolution/test_convolution.py"],
    "layers/fast/convolution": ["convolution/test_convolution.py"],
    "layers/pooling": ["pooling/test_options.py"],
    "layers/normalization": [
        "normalization/test_textbook_norms.py",
        "normalization/test_options.py",
    ],
    "layers": ["test_reference.py", "test_contract.py", "test_gradcheck_table.py"],
    "utils/training": ["training/test_fit.py"],
}
LONG = ("optim", "utils/training")  # those of which take too long for an audit in a hurry
# Files without a mirror of their own.
MIRROR = {
    "core/files/_near_names.py": ["files/test_near_names.py", "files/test_conversion.py"],
    "core/files/_tensor_header.py": ["files/test_tensor_file.py", "files/test_foreign_file.py"],
    "core/files/_tensor_file.py": ["files/test_tensor_file.py", "files/test_foreign_file.py"],
    "core/files/tensors.py": ["files/test_tensor_file.py", "files/test_index_file.py"],
    "core/linalg/_matrices.py": [
        *(f"linalg/test_{name}.py" for name in ("cholesky_factor", "inverse")),
        *(f"linalg/test_{name}.py" for name in ("linear_equations", "log_determinant")),
    ],
    "core/modules/substitution.py": ["modules/test_substitution.py", "test_recomputation.py"],
    "core/files/checkpoint.py": ["files/test_checkpoint.py", "files/test_checkpoint_rng.py"],
    "utils/loading/loader.py": [
        "loading/test_loader.py",
        "loading/test_samplers.py",
        "loading/test_ahead.py",
    ],
    "utils/training/_parts.py": ["training/test_parts.py", "training/test_resume.py"],
    "utils/training/evaluate.py": [
        "training/test_evaluate.py",
        "distributed/test_data_parallel.py",
    ],
    "utils/training/_run.py": [
        *("training/" + name for name in ("test_training.py", "test_fit.py")),
        *("training/" + name for name in ("test_closures.py", "test_fit_recorded.py")),
        *("training/test_training_machine.py", "training/test_resume.py"),
    ],
    "utils/training/fit.py": ["training/test_fit.py", "training/test_resume.py"],
    "utils/training/_run_on_ranks.py": ["distributed/test_data_parallel.py"],
    "utils/training/callbacks/base.py": ["training/test_fit.py"],
    "utils/training/callbacks/_monitor.py": [
        "training/callbacks/test_early_stopping.py",
        "training/callbacks/test_model_checkpoint.py",
    ],
    "utils/training/callbacks/_table_logger.py": [
        "training/callbacks/test_loggers.py",
        "distributed/test_data_parallel.py",
    ],
    **{
        f"utils/training/callbacks/{name}.py": ["training/callbacks/test_loggers.py"]
        for name in ("csv_logger", "json_lines_logger", "learning_rate_logger")
    },
    "layers/convolution/_groups.py": [
        "convolution/test_textbook_convolution.py",
        "convolution/test_conv2d.py",
    ],
    "layers/convolution/_parameters.py": [
        *("convolution/" + name for name in ("test_conv1d.py", "test_conv2d.py")),
        "convolution/test_conv_transpose2d.py",
    ],
    "layers/convolution/conv2d.py": [
        "convolution/test_conv2d.py",
        "convolution/test_textbook_convolution.py",
    ],
    "layers/convolution/conv_transpose2d.py": [
        "convolution/test_conv_transpose2d.py",
        "convolution/test_textbook_convolution.py",
    ],
    **{
        f"layers/fast/convolution/{name}.py": [
            *("fast/convolution/" + test for test in ("test_conv2d.py", "test_convolve.py")),
            *("fast/convolution/test_cook_toom.py", "convolution/test_conv2d.py"),
            "convolution/test_conv_transpose2d.py",
        ]
        for name in (
            *("columns", "conv2d", "conv_transpose2d", "convolve"),
            *("cook_toom", "depthwise", "few_places"),
        )
    },
    **{
        f"layers/fast/{name}.py": ["fast/test_max_pool2d.py", "pooling/test_max_pool2d.py"]
        for name in ("max_pool2d", "pooling")
    },
    "layers/_channel_sums.py": ["test_channel_sums.py"],
    "layers/pooling/_adaptive.py": [
        "pooling/test_adaptive_avg_pool1d.py",
        "pooling/test_adaptive_max_pool.py",
        "pooling/test_adaptive_avg_pool2d.py",
    ],
    "layers/pooling/_pooling.py": [
        *("pooling/" + name for name in ("test_avg_pool2d.py", "test_max_pool2d.py")),
        *("pooling/" + name for name in ("test_pool1d.py", "test_max_unpool2d.py")),
        *("pooling/" + name for name in ("test_adaptive_max_pool.py", "test_global_pool.py")),
    ],
    "layers/pooling/_resample.py": [
        "pooling/test_adaptive_avg_pool2d.py",
        "pooling/test_upsample.py",
    ],
    **{
        f"layers/pooling/{name}_pool{axes}d.py": [f"pooling/test_{tests}.py"]
        for name, axes, tests in (
            *(("adaptive_max", 1, "adaptive_max_pool"), ("adaptive_max", 2, "adaptive_max_pool")),
            *(("avg", 1, "pool1d"), ("max", 1, "pool1d")),
            *(("global_avg", 1, "global_pool"), ("global_avg", 2, "global_pool")),
            *(("global_max", 1, "global_pool"), ("global_max", 2, "global_pool")),
        )
    },
    "layers/fast/recurrent/lstm_cell.py": [
        "recurrent/test_lstm.py",
        "recurrent/test_recurrent.py",
    ],
    "layers/attention/key_value_cache.py": [
        "attention/test_key_value_cache.py",
        "attention/test_multi_head_attention.py",
    ],
    "optim/base/_slot.py": ["base/test_optimizer.py"],
    "optim/base/_loading.py": ["base/test_optimizer.py"],
    "optim/base/optimizer.py": [
        "base/test_optimizer.py",
        "base/test_elementwise.py",
        "test_sgd.py",
    ],
    "optim/base/tensorwise.py": [
        "base/test_tensorwise.py",
        "test_lamb.py",
        "base/test_optimizer.py",
    ],
    "optim/averaging/weights.py": [
        *("averaging/" + name for name in ("test_weights.py", "test_ema.py", "test_swa.py"))
    ],
    "optim/base/elementwise.py": [
        "base/test_elementwise.py",
        "fast/test_updates.py",
        "base/test_optimizer.py",
    ],
    "optim/fast/flat.py": [
        "fast/test_flat.py",
        "fast/test_flat_layout.py",
        "base/test_optimizer.py",
    ],
    "layers/transformers/_feed_forward.py": [
        "transformers/test_transformer_encoder.py",
        "transformers/test_transformer_decoder.py",
    ],
    "layers/transformers/_transformer_layer.py": [
        "transformers/test_transformer_encoder.py",
        "transformers/test_transformer_decoder.py",
    ],
    "layers/transformers/_transformer_stack.py": [
        "transformers/test_transformer_encoder.py",
        "transformers/test_transformer_decoder.py",
    ],
    "layers/recurrent/_recurrent.py": [
        *("recurrent/" + name for name in ("test_recurrent.py", "test_vanilla_rnn.py")),
        *("recurrent/" + name for name in ("test_lstm.py", "test_gru.py")),
    ],
    "layers/recurrent/_cell.py": ["recurrent/test_cell.py", "recurrent/test_recurrent.py"],
    "layers/recurrent/_parameters.py": [
        *("recurrent/" + name for name in ("test_recurrent.py", "test_vanilla_rnn.py")),
        "recurrent/test_lstm.py",
    ],
    "layers/recurrent/_recurrence.py": ["recurrent/test_recurrent.py", "recurrent/test_unroll.py"],
    **{
        f"layers/recurrent/{name}.py": [
            *(f"recurrent/test_{test}.py" for test in (name, "frozen", "recurrent"))
        ]
        for name in ("gru", "lstm", "vanilla_rnn")
    },
    "layers/recurrent/gru_paper.py": ["recurrent/test_gru.py", "recurrent/test_recurrent.py"],
    "layers/recurrent/gru_cell.py": [
        "recurrent/test_cell.py",
        "recurrent/test_gru.py",
        "recurrent/test_recurrent.py",
    ],
    "layers/recurrent/lstm_cell.py": [
        "recurrent/test_cell.py",
        "recurrent/test_lstm.py",
        "recurrent/test_recurrent.py",
    ],
    "layers/recurrent/rnn_cell.py": [
        "recurrent/test_cell.py",
        "recurrent/test_vanilla_rnn.py",
        "recurrent/test_recurrent.py",
    ],
    "layers/fast/recurrent/schedule.py": [
        "fast/recurrent/test_schedule.py",
        "fast/recurrent/test_blocks_of_steps.py",
        "recurrent/test_recurrent.py",
    ],
    **{
        f"layers/fast/recurrent/{name}.py": [
            "recurrent/test_frozen.py",
            "fast/recurrent/test_blocks_of_steps.py",
            "recurrent/test_recurrent.py",
        ]
        for name in ("gradients", "gru", "gru_paper", "lstm", "vanilla_rnn")
    },
    "layers/fast/attention_layout.py": [
        "fast/test_attention_layout.py",
        "attention/test_scaled_dot_product_attention.py",
        "fast/test_attention_tiles.py",
    ],
    "layers/fast/attention_tiles.py": [
        *("fast/test_attention_tiles.py", "fast/test_attention_visibility.py"),
        *("attention/test_blocked_attention.py", "attention/test_scaled_dot_product_attention.py"),
    ],
    "layers/attention/blocked_attention.py": [
        "attention/test_blocked_attention.py",
        "attention/test_scaled_dot_product_attention.py",
    ],
    "layers/fast/attention.py": ["fast/test_attention_tiles.py"],
    "layers/fast/normalization/batch_norm.py": [
        "fast/normalization/test_norms.py",
        "normalization/test_batch_norm.py",
    ],
    "layers/fast/channels.py": [
        "fast/normalization/test_norms.py",
        "normalization/test_batch_norm.py",
    ],
    **{
        f"layers/fast/normalization/{name}_norm.py": [
            "fast/normalization/test_norms.py",
            f"normalization/test_{name}_norm.py",
        ]
        for name in ("group", "layer", "rms")
    },
    "layers/normalization/_channel_norm.py": [
        *("normalization/" + name for name in ("test_batch_norm.py", "test_instance_norm.py"))
    ],
    "layers/attention/_heads.py": ["attention/test_multi_head_attention.py"],
    "layers/embeddings/_ids.py": [
        "embeddings/test_embedding.py",
        "embeddings/test_embedding_bag.py",
    ],
    "layers/attention/_masks.py": [
        "attention/test_attention_mask.py",
        "attention/test_scaled_dot_product_attention.py",
        "attention/test_multi_head_attention.py",
    ],
    "core/losses/_loss.py": [
        *("losses/" + name for name in ("test_every_loss.py", "test_bce.py")),
        *("losses/" + name for name in ("test_bce_with_logits.py", "test_cross_entropy.py")),
    ],
    "core/losses/_classes.py": [
        *("losses/" + name for name in ("test_cross_entropy.py", "test_nll.py")),
        *("losses/" + name for name in ("test_multi_margin.py", "test_every_loss.py")),
    ],
}


def tests_of(short: str, with_shared: bool) -> list[Path]:
    """Return the test files that should notice a change of a file: its own, then the shared."""
    package, _, rest = short.partition("/")
    base = ROOT / f"packages/neural-net-{package}/tests"
    path = Path(rest)
    own = path.parent / f"test_{path.stem.lstrip('_')}.py"
    names = list(MIRROR.get(short, [own.as_posix()]))
    machine = own.with_name(f"{own.stem}_machine.py")
    names.append(machine.as_posix())
    for folder, shared in SHARED.items():
        if short.startswith(folder + "/") and (with_shared or folder not in LONG):
            names += shared
    return [base / name for name in dict.fromkeys(names) if (base / name).exists()]
