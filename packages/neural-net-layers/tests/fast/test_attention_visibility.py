"""What tiles of an attention hide."""

import numpy as np

from neural_net_layers.fast.attention_visibility import Visibility


def test_hidden_scores_are_hidden_whatever_they_are():
    """−∞ added to ∞ would be NaN."""
    scores = np.array([[np.inf, 1.0, -1.0]])
    everything = (slice(0, 1), slice(0, 1), slice(0, 1), slice(0, 3))
    Visibility(np.array([[[[False, True, False]]]])).hide(scores, everything)
    assert scores.tolist() == [[-np.inf, 1.0, -np.inf]]
    Visibility(offset=-1).hide(scores, everything)
    assert scores.tolist() == [[-np.inf] * 3]
