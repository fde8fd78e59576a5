"""The front door: one program, `matching`.

Heavy libraries are imported by the command that uses them, so that `matching find` starts fast.
Exit codes: 0 done; 1 the data or a value is wrong; 2 unknown command or option; 3 done too late.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from matching.errors import MatchingError, OptionError

if TYPE_CHECKING:
    from rich.progress import Progress

    from serve.allotment import Rules
    from training.phases import Phases

app = typer.Typer(
    help="Who should sell this product, and what will it bring.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
bundles_app = typer.Typer(help="Which bundle serves.", no_args_is_help=True)
app.add_typer(bundles_app, name="bundles")
keys_app = typer.Typer(help="Who may ask the service.", no_args_is_help=True)
app.add_typer(keys_app, name="keys")
events_app = typer.Typer(help="What merchants saw and did.", no_args_is_help=True)
app.add_typer(events_app, name="events")

# The parent of BadParameter, which typer exports under no name of its own.
USAGE_ERROR = cast(type[Exception], typer.BadParameter.__base__)

Data = Annotated[str, typer.Argument(help="Folder of tables, or a database URL.")]
Bundle = Annotated[Path, typer.Argument(help="Folder of one version.")]
Bundles = Annotated[Path, typer.Argument(help="Folder of versions.")]
Objective = Annotated[str, typer.Option(help="roi, gmv or profit.")]
K = Annotated[int, typer.Option("-k", help="How many creators.")]
AllowShrunk = Annotated[
    bool,
    typer.Option("--allow-shrunk", help="Take tables that lost over 30 % of their rows, or ended."),
]
AllowStale = Annotated[
    bool, typer.Option("--allow-stale", help="Take facts of over seven days before the week.")
]
Week = Annotated[str, typer.Option(help="ISO week, such as 2026-W47.")]
Weeks = Annotated[Path, typer.Option(help="Folder of weeks.")]
Products = Annotated[Path | None, typer.Option(help="File of product ids, one a line.")]
Allocation = Annotated[
    str,
    typer.Option(help="none: each product by itself; capacity: what creators can serve."),
]
PerMcn = Annotated[int | None, typer.Option(help="Places of a list for one MCN's creators.")]
MinShare = Annotated[
    str | None, typer.Option(help="Least share of places, as small=0.2: for small creators.")
]
Explore = Annotated[
    float, typer.Option(help="Share of places for creators of whom the model is unsure.")
]
MinSettledGmv = Annotated[
    float | None,
    typer.Option(help="By ROI: settled GMV of all lists (default: half of what can be)."),
]
Scheduler = Annotated[
    str | None, typer.Option(help="Address of a Dask scheduler, such as tcp://10.0.0.1:8786.")
]
Shared = Annotated[
    str | None,
    typer.Option(help="Where its workers find the versions: a path or an address of fsspec."),
]
Mlflow = Annotated[
    str | None, typer.Option("--mlflow", help="Tracking address, such as sqlite:///mlflow.db.")
]
PerMerchant = Annotated[
    bool,
    typer.Option("--per-merchant", help="A CSV and a Parquet file for each merchant, too."),
]
To = Annotated[
    str | None, typer.Option(help="Database URL; its table match_lists gets the lists too.")
]
AsOf = Annotated[str | None, typer.Option(help="ISO day; facts known before it count.")]


def main() -> None:
    """Run the command line and exit with its code."""
    try:
        code = app(standalone_mode=False)
    except MatchingError as error:
        sys.exit(_fail(str(error), 1))
    except typer.BadParameter as error:  # a value that is wrong or missing
        sys.exit(_fail(error.format_message(), 1))
    except USAGE_ERROR as error:  # an unknown command or option
        sys.exit(_fail(str(error), 2) if str(error) else 2)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(_fail("stopped", 130))
    except BrokenPipeError:
        sys.exit(0)
    except OSError as error:  # a full disk, a file in place of a folder, no permission
        sys.exit(_fail(f"{error.filename or 'disk'}: {error.strerror or error}", 1))
    sys.exit(code or 0)


@app.command()
def simulate(
    out: Annotated[Path, typer.Argument(help="Folder to write.")],
    creators: int = 2000,
    products: int = 400,
    collaborations: int = 12000,
    weeks: int = 52,
    seed: int = 0,
    market: Annotated[str, typer.Option(help="Which one: first or second.")] = "first",
) -> None:
    """Write a simulated market, and its truth in OUT/truth/."""
    from training.simulator import MarketConfig
    from training.simulator import simulate as run

    with _progress() as progress:
        task = progress.add_task("simulating", total=None)
        sizes = (creators, products, collaborations, weeks, seed)
        simulated = run(MarketConfig(*sizes, market=market))
        progress.update(task, description="writing")
        simulated.save(out)
    print(out)


@app.command()
def check(data: Data) -> None:
    """Validate a catalog: every problem with table, column, count and first rows."""
    import matching.features  # noqa: F401 — refuses columns of one's own that can be no features
    from matching.catalog import Catalog

    catalog = Catalog.load(data)
    for warning in catalog.warnings:
        print(f"warning: {warning}")
    print(
        f"{data}: {len(catalog.creators):,} creators, {len(catalog.products):,} products, "
        f"{len(catalog.collaborations):,} collaborations, no problems"
    )


@app.command("import")
def import_export(
    mapping: Annotated[Path, typer.Argument(help="TOML file; docs/importing.md shows one.")],
    source: Annotated[
        str, typer.Argument(metavar="SRC", help="Folder of an export, or a database URL.")
    ],
    out: Annotated[Path, typer.Argument(metavar="DST", help="Folder to write.")],
    faults: Annotated[
        Path | None,
        typer.Option(help="CSV or Parquet file for every value that cannot be converted."),
    ] = None,
) -> None:
    """Import a platform's export: columns by other names, in other units, as a catalog."""
    from matching.importing.run import import_catalog

    with _progress() as progress:
        task = progress.add_task("reading", total=None)

        def tell(table: str) -> None:
            progress.update(task, description=table)

        catalog, unused = import_catalog(mapping, source, out, faults, tell)
    for note in (*catalog.warnings, *unused):
        print(f"note: {note}", file=sys.stderr)
    print(out)


