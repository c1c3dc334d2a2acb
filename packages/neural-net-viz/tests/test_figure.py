"""The Figure type: files, notebooks, pages."""

import os
import stat
import subprocess
import sys

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


def test_a_symbolic_link_stays_one_and_its_target_is_written(figure, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    target = tmp_path / "elsewhere" / "b.svg"
    target.write_text("old")
    link = tmp_path / "a.svg"
    link.symlink_to(target)
    figure.save(link)
    assert link.is_symlink() and target.read_text(encoding="utf-8") == figure.to_string() + "\n"


@pytest.mark.parametrize("name", ["a.svg", "a.html"])
def test_permissions_are_kept(figure, tmp_path, name):
    path = figure.save(tmp_path / name)
    path.chmod(0o600)
    figure.save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_name_may_be_as_long_as_the_file_system_allows(figure, tmp_path):
    longest = os.pathconf(tmp_path, "PC_NAME_MAX")
    path = tmp_path / ("a" * (longest - 4) + ".svg")
    assert figure.save(path).read_text(encoding="utf-8") == figure.to_string() + "\n"


def test_the_folder_is_synced_too(figure, tmp_path, monkeypatch):
    kinds = []
    sync = os.fsync

    def watched(descriptor):
        kinds.append(stat.S_ISDIR(os.fstat(descriptor).st_mode))
        sync(descriptor)

    monkeypatch.setattr("os.fsync", watched)
    figure.save(tmp_path / "a.svg")
    assert kinds == [False, True]


def test_what_a_killed_process_left_is_removed(figure, tmp_path):
    code = (
        "import os, sys, neural_net_viz as viz\n"
        "os.fsync = lambda _: os._exit(9)\n"
        "viz.line_plot([1, 2]).save(sys.argv[1])\n"
    )
    path = tmp_path / "a.svg"
    assert subprocess.run([sys.executable, "-c", code, str(path)]).returncode == 9
    assert len(list(tmp_path.iterdir())) == 1 and not path.exists()
    figure.save(path)
    assert [p.name for p in tmp_path.iterdir()] == ["a.svg"]


def test_errors_carry_the_name(figure, tmp_path):
    (tmp_path / "a.svg").mkdir()
    with pytest.raises(IsADirectoryError, match=r"a\.svg") as caught:
        figure.save(tmp_path / "a.svg")
    assert os.fspath(caught.value.filename) == str(tmp_path / "a.svg")
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        figure.save(tmp_path / "file" / "a.svg")
    with pytest.raises(ValueError, match="cannot be the name"):
        figure.save("a\0b.svg")
    with pytest.raises(TypeError, match="path of a file"):
        figure.save(3)


def test_notebooks_and_equality(figure):
    assert figure._repr_svg_() == str(figure) == figure.to_string()
    assert figure == viz.line_plot({"a": [1, 2]}, title="A & B") != viz.line_plot({"a": [1, 3]})
    assert len({figure, viz.line_plot({"a": [1, 2]}, title="A & B")}) == 1
    assert isinstance(figure, Figure) and repr(figure).startswith("Figure('A & B', 640 ×")
    assert figure.to_html().count("<figure") == 1
