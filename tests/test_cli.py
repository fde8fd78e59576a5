"""The command line: what each command does, its exit codes, and what bad input gets."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from matching import bundle as bundle_folder
from matching.features import FEATURES
from matching.lists import SCHEMA
from matching.terminal import show_answer
from tests.conftest import write_csv
from tests.matching.worlds import tiny_tables

PRODUCT = "p000001"


def test_check_says_what_is_there(run, tmp_path):
    code, out, _ = run("check", write_csv(tiny_tables(), tmp_path / "data"))
    assert code == 0
    assert "creators" in out
    assert "no problems" in out


BAD_DATA = {
    "negative price": ("products", "price", -1.0, "products.price"),
    "rate in percent": ("products", "commission_rate", 20, "percent"),
    "date that does not parse": ("collaborations", "invited_on", "soon", "invited_on"),
    "unknown creator": ("collaborations", "creator_id", "nobody", "nobody"),
    "refunds above sales": ("collaborations", "refunded_gmv", 1e9, "refunded_gmv"),
}


@pytest.mark.parametrize("command", ["check", "train"])
@pytest.mark.parametrize("fault", BAD_DATA)
def test_bad_data_is_named_and_nothing_is_written(run, tmp_path, command, fault):
    table, column, value, told = BAD_DATA[fault]
    tables = tiny_tables()
    tables[table] = tables[table].astype({column: object})
    tables[table].loc[0, column] = value
    data = write_csv(tables, tmp_path / "data")
    out = tmp_path / "bundles"
    code, _, err = run(command, data, *(["--out", out] if command == "train" else []))
    assert code == 1
    assert told in err
    assert not out.exists()


def test_more_bad_data(run, tmp_path):
    tables = tiny_tables()
    without = {**tables, "products": tables["products"].drop(columns="price")}
    creators = tables["creators"].drop(columns="updated_on", errors="ignore")
    twice = {**tables, "creators": pd.concat([creators, creators.iloc[:1]])}
    empty = {**tables, "products": tables["products"].iloc[:0]}
    for number, (bad, told) in enumerate(
        [(without, "products.price"), (twice, "creator_id"), (empty, "products")]
    ):
        code, _, err = run("check", write_csv(bad, tmp_path / f"data{number}"))
        assert (code, told in err) == (1, True)
    (tmp_path / "data0" / "creators.csv").write_bytes(b"\xff\xfe\x00broken")
    code, _, err = run("check", tmp_path / "data0")
    assert code == 1
    assert "creators.csv" in err
    code, _, err = run("check", tmp_path / "nowhere")
    assert code == 1
    assert "no such folder" in err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("find", "BUNDLE", "nothing"), "no product 'nothing'"),
        (("find", "BUNDLE", PRODUCT, "-k", "0"), "k: must be between 1 and 200"),
        (("find", "BUNDLE", PRODUCT, "-k", "many"), "valid integer"),
        (("find", "BUNDLE", PRODUCT, "--objective", "fame"), "objective"),
        (("find", "BUNDLE", PRODUCT, "--language", "fr"), "language: must be one of en, zh"),
        (("find", "NOWHERE", PRODUCT), "no bundle"),
        (("weekly", "BUNDLE", "--week", "2026-W60", "--out", "OUT"), "no ISO week"),
        (("weekly", "BUNDLE", "--week", "next", "--out", "OUT"), "2026-W47"),
        (("weekly", "BUNDLE", "--week", "2027-W40", "--out", "OUT"), "--allow-stale"),
        (
            ("weekly", "BUNDLE", "--week", "2026-W48", "--out", "OUT", "--allocation", "fair"),
            "allocation",
        ),
        (
            ("weekly", "BUNDLE", "--week", "2026-W48", "--out", "OUT", "--products", "NOWHERE"),
            "products",
        ),
        (("score", "BUNDLE", "NOWHERE", "--out", "OUT/x.csv"), "there is no file"),
        (("train", "NOWHERE", "--out", "OUT"), "no such folder"),
        (("train", "NOWHERE", "--out", "OUT", "--as-of", "yesterday"), "no ISO day"),
        (("bundles", "promote", "BUNDLES", "none"), "no version 'none'"),
        (("bundles", "rollback", "BUNDLES"), "nothing to go back to"),
        (("bundles", "list", "NOWHERE"), "there is no folder"),
        (("serve", "BUNDLES", "--host", "0.0.0.0"), "host"),
    ],
)
def test_a_wrong_value_is_a_sentence_and_code_1(run, tmp_path, bundle, bundles, arguments, told):
    places = {
        "BUNDLE": bundle,
        "BUNDLES": bundles,
        "NOWHERE": tmp_path / "nowhere",
        "OUT": tmp_path / "out",
        "OUT/x.csv": tmp_path / "out" / "x.csv",
    }
    code, out, err = run(*(places.get(argument, argument) for argument in arguments))
    assert code == 1
    assert told in err
    assert "Traceback" not in err
    assert not out
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("arguments", [("dance",), ("find", "--loud"), ("bundles", "burn")])
def test_an_unknown_command_or_option_is_code_2(run, arguments):
    code, _, err = run(*arguments)
    assert code == 2
    assert "No such" in err


def test_every_command_has_help(run):
    commands = ["simulate", "check", "train", "evaluate", "find", "score", "weekly", "serve"]
    for command in commands:
        code, out, _ = run(command, "--help")
        assert (code, "Usage" in out) == (0, True)


def test_simulate_check_train_find_weekly(run, tmp_path):
    """A market from nothing to its first lists."""
    data, bundles = tmp_path / "market", tmp_path / "bundles"
    config = tmp_path / "quick.toml"
    config.write_text(
        "tree_count = 10\ntext_dimensions = 8\nanchor_products = 8\nanchor_creators = 40\n"
    )
    sizes = ("--creators", 150, "--products", 30, "--collaborations", 1500, "--seed", 3)
    assert run("simulate", data, *sizes)[0] == 0
    assert run("check", data)[0] == 0
    code, out, _ = run("train", data, "--out", bundles, "--config", config)
    assert code == 0
    first = Path(out.splitlines()[-1])
    assert bundle_folder.promoted(bundles) == first
    code, out, _ = run(
        "train", data, "--out", bundles, "--config", config, "--as-of", "2026-10-01", "--promote"
    )
    second = Path(out.splitlines()[-1])
    assert bundle_folder.promoted(bundles) == second
    code, out, _ = run("bundles", "list", bundles)
    assert f"* {second.name}  as of 2026-10-01" in out
    code, out, _ = run("bundles", "rollback", bundles)
    assert out.strip() == first.name
    code, out, _ = run("find", second, PRODUCT, "-k", 3)
    assert code == 0
    assert "ROI" in out
    lists = ("--week", "2026-W47", "--out", tmp_path / "lists", "-k", 3)
    code, _, err = run("weekly", second, *lists)
    assert (code, "--allow-stale" in err) == (1, True)
    code, _, err = run("weekly", second, "--week", "2026-W30", "--out", tmp_path / "past", "-k", 1)
    assert (code, "2026-W30 was over by the bundle's facts of 2026-10-01" in err) == (0, True)
    code, out, err = run("weekly", second, data, *lists)
    assert code == 0, err
    manifest = json.loads((Path(out.strip()) / "manifest.json").read_text())
    assert manifest["as_of"] == json.loads((first / "manifest.json").read_text())["as_of"]
    assert manifest["bundle"] not in (first.name, second.name)
    code, out, _ = run("evaluate", second, data, "--products", 10, "--out", tmp_path / "report")
    assert code == 0
    assert "past GMV within the category" in out
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert set(report["truth"]["methods"]) >= {"this ranking", "random", "followers"}
    assert report["later"]["all"]["counts"]["published"] > 0
    assert report["against"]["bundle"] == first.name
    assert "<svg" in (tmp_path / "report" / "report.html").read_text(encoding="utf-8")


def test_find_speaks_chinese_where_asked(run, bundle):
    code, out, _ = run("find", bundle, PRODUCT, "-k", 2, "--json", "--language", "zh")
    assert code == 0
    reasons = [r["text"] for c in json.loads(out)["creators"] for r in c["reasons"]]
    assert reasons
    assert all("预计销售额" in text for text in reasons)


def test_find_as_json_is_the_answer_of_the_contract(run, bundle):
    code, out, _ = run("find", bundle, PRODUCT, "-k", 2, "--json")
    answer = json.loads(out)
    assert code == 0
    assert [creator["rank"] for creator in answer["creators"]] == [1, 2]
    assert set(answer["creators"][0]["evidence"]) == {
        "base",
        "transform",
        "reach",
        "utilize",
        "strengthen",
        "thrive",
    }


def test_score_writes_the_columns_of_a_match_list(run, tmp_path, bundle, sample):
    pairs = pd.DataFrame(
        {"creator_id": sample.creators["creator_id"].iloc[:5], "product_id": PRODUCT}
    )
    pairs.to_csv(tmp_path / "pairs.csv", index=False)
    code, _, _ = run("score", bundle, tmp_path / "pairs.csv", "--out", tmp_path / "scored.parquet")
    scored = pq.read_table(tmp_path / "scored.parquet")
    assert code == 0
    assert scored.column_names == [*SCHEMA.names, "eligible"]
    assert scored.column("rank").to_pylist() == [1, 2, 3, 4, 5]
    assert scored.column("week").null_count == 5
    roi = [float(f"{value:.3g}") for value in scored.column("predicted_roi").to_pylist()]
    assert roi == sorted(roi, reverse=True)  # compared at three digits, as the contract says
    assert run("score", bundle, tmp_path / "pairs.csv", "--out", tmp_path / "scored.csv")[0] == 0
    assert len(pd.read_csv(tmp_path / "scored.csv")) == 5


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("creator_id\nc1\n", "product_id"),
        (f"creator_id,product_id\nnobody,{PRODUCT}\n", "no creator 'nobody'"),
        (f"creator_id,product_id\n,{PRODUCT}\n", "row 1"),
        (f"creator_id,product_id\nc000001,{PRODUCT}\nc000001,{PRODUCT}\n", "more than once"),
    ],
)
def test_bad_pairs_are_named(run, tmp_path, bundle, content, told):
    (tmp_path / "pairs.csv").write_text(content)
    code, _, err = run("score", bundle, tmp_path / "pairs.csv", "--out", tmp_path / "out.csv")
    assert code == 1
    assert told in err
    assert not (tmp_path / "out.csv").exists()


def test_a_bundle_of_other_features_is_not_promoted(run, tmp_path, bundle, monkeypatch):
    bundles = tmp_path / "bundles"
    shutil.copytree(bundle, bundles / "v1")
    monkeypatch.setattr("matching.contents.FEATURES", FEATURES[1:])
    code, _, err = run("bundles", "promote", bundles, "v1")
    assert code == 1
    assert "other features" in err
    assert not (bundles / "promoted.json").exists()


@pytest.mark.parametrize("harm", ["truncate", "alter"])
def test_a_damaged_bundle_is_refused(run, tmp_path, bundle, harm):
    damaged = shutil.copytree(bundle, tmp_path / "damaged")
    path = damaged / "heads" / "conversion.txt"
    content = bytearray(path.read_bytes())
    if harm == "truncate":
        path.write_bytes(content[: len(content) // 2])
    else:
        content[100] ^= 1
        path.write_bytes(content)
    for command in (
        ("find", damaged, PRODUCT),
        ("weekly", damaged, "--week", "2026-W48", "--out", tmp_path / "lists"),
    ):
        code, _, err = run(*command)
        assert code == 1
        assert "conversion.txt" in err
    assert not (tmp_path / "lists").exists()


def test_a_file_in_place_of_a_folder_is_a_sentence(run, tmp_path, bundle):
    (tmp_path / "file").touch()
    code, _, err = run("weekly", bundle, "--week", "2026-W48", "--out", tmp_path / "file")
    assert code == 1
    assert "file" in err
    assert "Traceback" not in err


def test_a_date_in_the_future_is_refused(run, tmp_path):
    data = write_csv(tiny_tables(), tmp_path / "data")
    code, _, err = run("train", data, "--out", tmp_path / "b", "--as-of", "3000-01-01")
    assert (code, "future" in err) == (1, True)
    assert not (tmp_path / "b").exists()


def test_a_title_is_shown_as_it_is(capsys, matcher):
    answer = matcher.match(PRODUCT, k=1).to_dict()
    answer["product"]["title"] = "[new] tea [/b] x"
    show_answer(answer)
    assert "[new] tea [/b] x" in capsys.readouterr().out


def test_a_promoted_version_that_is_gone_is_said(run, tmp_path):
    (tmp_path / "promoted.json").write_text('{"version": "gone", "earlier": []}')
    code, _, err = run("bundles", "list", tmp_path, "--has-promoted")
    assert code == 1
    assert "version gone is not there" in err


@pytest.mark.parametrize(
    "option",
    [("--products", "0"), ("--seed", "-1"), ("--origins", "soon"), ("--origins", "2999-01-01")],
)
def test_evaluate_refuses_what_cannot_be(run, bundle, option):
    data = Path(__file__).parents[1] / "data" / "sample"
    code, _, err = run("evaluate", bundle, data, *option)
    assert code == 1
    assert option[0].strip("-") in err


def test_a_bundle_is_judged_on_its_own_market_only(run, tmp_path, bundle):
    sizes = ("--creators", 60, "--products", 12, "--collaborations", 200)
    assert run("simulate", tmp_path / "other", *sizes)[0] == 0
    code, _, err = run("evaluate", bundle, tmp_path / "other")
    assert code == 1
    assert "the market that it was trained on" in err