@app.command()
def train(
    data: Data,
    out: Annotated[Path, typer.Option(help="Folder of versions.")],
    as_of: AsOf = None,
    config: Annotated[Path | None, typer.Option(help="TOML file of choices.")] = None,
    promote: Annotated[bool, typer.Option("--promote", help="Let it serve.")] = False,
    mlflow: Mlflow = None,
) -> None:
    """Train on what was known at a date and write a new bundle."""
    day = _day(as_of)
    from matching import bundle
    from matching.catalog import Catalog
    from matching.gate import tell
    from training.config import TrainConfig
    from training.phases import Phases
    from training.run import GATE
    from training.run import train as run
    from training.tracking import check_tracking, track

    check_tracking(mlflow)
    with _progress() as progress:
        chosen = TrainConfig() if config is None else TrainConfig.load(config)
        phases = Phases(_bar(progress))

        def load() -> Catalog:
            with phases.phase("loading"):
                return Catalog.load(data)

        trained = run(load(), chosen, day, phases, _promoted_manifest(out))
        with phases.phase("writing"):
            path = trained.save(out)
    _tell_costs(phases, apart=GATE)
    for warning in trained.about["warnings"]:
        print(f"warning: {warning}", file=sys.stderr)
    for name, head in trained.about["heads"].items():
        if head.get("reason"):
            print(f"note: {name} is a constant: {head['reason']}", file=sys.stderr)
    for line in tell(trained.about.get("gate")):
        print(f"gate: {line}", file=sys.stderr)
    print(path)
    if mlflow is not None:
        track(mlflow, path, {})
    if promote or not bundle.has_promoted(out):
        _promote(out, path.name)
    else:
        print(f"note: not promoted; `matching bundles promote {out} {path.name}`", file=sys.stderr)


def _promoted_manifest(bundles: Path) -> dict[str, Any] | None:
    """Return the manifest of the bundle that serves; None if there is none that can be read."""
    from matching import bundle
    from matching.errors import BundleError

    try:
        return bundle.read_manifest(bundle.promoted(bundles))
    except BundleError:
        return None


def _promote(bundles: Path, version: str, force: bool = False) -> None:
    """Promote through the gate, after loading the version whole, and tell its notes."""
    from matching.gate import promote
    from matching.matcher import Matcher

    verdict = promote(bundles, version, force, check=Matcher.load)
    for loss in verdict.losses:
        print(f"warning: forced, though {loss}", file=sys.stderr)
    for note in verdict.notes:
        print(f"note: gate: {note}", file=sys.stderr)


