"""Functions of one's own."""

import pytest

from neural_net_core import Parameter
from neural_net_optim import SGD, AdamW, LambdaLR, MultiplicativeLR, cosine_annealing_lr


def groups(*rates, **options):
    return SGD([{"params": [Parameter([1.0])], "lr": lr} for lr in rates], **options)


def test_lambda_multiplies_the_initial_rate():
    """One function, or one per group."""
    scheduler = LambdaLR(groups(8.0, 4.0), [lambda t: 1 / (t + 1), lambda t: t])
    assert [scheduler.lr_at(t) for t in (0, 1, 3)] == [[8, 0], [4, 4], [2, 12]]
    assert LambdaLR(groups(8.0, 4.0), lambda t: 0.5).lr_at(9) == [4, 2]


def test_lambda_can_move_any_number():
    """Weight decay along a cosine, with the rate left alone."""
    o = AdamW([Parameter([1.0])], lr=0.5, weight_decay=0.2)
    scheduler = LambdaLR(
        o, lambda t: cosine_annealing_lr(t, 1.0, T_max=4), parameter="weight_decay"
    )
    for expected in (0.2, 0.2 * (2 + 2**0.5) / 4, 0.1):
        assert o.param_groups[0]["weight_decay"] == pytest.approx(expected)
        assert o.param_groups[0]["lr"] == 0.5
        scheduler.step()
    assert o.param_groups[0]["initial_weight_decay"] == 0.2
    saved = o.state_dict()
    again = AdamW([Parameter([1.0])])
    again.load_state_dict(saved)
    assert again.param_groups[0]["initial_weight_decay"] == 0.2


def test_multiplicative_is_a_product_of_all_steps_so_far():
    """Step 0 has no factor; any step can be asked for, in any order, and each is computed once."""
    asked = []

    def factor(t):
        asked.append(t)
        return {1: 0.5, 2: 1.0, 3: 0.25}.get(t, 1.0)

    scheduler = MultiplicativeLR(groups(8.0, 4.0), factor)
    assert scheduler.lr_at(3) == [1.0, 0.5]
    assert scheduler.lr_at(1) == [4.0, 2.0]
    assert scheduler.lr_at(0) == [8.0, 4.0]
    assert sorted(asked) == [1, 1, 2, 2, 3, 3]
    lists = MultiplicativeLR(groups(8.0, 4.0), [lambda t: 0.5, lambda t: 2.0])
    assert lists.lr_at(2) == [2.0, 16.0]


@pytest.mark.parametrize("cls", [LambdaLR, MultiplicativeLR])
def test_refuses_a_list_of_another_length(cls):
    with pytest.raises(
        ValueError, match=f"{cls.__name__}: expected one lr_lambda for each of the 2"
    ):
        cls(groups(8.0, 4.0), [lambda t: 1.0])


@pytest.mark.parametrize("name", ["betas", "nothing"])
def test_lambda_refuses_what_is_no_number(name):
    with pytest.raises(ValueError, match=f"LambdaLR: group 0 has no number called '{name}'"):
        LambdaLR(AdamW([Parameter([1.0])]), lambda t: 1.0, parameter=name)
