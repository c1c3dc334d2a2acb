"""The Figure type: files, notebooks, pages."""

import pytest

import neural_net_viz as viz
from neural_net_viz import Figure


@pytest.fixture
def figure():
    return viz.line_plot({"a": [1, 2]}, title="A & B")


def test_save_writes_the_svg_and_makes_folders(figure, tmp_path):
    path = figure.save(tmp_path / "new" / "a.svg")
    assert path.read_text(encoding="utf-8") == figure.to_string() + "\n"
    assert [p.name for p in path.parent.iterdir()] == ["a.svg"]


def test_save_writes_a_page(figure, tmp_path):
    text = figure.save(str(tmp_path / "a.html")).read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>") and "<title>A &amp; B</title>" in text
    assert figure.to_string() in text


def test_another_ending_is_refused_and_nothing_written(figure, tmp_path):
    with pytest.raises(ValueError, match=r"ends in \.svg or \.html, got .*a\.png"):
        figure.save(tmp_path / "a.png")
    assert not list(tmp_path.iterdir())


def test_a_failed_write_leaves_the_old_file(figure, tmp_path, monkeypatch):
    path = figure.save(tmp_path / "a.svg")
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        viz.line_plot({"b": [3, 4]}).save(path)
    assert path.read_text(encoding="utf-8") == figure.to_string() + "\n"
    assert [p.name for p in tmp_path.iterdir()] == ["a.svg"]


def test_notebooks_and_equality(figure):
    assert figure._repr_svg_() == str(figure) == figure.to_string()
    assert figure == viz.line_plot({"a": [1, 2]}, title="A & B") != viz.line_plot({"a": [1, 3]})
    assert len({figure, viz.line_plot({"a": [1, 2]}, title="A & B")}) == 1
    assert isinstance(figure, Figure) and repr(figure).startswith("Figure('A & B', 640 ×")
    assert figure.to_html().count("<figure") == 1
