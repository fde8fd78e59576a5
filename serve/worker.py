"""What the server runs in each worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matching.lean import import_lightgbm

if TYPE_CHECKING:
    from serve.app import Application


def application() -> Application:
    """Return the application of the environment's settings."""
    import_lightgbm()
    from serve.app import from_environment

    return from_environment()
