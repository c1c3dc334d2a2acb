"""The command `neural-net` on the terminal."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from neural_net_utils.diagnostics.doctor import doctor

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `neural-net`; return 0, or 1 if the doctor has advice.

    Args:
        arguments: The words after the command's name; None means those of the terminal.
    """
    parser = argparse.ArgumentParser(prog="neural-net", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    text = "what is installed, how fast it is, and what slows it down"
    report = commands.add_parser("doctor", help=text, description=text)
    report.add_argument("--quick", action="store_true", help="measure nothing")
    options = parser.parse_args(arguments)
    findings = doctor(measure=not options.quick)
    return int(any(finding.advice for finding in findings))
