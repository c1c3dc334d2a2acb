"""A training program as a user writes it: `mpiexec -n 2 python train_digits.py FOLDER [options]`.

It says which process rank 0 is, and `step N` after each step, so that whoever watches can kill a
rank at a chosen moment.
"""

import argparse
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
from mpi4py import MPI

import neural_net_core as core
from neural_net_core import Dense, FeedForward, ReLU, Sequential, cross_entropy
from neural_net_layers import Dropout
from neural_net_optim import SGD, Adam, CosineAnnealingLR, clip_grad_norm
from neural_net_utils import (
    Callback,
    DataLoader,
    ModelCheckpoint,
    accuracy,
    f1_score,
    fit,
    latest_checkpoint,
    load_digits,
)

COMM = MPI.COMM_WORLD


class Trouble(Callback):
    """What happens to one rank at one step."""

    def __init__(self, kind, rank, step):
        self.kind, self.rank, self.step = kind, rank, step

    def on_step_end(self, training):
        if COMM.rank == 0:
            print("step", training.step, flush=True)
        if COMM.rank != self.rank or training.step != self.step:
            return
        if self.kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.kind == "raise":
            raise RuntimeError("the disk of this machine is full")
        if self.kind == "exit":
            sys.exit(7)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--optimizer", choices=["sgd", "adam"], default="adam")
    parser.add_argument("--dropout", action="store_true")
    parser.add_argument("--every", type=int, default=10)
    parser.add_argument("--trouble", choices=["none", "kill", "raise", "exit"], default="none")
    parser.add_argument("--rank", type=int, default=0)
    parser.add_argument("--at", type=int, default=-1)
    parser.add_argument("--wait", type=float, default=0.0)
    args = parser.parse_args()
    if COMM.rank == 0:
        print("rank 0 is process", os.getpid(), flush=True)

    core.seed(0)
    train, test = load_digits("train"), load_digits("test")
    if args.dropout:
        model = Sequential(Dense(64, 32), ReLU(), Dropout(0.3), Dense(32, 10))
    else:
        model = FeedForward([64, 32, 10])
    model.astype(args.dtype)
    if args.optimizer == "sgd":
        optimizer = SGD(model.named_parameters(), lr=0.1, momentum=0.9)
    else:
        optimizer = Adam(model.named_parameters(), lr=0.01)
    history = fit(
        model,
        cross_entropy,
        optimizer,
        # 28 batches of 50 and one of 37 an epoch
        DataLoader((train.images.astype(args.dtype), train.labels), 50, shuffle=True),
        max_steps=args.steps,
        validation=DataLoader((test.images.astype(args.dtype), test.labels), 100),
        metrics={"accuracy": accuracy, "f1": f1_score},
        scheduler=CosineAnnealingLR(optimizer, args.steps),
        clip=lambda parameters: clip_grad_norm(parameters, 1.0),
        callbacks=[
            ModelCheckpoint(args.folder / "run", every_steps=args.every, monitor="val_accuracy"),
            Trouble(args.trouble, args.rank, args.at),
        ],
        resume_from=latest_checkpoint(args.folder / "run"),
        communicator=COMM,
        progress="off",
    )
    if COMM.rank == 0:
        tables = {f"steps.{name}": np.array(column) for name, column in history.steps.items()}
        tables |= {f"epochs.{name}": np.array(column) for name, column in history.items()}
        np.savez(args.folder / "outcome.npz", **model.state_dict(), **tables)
        time.sleep(args.wait)


if __name__ == "__main__":
    main()