@app.command()
def refresh(
    bundle: Bundle,
    data: Data,
    out: Annotated[Path, typer.Option(help="Folder of versions.")],
    as_of: AsOf = None,
    allow_shrunk: AllowShrunk = False,
    promote: Annotated[bool, typer.Option("--promote", help="Let it serve.")] = False,
) -> None:
    """Write a new bundle with the same models and the newest facts, nothing fitted."""
    refreshed = _refresh(bundle, data, _day(as_of), allow_shrunk, out)
    print(refreshed)
    if promote:
        _promote(out, refreshed.name)


def _refresh(bundle: Path, data: str, day: date | None, allow_shrunk: bool, out: Path) -> Path:
    from matching.catalog import Catalog
    from training.phases import Phases
    from training.refresh import refresh as run

    with _progress() as progress:
        phases = Phases(_bar(progress))

        def load() -> Catalog:
            with phases.phase("loading"):
                return Catalog.load(data)

        refreshed = run(bundle, load(), day, allow_shrunk, phases)
        with phases.phase("writing"):
            path = refreshed.save(out)
    _tell_costs(phases)
    for warning in refreshed.about["warnings"]:
        print(f"warning: {warning}", file=sys.stderr)
    return path


@app.command()
def evaluate(
    bundle: Bundle,
    data: Data,
    out: Annotated[
        Path | None, typer.Option(help="Folder for report.json and report.html.")
    ] = None,
    products: Annotated[int, typer.Option(help="Products judged against the truth.")] = 300,
    seed: int = 0,
    curve: Annotated[
        bool, typer.Option("--curve", help="Train again on parts of the collaborations.")
    ] = False,
    ablation: Annotated[
        bool, typer.Option("--ablation", help="Train again without each TRUST stage.")
    ] = False,
    against: Annotated[
        Path | None,
        typer.Option(help="Another bundle; by default the promoted one of its folder."),
    ] = None,
    origins: Annotated[
        list[str] | None,
        typer.Option(help="ISO day; train again as of each, compare with followers. Repeatable."),
    ] = None,
    mlflow: Mlflow = None,
) -> None:
    """Judge a bundle on what came after its date, and against the truth of a simulated market."""
    days = [_day(day, "origins") for day in origins or ()]
    from matching.catalog import Catalog
    from training.evaluate import Asked, truth_of
    from training.evaluate import evaluate as run
    from training.report import show, write
    from training.tracking import check_tracking, track

    check_tracking(mlflow)
    asked = Asked(products, seed, curve, ablation, tuple(day for day in days if day), against)
    with _progress() as progress:
        task = progress.add_task("loading", total=None)

        def tell(phase: str) -> None:
            progress.update(task, description=phase)

        report = run(bundle, Catalog.load(data), truth_of(data), asked, tell)
    show(report)
    written = [] if out is None else write(report, out)
    for path in written:
        print(path)
    if mlflow is not None:
        track(mlflow, bundle, report, written)


@app.command()
def find(
    bundle: Bundle,
    product_id: Annotated[str, typer.Argument(help="Product of the catalog.")],
    k: K = 20,
    objective: Objective = "roi",
    as_json: Annotated[bool, typer.Option("--json", help="The HTTP answer.")] = False,
    language: Annotated[str, typer.Option(help="Of notes and reasons: en or zh.")] = "en",
) -> None:
    """Find creators for a product: the button, in a terminal."""
    from matching.lean import import_lightgbm

    import_lightgbm()
    from matching.matcher import Matcher

    result = Matcher.load(bundle).match(
        product_id, k=k, objective=objective, explain=as_json, language=language
    )
    answer = result.to_dict()
    if as_json:
        print(json.dumps(answer, ensure_ascii=False, indent=2))
    else:
        from matching.terminal import show_answer

        show_answer(answer)


@app.command()
def score(
    bundle: Bundle,
    pairs: Annotated[Path, typer.Argument(help="CSV or Parquet: creator_id, product_id.")],
    out: Annotated[Path, typer.Option(help="CSV or Parquet file to write.")],
    objective: Objective = "roi",
) -> None:
    """Predict for each pair of a file."""
    from matching.lists import read_pairs, score_pairs, write_table
    from matching.matcher import Matcher

    table = score_pairs(Matcher.load(bundle), read_pairs(pairs), objective)
    write_table(table, out)
    print(out)


