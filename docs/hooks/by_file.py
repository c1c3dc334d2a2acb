"""Document every object in the file that defines it, not again in the packages that re-export it.

The order of a file is the order in which an idea is read: operation, function, module. It also
keeps the function `tanh` of the file `tanh.py` on the page, which its own file would hide.
"""

from typing import Any

import griffe


class ByFile(griffe.Extension):
    """Makes the re-exports of a loaded package private to the documentation."""

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        """Drop `__all__` of the package and of the packages in it."""
        waiting = [pkg]
        while waiting:
            module = waiting.pop()
            if module.is_init_module:
                module.exports = None
            waiting += [member for member in module.modules.values() if not member.is_alias]
