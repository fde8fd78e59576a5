"""A new feature by the three steps of CONTRIBUTING, and a column of one's own by the README.

Both follow the page to the letter, in a copy of the program, and see the feature in the models, in
the evidence and in the report.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest

from matching.bundle import promoted, read_manifest, versions
from matching.columns import CREATORS
from matching.errors import MatchingError
from matching.features import FEATURES
from matching.features.own import feature_of, register_own
from matching.own import OwnColumn, read_own_columns

ROOT = Path(__file__).parents[1]
SHIM = '#!/bin/sh\nexec "{python}" -c "from matching.cli import main; main()" "$@"\n'
LOOK = """
import json, sys
import numpy as np
from matching.matcher import Matcher
matcher = Matcher.load(sys.argv[1])
place = [part.name for part in matcher.contents.parts].index(sys.argv[2])
found = matcher.match("p000001", k=20)
told = {
    "contribution": float(np.abs(found.contributions[:, place]).max()),
    "values": [float(value) for value in found.scored.matrix[found.rows, place]],
}
print(json.dumps(told))
"""


def blocks(page: str, heading: str) -> list[tuple[str, str]]:
    """Return the fenced blocks below a heading of a page, in order: language and text."""
    text = (ROOT / page).read_text(encoding="utf-8")
    section = re.split(r"^## ", text.split(f"## {heading}\n", maxsplit=1)[1], flags=re.M)[0]
    found = re.findall(r"^( *)```(\w*)\n(.*?)^\1```$", section, flags=re.M | re.S)
    return [(language, dedent(body)) for _, language, body in found]


class Copy:
    """A copy of the program in a folder, and a shell in which `matching` is that copy."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for package in ("matching", "training", "serve"):
            shutil.copytree(
                ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__")
            )
        command = folder / ".venv" / "bin" / "matching"
        command.parent.mkdir(parents=True)
        command.write_text(SHIM.format(python=sys.executable))
        command.chmod(0o755)
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(folder),
            "PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}",
        }

    def shell(self, script: str) -> str:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    def look(self, bundle: Path, feature: str) -> dict[str, object]:
        script = self.folder / "look.py"
        script.write_text(LOOK)
        return json.loads(self.shell(f'"{sys.executable}" look.py "{bundle}" {feature}'))


def features_of(bundle: Path) -> list[str]:
    return [feature["name"] for feature in read_manifest(bundle)["features"]]


def is_used(features: list[dict[str, object]], name: str) -> bool:
    return any(f["name"] == name and max(f["use"].values()) > 0 for f in features)


@pytest.mark.slow
def test_the_three_steps_of_contributing(tmp_path: Path):
    steps = blocks("CONTRIBUTING.md", "A new feature in three steps")
    assert [language for language, _ in steps] == ["sh", "diff", "python", "sh", "python"]
    before, fact, code, commands, look = (text for _, text in steps)
    copy = Copy(tmp_path)
    copy.shell(before)
    (tmp_path / "fact.diff").write_text(fact)
    copy.shell("patch -p1 --fuzz=0 < fact.diff")
    with (tmp_path / "matching" / "features" / "utilize.py").open("a", encoding="utf-8") as module:
        module.write(f"\n\n{code}")
    said = copy.shell(commands)
    assert re.search(r"gate: size of sales .* gain [+-]\d", said)
    serving = promoted(tmp_path / "bundles")
    names = {manifest["version"] for manifest in versions(tmp_path / "bundles")}
    (bundle,) = (tmp_path / "bundles" / name for name in names - {serving.name})
    assert set(features_of(bundle)) - set(features_of(serving)) == {"sample_cost_share"}
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert is_used(report["features"], "sample_cost_share")
    assert "sample_cost_share" in (tmp_path / "report" / "report.html").read_text("utf-8")
    seen = copy.look(bundle, "sample_cost_share")
    answer = json.loads((tmp_path / "answer.json").read_text())
    cost, price = (answer["product"][name] for name in ("sample_cost", "price"))
    assert seen["values"] == pytest.approx([cost / price] * len(seen["values"]), rel=1e-5)
    assert seen["contribution"] > 0
    (tmp_path / "look_too.py").write_text(f"bundle = {str(bundle)!r}\n{look}print(added.max())")
    assert float(copy.shell(f'"{sys.executable}" look_too.py')) <= seen["contribution"]


SCORES = """
from pathlib import Path
import numpy as np
from dataclasses import replace
from datetime import timedelta
from matching.catalog import Catalog
from training.simulator import MarketConfig, simulate
simulate(MarketConfig(creators=400, products=80, collaborations=6000, seed=2)).save(Path("plain"))
catalog = Catalog.load("plain")
log = catalog.collaborations
sold = np.log1p(log["gmv"]).groupby(log["creator_id"]).mean()
score = catalog.creators["creator_id"].map(sold)
catalog.cut(catalog.newest_day() - timedelta(days=7)).save(Path("before"))
scored = replace(catalog, creators=catalog.creators.assign(my_score=score))
for name, days in (("lastweek", 7), ("thisweek", 0)):
    cut = scored.cut(catalog.newest_day() - timedelta(days=days))
    cut.creators.to_parquet(f"{name}.parquet")
    replace(cut, creators=cut.creators.drop(columns="my_score")).save(Path(name))
    Path(f"{name}.parquet").replace(f"{name}/creators.parquet")
"""


