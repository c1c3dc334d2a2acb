"""An LSTM cell: four gates that read the bottom line, and the cell state along the top."""

import re

import neural_net_viz as viz


def test_gates_stand_between_the_two_states(picture):
    shown = picture(viz.lstm_diagram())
    at = {t.content: (t.corners[0][0], t.corners[0][1]) for t in shown.texts()}
    gates = ["f = σ", "i = σ", "g = tanh", "o = σ"]
    assert [at[g][0] for g in gates] == sorted(at[g][0] for g in gates)
    for gate in gates:
        assert at["cₜ₋₁"][1] < at[gate][1] < at["hₜ₋₁"][1]
    assert at["cₜ₋₁"][0] < at["cₜ"][0] and at["hₜ₋₁"][0] < at["hₜ"][0]


def test_three_products_and_one_sum(picture):
    shown = picture(viz.lstm_diagram())
    tips = [tip for tip in shown.tips() if tip]
    assert sum("gate" in tip and "keeps" in tip for tip in tips) == 1
    assert len([c for c in shown.all("circle") if float(c.get("r")) > 5]) == 4
    assert {"forget gate", "input gate", "candidate", "output gate", "tanh"} <= set(shown.words())


def test_every_line_lies_on_the_page(picture):
    shown = picture(viz.lstm_diagram())
    for path in shown.all("path"):
        numbers = re.findall(r"(-?[\d.]+) (-?[\d.]+)", path.get("d"))
        for x, y in numbers:
            assert 0 <= float(x) <= shown.width and 0 <= float(y) <= shown.height