@app.command()
def weekly(
    bundle: Bundle,
    week: Week,
    out: Weeks,
    data: Annotated[
        str | None, typer.Argument(help="Newest facts: a folder of tables, or a database URL.")
    ] = None,
    k: K = 20,
    objective: Objective = "roi",
    products: Products = None,
    allocation: Allocation = "none",
    per_mcn: PerMcn = None,
    min_share: MinShare = None,
    explore: Explore = 0.0,
    min_settled_gmv: MinSettledGmv = None,
    allow_stale: AllowStale = False,
    allow_shrunk: AllowShrunk = False,
    scheduler: Scheduler = None,
    shared: Shared = None,
    to: To = None,
    per_merchant: PerMerchant = False,
) -> None:
    """Write a week's match lists for every product, after a refresh where DATA is given.

    Then its summary: `summary.html` and what changed since the week before.

    Run again after a crash it goes on where it was.
    """
    from serve.facts import check_facts, refreshed_once, source_of
    from serve.locks import alone
    from serve.weekly import week_monday

    monday = week_monday(week)
    rules = _rules(allocation, objective, per_mcn, min_share, explore, min_settled_gmv)
    write = _lists(k, objective, products, rules, allow_stale, scheduler, shared)
    deliver = _delivery(to, rules)

    def finish(bundle: Path) -> None:
        folder = write(bundle, week, out)
        if deliver is not None:
            print(f"note: {deliver(folder)}", file=sys.stderr)
        told = _summary(bundle, folder, None, per_merchant)
        print(f"note: the summary is in {told}", file=sys.stderr)
        print(folder)

    if data is None:
        finish(bundle)
        return

    def renew() -> Path:
        return _refresh(bundle, data, None, allow_shrunk, bundle.absolute().parent)

    def accept(refreshed: Path) -> None:
        check_facts(_as_of(refreshed), monday, allow_stale)

    with alone(out, "facts"):
        note = out / f".facts-{week}.json"
        source = source_of(bundle, data, allow_stale, allow_shrunk)
        refreshed = refreshed_once(note, source, renew, accept)
        print(f"note: the newest facts are in {refreshed}", file=sys.stderr)
        finish(refreshed)
        note.unlink()


@app.command()
def monday(
    bundles: Bundles,
    data: Data,
    out: Weeks,
    week: Annotated[str | None, typer.Option(help="ISO week (default: today's).")] = None,
    by: Annotated[
        str | None, typer.Option(help="When lists are due on the week's Monday, such as 07:00.")
    ] = None,
    k: K = 20,
    objective: Objective = "roi",
    products: Products = None,
    allocation: Allocation = "none",
    per_mcn: PerMcn = None,
    min_share: MinShare = None,
    explore: Explore = 0.0,
    min_settled_gmv: MinSettledGmv = None,
    allow_stale: AllowStale = False,
    allow_shrunk: AllowShrunk = False,
    force: Annotated[
        bool, typer.Option("--force", help="Publish though the gate refuses.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Make a week anew that is published already.")
    ] = False,
    scheduler: Scheduler = None,
    shared: Shared = None,
    to: To = None,
    per_merchant: PerMerchant = False,
) -> int:
    """Refresh, gate, write and publish the week's lists; goes on where it was after a crash.

    Then the week's summary: `summary.html` and what changed since the week before.

    Exit code 3: published, but after --by.
    """
    from serve.monday import Job, Report, deadline, is_late, published, run_monday, this_week

    week = week or this_week()
    due = deadline(week, by)
    rules = _rules(allocation, objective, per_mcn, min_share, explore, min_settled_gmv)
    write = _lists(k, objective, products, rules, allow_stale, scheduler, shared)

    def renew(promoted: Path) -> Path:
        return _refresh(promoted, data, None, allow_shrunk, bundles)

    deliver = _delivery(to, rules)

    def sum_up(bundle: Path, folder: Path) -> Path:
        return _summary(bundle, folder, None, per_merchant)

    job = Job(bundles, out, data, week, k, allow_stale, allow_shrunk, force, again)
    report = Report(week)
    try:
        run_monday(job, report, renew, write, deliver, sum_up)
    finally:
        print(report)
        print(f"published: {published(out).get('week', 'nothing')}")
    if is_late(out, week, due):
        print(f"LATE: it was due by {due:%Y-%m-%d %H:%M}", file=sys.stderr)
        return 3
    return 0


