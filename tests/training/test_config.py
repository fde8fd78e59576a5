from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import pytest

from matching.errors import OptionError
from matching.features import FEATURES
from training.config import TrainConfig


def written(folder: Path, text: str) -> Path:
    path = folder / "train.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_what_a_file_does_not_say_keeps_its_default(tmp_path: Path):
    config = TrainConfig.load(written(tmp_path, "tree_count = 7\nlearning_rate = 1\n"))
    assert config == TrainConfig(tree_count=7, learning_rate=1.0)
    assert isinstance(config.learning_rate, float)
    assert TrainConfig.load(written(tmp_path, "")) == TrainConfig()
    assert TrainConfig.load(str(tmp_path / "train.toml")) == TrainConfig()


def test_every_choice_is_documented_and_can_be_set(tmp_path: Path):
    for field in fields(TrainConfig):
        assert field.name in (TrainConfig.__doc__ or "")
        text = f"{field.name} = {json.dumps(field.default)}"
        assert TrainConfig.load(written(tmp_path, text)) == TrainConfig()


def test_an_unknown_key_names_the_nearest_known_one(tmp_path: Path):
    with pytest.raises(OptionError, match="unknown key 'tree_counts'; did you mean 'tree_count'"):
        TrainConfig.load(written(tmp_path, "tree_counts = 7"))


@pytest.mark.parametrize(
    "text",
    [
        'tree_count = "many"',
        "tree_count = 7.5",
        "tree_count = true",
        "half_life_days = [1]",
        "tree_count = 0",
        "tree_count = -3",
        "depth = 0",
        "leaf_count = 1",
        "learning_rate = 0.0",
        "learning_rate = 1.5",
        "learning_rate = nan",
        "half_life_days = nan",
        "half_life_days = inf",
        "l2 = -1.0",
        "l2 = nan",
        "threads = -1",
        "seed = -1",
        "interval_level = 1.0",
        "interval_level = 80",
        "calibration_share = 0.9",
        "gate_days = -1",
        'ignored_features = "price_step"',
        'ignored_features = ["fame"]',
        "ignored_features = [3]",
        'without_stage = "fame"',
        "without_stage = 3",
    ],
)
def test_a_value_that_cannot_be_is_named(tmp_path: Path, text: str):
    name = text.split(" ", maxsplit=1)[0]
    with pytest.raises(OptionError, match=name) as error:
        TrainConfig.load(written(tmp_path, text))
    assert error.value.field == "config"


def test_a_feature_can_be_ignored(tmp_path: Path):
    config = TrainConfig.load(written(tmp_path, 'ignored_features = ["log_price"]'))
    assert config.without_features == ("log_price",)
    with pytest.raises(OptionError, match="no feature 'log_prices' to ignore; did you mean 'log_p"):
        TrainConfig(ignored_features=("log_prices",)).check()


def test_a_stage_can_be_left_out():
    config = TrainConfig(without_stage="reach").check()
    assert set(config.without_features) == {f.name for f in FEATURES if f.stage == "reach"}
    assert TrainConfig().without_features == ()


def test_a_file_that_cannot_be_read_or_is_not_toml(tmp_path: Path):
    with pytest.raises(OptionError, match="cannot be read"):
        TrainConfig.load(tmp_path / "absent.toml")
    with pytest.raises(OptionError, match="is not TOML"):
        TrainConfig.load(written(tmp_path, "tree_count : 7"))
    path = tmp_path / "latin.toml"
    path.write_bytes("# Größe\n".encode("latin-1"))
    with pytest.raises(OptionError, match="is not TOML"):
        TrainConfig.load(path)
