"""Logs as lines of JSON: one for each request, and one for whatever else happens."""

from __future__ import annotations

import json
import logging
import logging.config
from datetime import UTC, datetime
from typing import Any

_STANDARD = frozenset(vars(logging.makeLogRecord({})))


class JsonFormatter(logging.Formatter):
    """Writes when, how grave, who and what, everything given as `extra`, and the exception."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        said = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": record.process,
            "message": record.getMessage(),
            **{name: value for name, value in vars(record).items() if name not in _STANDARD},
        }
        if record.exc_info:
            said["exception"] = self.formatException(record.exc_info)
        return json.dumps(said, ensure_ascii=False, default=str)


CONFIGURATION: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": JsonFormatter}},
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "json",
            "stream": "ext://sys.stderr",
        }
    },
    "root": {"level": "WARNING", "handlers": ["stderr"]},
    "loggers": {
        "matching": {"level": "INFO"},
        "_granian": {"level": "WARNING"},
        "granian.access": {"level": "WARNING"},
    },
}
"""For `logging.config.dictConfig`, and for the server, which configures each of its processes."""


def configure() -> None:
    """Let this process log lines of JSON to stderr."""
    logging.config.dictConfig(CONFIGURATION)