@app.command()
def publish(
    week_folder: Annotated[Path, typer.Argument(help="A week that weekly has completed.")],
    to: Annotated[str, typer.Option(help="Database URL.")],
    table: Annotated[str, typer.Option(help="Table, made where it is missing.")] = "match_lists",
) -> None:
    """Write a week's lists to a table, in place of what it has of that week; all or nothing."""
    print(_publish(week_folder, to, table))


def _publish(week_folder: Path, to: str, table: str) -> str:
    """Write a week's lists to a table and return what was done."""
    from matching.databases import shown
    from serve.publish import publish

    with _progress() as progress:
        task = progress.add_task("publishing", total=None)
        rows = publish(week_folder, to, table, lambda rows: progress.advance(task, rows))
    return f"{rows:,} rows in {table} of {shown(to)}"


def _delivery(to: str | None, rules: Rules | None) -> Callable[[Path], str] | None:
    """Check before the work begins that lists can be published there, and return what does so."""
    if to is None:
        return None
    from matching.lists import SCHEMA
    from serve.publish import TABLE, check_target

    check_target(to, TABLE, SCHEMA if rules is None else rules.schema)
    return lambda folder: _publish(folder, to, TABLE)


@app.command()
def summary(
    bundle: Bundle,
    week_folder: Annotated[Path, typer.Argument(help="A week that weekly has completed.")],
    since: Annotated[
        Path | None, typer.Option(help="Week's folder to compare with (default: the one before).")
    ] = None,
    per_merchant: PerMerchant = False,
) -> None:
    """Write a week's summary: one page with plots, and what changed since last week and why."""
    print(_summary(bundle, week_folder, since, per_merchant))


def _summary(bundle: Path, week_folder: Path, since: Path | None, per_merchant: bool) -> Path:
    """Write a week's summary and return its folder."""
    from serve.summary import write_summary

    with _progress() as progress:
        task = progress.add_task("summary", total=None)

        def tell(phase: str) -> None:
            progress.update(task, description=phase)

        return write_summary(bundle, week_folder, since, per_merchant, tell)


def _as_of(bundle: Path) -> date:
    from matching.bundle import read_manifest

    return date.fromisoformat(read_manifest(bundle)["as_of"])


def _rules(
    allocation: str,
    objective: str,
    per_mcn: int | None,
    min_share: str | None,
    explore: float,
    min_settled_gmv: float | None,
) -> Rules | None:
    """Return what is asked of an allocation, None where products are taken by themselves."""
    from serve.allotment import Rules, read_share

    given = {
        "per-mcn": per_mcn,
        "min-share": min_share,
        "explore": explore or None,
        "min-settled-gmv": min_settled_gmv,
    }
    if allocation == "none":
        for option, value in given.items():
            if value is not None:
                raise OptionError(option, "needs --allocation capacity")
        return None
    if allocation != "capacity":
        raise OptionError("allocation", f"must be none or capacity, not {allocation!r}")
    if min_settled_gmv is not None and objective != "roi":
        raise OptionError("min-settled-gmv", "is for --objective roi")
    return Rules(per_mcn, read_share(min_share), explore, min_settled_gmv).check()


def _lists(
    k: int,
    objective: str,
    products: Path | None,
    rules: Rules | None,
    allow_stale: bool,
    scheduler: str | None,
    shared: str | None,
) -> Callable[[Path, str, Path], Path]:
    """Check what is asked of lists, and return what writes those of a bundle and week."""
    from matching.matcher import check_asked
    from serve.weekly import read_products, week_monday, write_weekly

    check_asked(k, objective)
    if scheduler is not None:
        from serve.cluster import check_address

        check_address(scheduler)
    chosen = None if products is None else read_products(products)

    def write(bundle: Path, week: str, out: Path) -> Path:
        from matching.matcher import Matcher

        matcher = Matcher.load(bundle)
        if matcher.as_of >= week_monday(week) + timedelta(days=7):
            print(
                f"warning: {week} was over by the bundle's facts of {matcher.as_of}: what creators "
                "can serve in it is not known any more",
                file=sys.stderr,
            )
        count = len(matcher.contents.history.product_ids if chosen is None else set(chosen))
        with _progress() as progress:
            passes = 1 if rules is None else 2
            task = progress.add_task(week, total=passes * count)

            def advance(done: int) -> None:
                progress.advance(task, done)

            with _runner(scheduler, bundle, shared, advance) as run:
                return write_weekly(
                    matcher, week, out, k, objective, chosen, allow_stale, advance, run, rules
                )

    return write


