"""Cuts at regular and at chosen steps."""

import pytest

from neural_net_core import Parameter
from neural_net_optim import SGD, MultiStepLR, StepLR, multi_step_lr, step_lr


def test_regular_cuts_by_hand():
    """The first cut is at `step_size`, not one step later."""
    assert [step_lr(t, 8.0, 3, 0.5) for t in range(7)] == [8, 8, 8, 4, 4, 4, 2]
    assert step_lr(1, 1.0, 1) == 0.1


def test_chosen_cuts_by_hand():
    """From the milestone on; twice where it stands twice."""
    assert [multi_step_lr(t, 8.0, [1, 3, 3], 0.5) for t in range(5)] == [8, 4, 4, 1, 1]
    assert multi_step_lr(5, 1.0, [5]) == 0.1
    assert multi_step_lr(4, 1.0, [5]) == 1.0


def test_classes_use_their_settings():
    """Milestones may come in any order."""
    o = SGD([Parameter([1.0])], lr=8.0)
    assert [StepLR(o, 2, 0.25).lr_at(t)[0] for t in (1, 2)] == [8, 2]
    assert [StepLR(o, 2).lr_at(t)[0] for t in (1, 2)] == pytest.approx([8, 0.8])
    scheduler = MultiStepLR(o, iter([3, 1]), 0.5)
    assert [scheduler.lr_at(t)[0] for t in range(4)] == [8, 4, 4, 2]
    assert MultiStepLR(o, [0, 2], 0.5).lr_at(1) == [4]
    assert MultiStepLR(o, [1]).lr_at(1)[0] == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda o: StepLR(o, 0), "StepLR: step_size must be a whole number >= 1, got 0"),
        (lambda o: StepLR(o, 2.0), "step_size must be"),
        (lambda o: StepLR(o, 2, -0.1), "StepLR: gamma must be a finite number >= 0, got -0.1"),
        (lambda o: MultiStepLR(o, [2, -1]), "MultiStepLR: every milestone must be a whole .* -1"),
        (lambda o: MultiStepLR(o, [2], -0.1), "MultiStepLR: gamma must be"),
    ],
)
def test_refuses(make, message):
    with pytest.raises(ValueError, match=message):
        make(SGD([Parameter([1.0])]))