@pytest.mark.slow
def test_a_column_of_ones_own_by_the_readme(tmp_path: Path):
    """The score is the creator's mean sale: it helps, the gate says so, and it is shipped."""
    heading = "A column of your own, from a dump to production"
    (_, commands), _, (_, cell) = blocks("README.md", heading)
    copy = Copy(tmp_path)
    (tmp_path / "scores.py").write_text(SCORES)
    copy.shell(f'"{sys.executable}" scores.py && matching train before --out bundles')
    plain = promoted(tmp_path / "bundles")
    asked = "find {} p000001 -k 5 --json"
    answer = copy.shell(f"matching {asked.format(plain)}")
    declaration, rest = commands.split("# 2. ")
    copy.shell(declaration)
    assert copy.shell(f"matching {asked.format(plain)}") == answer  # what serves goes on serving
    copy.shell("matching monday bundles lastweek --out lists --week 2026-W44")
    monday = promoted(tmp_path / "bundles")
    assert features_of(monday) == features_of(plain)
    copy.shell(f"matching evaluate {monday} thisweek --products 5")
    said = copy.shell(f"# 2. {rest}")
    assert re.search(r"size of sales \(Spearman\) .* gain \+0\.\d+", said)
    pointer = json.loads((tmp_path / "bundles" / "promoted.json").read_text())
    assert [record["version"] for record in pointer["promotions"]] == [
        *pointer["earlier"],
        pointer["version"],
    ]
    assert pointer["earlier"] == [plain.name, monday.name]
    bundle = tmp_path / "bundles" / pointer["version"]
    gain = json.loads((bundle / "manifest.json").read_text())["gate"]["promoted"]["gain"]["sales"]
    assert gain["value"] > gain["standard_error"]
    report = json.loads((tmp_path / "reports" / "report.json").read_text())
    assert is_used(report["features"], "my_score")
    assert report["against"]["features"]["added"] == ["my_score"]
    assert report["against"]["rows"] > 0
    assert copy.look(bundle, "my_score")["contribution"] > 0
    copy.shell("matching bundles rollback bundles")
    assert promoted(tmp_path / "bundles") == monday
    copy.shell(f"matching bundles promote bundles {bundle.name}")
    (tmp_path / "cell.py").write_text(cell)
    copy.shell(f'"{sys.executable}" cell.py')
    again = json.loads((tmp_path / "bundles" / "promoted.json").read_text())["version"]
    manifests = [(tmp_path / "bundles" / v / "manifest.json") for v in (bundle.name, again)]
    one, two = (json.loads(path.read_text())["files"] for path in manifests)
    assert again != bundle.name
    assert one == two


def test_check_tells_what_train_would_refuse(tmp_path: Path):
    """A column of one's own by the name of a feature, and one that the dump does not have."""
    copy = Copy(tmp_path)
    said = 'stage = "thrive"\nen = "It is {value}"\nzh = "{value}"\n'
    file = tmp_path / "matching" / "own_columns.toml"
    file.write_text(f"[creators.accept_rate]\n{said}", encoding="utf-8")
    check = f"matching check {ROOT / 'data' / 'sample'}"
    told = copy.shell(f"! {check}")
    assert "own_columns.toml: feature accept_rate is there already: take another name" in told
    file.write_text(f"[creators.reputatoin]\n{said}", encoding="utf-8")
    assert "warning: own_columns.toml declares creators.reputatoin" in copy.shell(check)


OWN = OwnColumn("creators", "my_score", "thrive", "The score is {value}", "评分为 {value}")


def written(folder: Path, text: str) -> Path:
    path = folder / "own.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_own_columns_are_read(tmp_path: Path):
    text = f'[creators.my_score]\nstage = "thrive"\nen = "{OWN.en}"\nzh = "{OWN.zh}"\n'
    assert read_own_columns(written(tmp_path, text)) == (OWN,)
    assert OWN.reads == "creator_my_score"
    assert read_own_columns() == ()  # as it comes


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[creators", "is not TOML"),
        ("[merchants.x]", r"merchants: write \[creators.NAME\]"),
        ("creators = 3", "creators: write"),
        ('[creators.x]\nstage = "thrive"', "creators.x needs the texts stage, en, zh"),
        ('[creators.x]\nstage = 1\nen = ""\nzh = ""', "creators.x needs the texts"),
        ('[products.x]\nstage = ""\nen = ""\nzh = ""\nfr = ""', "nothing else"),
    ],
)
def test_what_is_wrong_with_own_columns_is_said(tmp_path: Path, text: str, told: str):
    with pytest.raises(MatchingError, match=told):
        read_own_columns(written(tmp_path, text))


def test_an_own_feature_is_what_was_declared():
    made = feature_of(OWN)
    assert (made.name, made.stage, made.reads) == ("my_score", "thrive", ("creator_my_score",))
    assert made.code_hash != feature_of(replace(OWN, zh="另 {value}")).code_hash
    with pytest.raises(MatchingError, match="my_score: the stage must be one of transform, reach"):
        feature_of(replace(OWN, stage="fame"))
    with pytest.raises(MatchingError, match="reads 'creator_my_score', which is no column"):
        register_own((OWN,))
    assert "my_score" not in [feature.name for feature in FEATURES]
    assert "my_score" not in CREATORS.names
