"""How the service is configured from outside: names of environment variables, and limits."""

from __future__ import annotations

BUNDLES_VARIABLE = "MATCHING_BUNDLES"
BODY_BYTES_MAX = 256 * 1024
ADDRESS_CHARS_MAX = 16 * 1024
