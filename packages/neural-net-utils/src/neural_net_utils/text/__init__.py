"""Tokenizers, and text from a model's scores; the tokenizers stand at the root of the package."""

from neural_net_utils.text.byte_pair_tokenizer import split_pieces

__all__ = ["split_pieces"]
