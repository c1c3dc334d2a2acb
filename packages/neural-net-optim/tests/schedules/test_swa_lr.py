"""From the present rate to a constant one."""

import pytest

from neural_net_core import Parameter
from neural_net_optim import SGD, SWALR, ExponentialLR


def test_starts_from_the_rate_it_finds(recwarn):
    """Which another schedule has left; by a straight line, then constant."""
    o = SGD([Parameter([1.0])], lr=16.0)
    first = ExponentialLR(o, 0.5)
    second = SWALR(o, 4.0, anneal_epochs=4, anneal_strategy="linear")
    assert o.param_groups[0]["lr"] == 16.0, "it does not act before its first step"
    first.step()
    found = []
    for _ in range(6):
        second.step()
        found.append(o.param_groups[0]["lr"])
    assert found == [7, 6, 5, 4, 4, 4]
    assert second.get_last_lr() == [4.0]
    assert not recwarn.list


def test_making_one_leaves_the_rate_of_another_schedule_alone():
    """Also after that has moved it away from the initial rate."""
    o = SGD([Parameter([1.0])], lr=16.0)
    ExponentialLR(o, 0.5).step()
    scheduler = SWALR(o, 4.0)
    assert o.param_groups[0]["lr"] == 8.0
    assert [scheduler.lr_at(t)[0] for t in (5, 9, 10)] == pytest.approx(
        [6.0, 4.0979, 4.0], abs=1e-4
    )


def test_cosine_and_lists():
    """Half way at half time; one rate per group."""
    o = SGD([{"params": [Parameter([1.0])], "lr": lr} for lr in (8.0, 4.0)])
    scheduler = SWALR(o, [2.0, 2.0], anneal_epochs=2)
    scheduler.step()
    assert scheduler.get_last_lr() == pytest.approx([5.0, 3.0])
    scheduler.step()
    assert scheduler.get_last_lr() == pytest.approx([2.0, 2.0])


def test_no_annealing():
    """The rate holds at once."""
    o = SGD([Parameter([1.0])], lr=8.0)
    SWALR(o, 2.0, anneal_epochs=0)
    assert o.param_groups[0]["lr"] == 2.0


def test_state_is_resumed_in_the_middle():
    """The rate it started from is part of the state."""
    o = SGD([Parameter([1.0])], lr=8.0)
    a = SWALR(o, 2.0, anneal_epochs=4, anneal_strategy="linear")
    a.step()
    other = SGD([Parameter([1.0])], lr=100.0)
    b = SWALR(other, 2.0, anneal_epochs=4, anneal_strategy="linear")
    b.load_state_dict(a.state_dict())
    assert b.get_last_lr() == [6.5]
    b.step()
    assert b.get_last_lr() == [5.0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"swa_lr": -1}, "SWALR: swa_lr must be a finite number >= 0"),
        ({"swa_lr": 1.0, "anneal_epochs": -1}, "anneal_epochs must be a whole number >= 0"),
        ({"swa_lr": 1.0, "anneal_strategy": "exp"}, "anneal_strategy must be one of 'cos', 'lin"),
    ],
)
def test_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        SWALR(SGD([Parameter([1.0])]), **options)
