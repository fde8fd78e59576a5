"""LightGBM without what only its scikit-learn and pandas interfaces need.

`import lightgbm` tries scikit-learn and pandas, and does without where they are not there. They are
more than half of its time and about 95 MiB of every worker, and nothing that serves asks for them.
"""

from __future__ import annotations

import sys

_OPTIONAL = ("sklearn", "pandas")


def import_lightgbm() -> None:
    """Import LightGBM alone, for a process that is to serve and nothing else.

    Its scikit-learn and pandas interfaces are then missing in that process; both libraries
    themselves can be imported afterwards.
    """
    hidden = [name for name in _OPTIONAL if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]  # Python's way to say: not there
    try:
        import lightgbm  # noqa: F401
    finally:
        for name in hidden:
            del sys.modules[name]