def _runner(
    scheduler: str | None, bundle: Path, shared: str | None, advance: Callable[[int], None]
) -> AbstractContextManager[Any]:
    """Return what computes the parts of lists: nothing in particular, or a cluster."""
    if scheduler is None:
        if shared is not None:
            raise OptionError("shared", "says where workers find bundles: give --scheduler too")
        return nullcontext()
    from serve.cluster import on_cluster

    return on_cluster(scheduler, bundle, shared, advance)


@app.command()
def serve(
    bundles: Bundles,
    host: Annotated[str | None, typer.Option(help="Where it listens (default: 127.0.0.1).")] = None,
    port: Annotated[int | None, typer.Option(help="On which port (default: 8000).")] = None,
    workers: Annotated[int | None, typer.Option(help="How many processes (default: 2).")] = None,
    show_config: Annotated[
        bool, typer.Option("--show-config", help="Print every setting and stop.")
    ] = False,
) -> None:
    """Serve the HTTP API and the merchant page on the promoted bundle.

    Everything else is set by MATCHING_… variables, which --show-config prints.
    """
    from serve.settings import read_settings, unused

    settings = read_settings(bundles=bundles.resolve(), host=host, port=port, workers=workers)
    for name in unused():
        print(f"matching: {name} sets nothing", file=sys.stderr)
    if show_config:
        for name, value in settings.shown().items():
            print(f"{name}={value}")
        return
    from serve.server import run

    run(settings)


@keys_app.command("make")
def make_key(
    bundles: Bundles,
    merchant: Annotated[str | None, typer.Option(help="Whose key it is.")] = None,
    operator: Annotated[bool, typer.Option("--operator", help="For all merchants.")] = False,
    label: Annotated[str, typer.Option(help="Where it is used, for the list.")] = "",
) -> None:
    """Make a key and print it, this once."""
    from serve import keys

    if (merchant is None) != operator or merchant == "":
        raise OptionError("merchant", "give either --merchant ID or --operator")
    store = _store(bundles)
    if merchant is not None and not _may_be_known(bundles, merchant):
        print(
            f"warning: the promoted bundle knows no merchant {merchant!r}; check the id, or the key"
            " reaches nothing until a bundle that knows it is promoted",
            file=sys.stderr,
        )
    key = keys.make_key(store, merchant, label)
    print("keep it safe: it is not shown again", file=sys.stderr)
    print(key)


def _may_be_known(bundles: Path, merchant: str) -> bool:
    """Whether the promoted bundle has the merchant, or does not say: none serves, or is damaged."""
    import numpy as np

    from matching.bundle import has_promoted, promoted
    from matching.history import Ids

    if not has_promoted(bundles):
        return True
    try:
        ids = Ids(np.load(promoted(bundles) / "ids" / "merchant_ids.npy", mmap_mode="r"))
    except (OSError, ValueError):  # whoever serves it says more of the damage
        return True
    return bool(ids.rows([merchant])[0] >= 0)


@keys_app.command("list")
def list_keys(bundles: Bundles) -> None:
    """List the keys: id, whose, made, revoked, label."""
    from serve import keys

    for row in keys.list_keys(_store(bundles)):
        state = f"revoked {row.revoked_at:%Y-%m-%d}" if row.revoked_at else "works"
        whose = row.merchant_id or "(operator)"
        print(f"{row.key_id}  {whose}  made {row.made_at:%Y-%m-%d}  {state}  {row.label}".rstrip())


@keys_app.command("revoke")
def revoke_key(
    bundles: Bundles, key_id: Annotated[str, typer.Argument(help="Id, or the key itself.")]
) -> None:
    """Stop a key from working, within a second, everywhere."""
    from serve import keys

    keys.revoke_key(_store(bundles), key_id.split("_")[1] if key_id.startswith("mk_") else key_id)
    print("revoked")


