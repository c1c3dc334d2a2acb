"""A GRU cell; what holds for all three cells stands in test_rnn_diagram.py."""

import neural_net_viz as viz


def test_a_negative_factor_stands_in_brackets(picture):
    words = picture(viz.gru_diagram({"z": 0.5, "h_before": -1.0, "n": -2.0, "h": -1.5})).words()
    assert "h = z ⊙ h₋₁ + (1 − z) ⊙ n = 0.50 · (−1.00) + (1 − 0.50) · (−2.00) = −1.50" in words


def test_the_gates_are_named(picture):
    words = picture(viz.gru_diagram()).words()
    for name in ("update gate", "reset gate", "candidate", "1 − z", "z = σ", "r = σ", "n = tanh"):
        assert words.count(name) == 1
