"""Training that is saved to a file and resumed goes on to the same bits."""

import numpy as np
import pytest

import neural_net_optim as optim
from neural_net_core import Dense, Sequential, Tanh, load_checkpoint, mse_loss, save_checkpoint

OPTIMIZERS = {
    "SGD": lambda p: optim.SGD(p, lr=0.1, momentum=0.9),
    "Adam": lambda p: optim.Adam(p, lr=0.01, amsgrad=True),
    "NAdam": lambda p: optim.NAdam(p, lr=0.01),
    "Adafactor": lambda p: optim.Adafactor(p, beta1=0.9),
    "Muon": lambda p: optim.Muon(p, lr=0.01),
    "Lookahead": lambda p: optim.Lookahead(optim.SGD(p, lr=0.1, momentum=0.9), k=3),
}
SCHEDULES = {
    "cosine": lambda o: optim.CosineAnnealingLR(o, T_max=10),
    "one cycle": lambda o: optim.OneCycleLR(o, 0.1, total_steps=12, cycle_momentum=False),
    "warmup": lambda o: optim.WarmupLR(o, 3, optim.ExponentialLR(o, 0.9)),
    "multiplicative": lambda o: optim.MultiplicativeLR(o, lambda t: 0.9 + 0.01 * t),
    "plateau": lambda o: optim.ReduceLROnPlateau(o, factor=0.5, patience=1, threshold=0.5),
}


class Training:
    """A network, an optimizer, a schedule and an average, all from scratch."""

    def __init__(self, optimizer, schedule):
        rng = np.random.default_rng(0)
        self.model = Sequential(Dense(3, 5, rng=rng), Tanh(), Dense(5, 2, rng=rng))
        self.optimizer = OPTIMIZERS[optimizer](self.model.named_parameters())
        self.scheduler = SCHEDULES[schedule](self.optimizer)
        self.average = optim.EMA(self.model, 0.9)

    def run(self, steps):
        for t in steps:
            rng = np.random.default_rng(t)
            x, y = rng.standard_normal((8, 3)), rng.standard_normal((8, 2))
            self.optimizer.zero_grad()
            loss = mse_loss(self.model(x.astype(np.float32)), y.astype(np.float32))
            loss.backward()
            optim.clip_grad_norm(self.model, 1.0)
            self.optimizer.step()
            self.average.update()
            if isinstance(self.scheduler, optim.ReduceLROnPlateau):
                self.scheduler.step_metric(float(loss))
            else:
                self.scheduler.step()

    def parts(self):
        return {
            "model": self.model,
            "optimizer": self.optimizer,
            "scheduler": self.scheduler,
            "extra": {"average": self.average},
        }

    def everything(self):
        arrays = [*self.model.state_dict().values(), *self.average.average.values()]
        rates = [group["lr"] for group in self.optimizer.param_groups]
        return b"".join(a.tobytes() for a in arrays), rates


CASES = [(name, "cosine") for name in OPTIMIZERS] + [("SGD", name) for name in SCHEDULES]


@pytest.mark.parametrize(("optimizer", "schedule"), CASES)
def test_ten_steps_are_five_and_five(optimizer, schedule, tmp_path):
    """Optimizer, schedule and average, through a checkpoint file, into fresh objects."""
    straight = Training(optimizer, schedule)
    straight.run(range(5))
    save_checkpoint(tmp_path / "run.safetensors", **straight.parts())
    straight.run(range(5, 10))

    resumed = Training(optimizer, schedule)
    load_checkpoint(tmp_path / "run.safetensors", **resumed.parts())
    resumed.run(range(5, 10))
    assert resumed.everything() == straight.everything()


def test_the_schedules_matter():
    """The test above would not notice a schedule that does nothing."""
    ends = set()
    for schedule in SCHEDULES:
        training = Training("SGD", schedule)
        training.run(range(10))
        ends.add(training.everything()[0])
    assert len(ends) == len(SCHEDULES)
