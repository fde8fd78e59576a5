"""Training runs in MLflow: parameters, figures and the report of a bundle, one run a version.

Nothing is tracked unless an address is given; MLflow is an extra (`pip install '.[mlflow]'`).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from matching.bundle import MANIFEST, read_manifest
from matching.errors import MatchingError

EXPERIMENT = "matching"
_TAG = "bundle"


def check_tracking(uri: str | None) -> None:
    """Raise MatchingError where runs are to be tracked and MLflow is not installed."""
    if uri is not None:
        _mlflow()


def track(uri: str, bundle: Path, report: Mapping[str, Any], files: Sequence[Path] = ()) -> str:
    """Log what a bundle's manifest and a report say, and return the run's id.

    A version that was logged before goes on in its run.

    Parameters
    ----------
    uri : tracking address, such as http://localhost:5000 or sqlite:///mlflow.db
    report : what `evaluate` returned; empty after training alone
    files : kept with the run, beside the manifest

    Raises
    ------
    MatchingError
        If MLflow is not installed, or the address cannot be used.
    """
    mlflow = _mlflow()
    manifest = read_manifest(bundle)
    gate = manifest.get("gate") or {}
    figures = {**dict(_figures(gate, "gate")), **dict(_figures(_judged(report), "report"))}
    try:
        client = mlflow.MlflowClient(tracking_uri=uri)
        run = _run(client, manifest["version"])
        now = int(time.time() * 1000)
        client.log_batch(
            run,
            metrics=[mlflow.entities.Metric(n, v, now, 0) for n, v in figures.items()],
            params=[mlflow.entities.Param(n, str(v)) for n, v in _parameters(manifest)],
        )
        for path in (bundle / MANIFEST, *files):
            client.log_artifact(run, str(path))
        client.set_terminated(run)
    except mlflow.exceptions.MlflowException as error:
        raise MatchingError(f"{bundle.name} was not tracked in {uri}: {error}") from error
    return run


def _mlflow() -> Any:
    try:
        import mlflow.entities
    except ImportError:
        raise MatchingError("MLflow is not installed: `pip install '.[mlflow]'`") from None
    return mlflow


def _run(client: Any, version: str) -> str:
    """Return the id of the version's run, made if there is none."""
    experiment = client.get_experiment_by_name(EXPERIMENT)
    where = experiment.experiment_id if experiment else client.create_experiment(EXPERIMENT)
    found = client.search_runs([where], f"tags.{_TAG} = '{version}'", max_results=1)
    run = found[0] if found else client.create_run(where, tags={_TAG: version}, run_name=version)
    return str(run.info.run_id)


def _parameters(manifest: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "as_of", manifest["as_of"]
    yield "catalog", manifest["catalog"]["name"]
    yield from manifest["config"].items()


def _judged(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of a report that a run is known by."""
    judged = {"later": report.get("later", {}).get("all")}
    if "truth" in report:
        methods = report["truth"]["methods"]["this ranking"]
        judged["value_ratio"] = {o: {"value": m["value_ratio"]} for o, m in methods.items()}
    return judged


def _figures(said: Any, name: str) -> Iterator[tuple[str, float]]:
    """Yield every figure in nested values, under the path that leads to it."""
    if not isinstance(said, Mapping):
        return
    if isinstance(said.get("value"), int | float):
        yield name, float(said["value"])
        return
    for key, inner in said.items():
        yield from _figures(inner, f"{name}/{key}")
