"""History and Table: columns, gaps, files, state."""

import csv
import json
import math

import numpy as np
import pytest

from neural_net_utils.training.history import History, Table


def filled():
    history = History()
    history.append(1, {"loss": 0.1, "accuracy": np.float32(0.5)})
    history.append(2, {"loss": math.inf})
    history.append(3, {"loss": 1 / 3, "late": 7})
    history.add("later", 8.0)
    history.steps.append(1, {"loss": 2.0})
    return history


def test_columns_are_equally_long():
    """A value that was not recorded is NaN, before and after."""
    history = filled()
    assert history.index == [1, 2, 3]
    assert history["loss"] == [0.1, math.inf, 1 / 3]
    assert history["accuracy"][0] == 0.5
    assert np.isnan(history["accuracy"][1:]).all()
    assert np.isnan(history["late"][:2]).all()
    assert history["later"][2] == 8
    assert isinstance(history, dict)
    assert set(history.last) == {"loss", "accuracy", "late", "later"}
    assert History().last == {}
    assert all(type(value) is float for value in history["accuracy"])


def test_csv_reads_back_exactly(tmp_path):
    """Floats keep their bits; gaps are empty."""
    history = filled()
    history.to_csv(tmp_path / "history.csv")
    with (tmp_path / "history.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    assert [float(row["loss"]) for row in rows] == history["loss"]
    assert [row["accuracy"] for row in rows] == ["0.5", "", ""]


@pytest.mark.parametrize("write", [Table.to_csv, Table.to_json_lines])
def test_a_missing_folder_is_made(tmp_path, write):
    """As the callbacks make theirs."""
    write(filled(), tmp_path / "new" / "folder" / "history")
    assert (tmp_path / "new" / "folder" / "history").stat().st_size > 0


def test_json_lines_are_strict_json(tmp_path):
    """NaN and infinity become null; everything else reads back."""

    def refuse(word):
        raise AssertionError(word)

    history = filled()
    history.to_json_lines(tmp_path / "history.jsonl")
    lines = (tmp_path / "history.jsonl").read_text().splitlines()
    rows = [json.loads(line, parse_constant=refuse) for line in lines]
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert [row["loss"] for row in rows] == [0.1, None, 1 / 3]
    assert rows[0]["late"] is None


def test_state_round_trip():
    """Both tables, bit for bit; a torn state is refused."""
    history, other = filled(), History()
    other.append(9, {"old": 1.0})
    other.load_state_dict(history.state_dict())
    assert repr(other) == repr(history)
    assert (other.index, other.steps, other.steps.index) == (history.index, {"loss": [2.0]}, [1])
    state = history.state_dict()
    state["columns"]["loss"] = state["columns"]["loss"][:1]
    with pytest.raises(ValueError, match="differ in length"):
        Table("epoch").load_state_dict(state)