@events_app.command("export")
def export_events(
    bundles: Bundles,
    out: Annotated[Path, typer.Argument(help="Folder to write.")],
    data: Annotated[
        str | None, typer.Option(help="Catalog to join them to: the result trains.")
    ] = None,
    since: Annotated[str | None, typer.Option(help="ISO day; only events from it on.")] = None,
) -> None:
    """Write the events, and the collaborations that invitations and answers make.

    With --data the folder is that catalog with both joined to it.
    """
    day = _day(since, "since")
    from serve.export import export

    store = _store(bundles)
    with _progress() as progress:
        progress.add_task("exporting", total=None)
        exported = export(store, out, data, day)
    for note in exported.notes:
        print(f"note: {note}", file=sys.stderr)
    print(
        f"{exported.events:,} events, {exported.invitations:,} new collaborations", file=sys.stderr
    )
    print(out)


def _store(bundles: Path) -> Any:
    """Return the store that a service on these bundles uses."""
    from serve.settings import read_settings
    from serve.store import open_store

    if not bundles.is_dir():
        raise OptionError("bundles", f"there is no folder {bundles}")
    return open_store(read_settings(bundles=bundles.resolve()).store_url)


@bundles_app.command("list")
def list_bundles(
    bundles: Bundles,
    has_promoted: Annotated[
        bool, typer.Option("--has-promoted", help="Fail if none serves.")
    ] = False,
) -> None:
    """List the versions; the one that serves is marked."""
    from matching import bundle

    if has_promoted:
        bundle.promoted(bundles)
    for manifest in bundle.versions(bundles):
        mark = "*" if manifest["promoted"] else " "
        if "damaged" in manifest:
            print(f"{mark} {manifest['version']}  damaged: {manifest['damaged']}")
            continue
        sizes = manifest["sizes"]
        print(
            f"{mark} {manifest['version']}  as of {manifest['as_of']}  "
            f"{sizes['creators']:,} creators, {sizes['products']:,} products"
            f"{_forced(bundles) if manifest['promoted'] else ''}"
        )


def _forced(bundles: Path) -> str:
    """Return what the promoted version was forced in spite of, if anything."""
    from matching import bundle

    latest = (bundle.promotions(bundles) or [{}])[-1]
    return f"  forced: {'; '.join(latest['forced'])}" if latest.get("forced") else ""


@bundles_app.command("promote")
def promote_bundle(
    bundles: Bundles,
    version: Annotated[str, typer.Argument(help="Version to serve.")],
    force: Annotated[
        bool, typer.Option("--force", help="Even if it clearly loses; this is recorded.")
    ] = False,
) -> None:
    """Let a version serve, after verifying and loading it whole, unless it is clearly worse.

    Worse is what train measured on the weeks before the bundle's date, beside the configuration
    that serves: beyond 1.64 standard errors of the difference, where no other gain is clearer.
    """
    _promote(bundles, version, force)
    print(version)


@bundles_app.command("rollback")
def rollback_bundle(bundles: Bundles) -> None:
    """Let the version serve that served before."""
    from matching import bundle
    from matching.matcher import Matcher

    print(bundle.rollback(bundles, check=Matcher.load))


def _day(text: str | None, option: str = "as-of") -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise OptionError(option, f"{text!r} is no ISO day such as 2026-11-20") from None


def _fail(message: str, code: int) -> int:
    print(f"matching: {message}", file=sys.stderr)
    return code


def _tell_costs(phases: Phases, apart: str = "") -> None:
    for phase, cost in phases.costs.items():
        told = " (apart from training)" if phase == apart else ""
        print(
            f"{phase}{told}: {cost['seconds']:.1f} s, peak so far {cost['peak_mib']:,.0f} MiB",
            file=sys.stderr,
        )
    seconds = sum(cost["seconds"] for phase, cost in phases.costs.items() if phase != apart)
    print(f"in all: {seconds:.1f} s", file=sys.stderr)


def _bar(progress: Progress) -> Callable[[str, float | None], None]:
    """Return what tells phases on a bar; one that does not say how far it has come pulses."""

    def tell(phase: str, share: float | None) -> None:
        if share is not None:
            progress.update(progress.task_ids[-1], total=1.0, completed=share)
            return
        for ended in progress.task_ids:
            progress.remove_task(ended)
        progress.add_task(phase, total=None)

    return tell


@contextmanager
def _progress() -> Iterator[Progress]:
    """Show progress on stderr, and nothing at all where that is not a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns: tuple[Any, ...] = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        yield progress
