"""One frozen, documented set of choices for a training run."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from matching.choices import nearest
from matching.errors import MatchingError, OptionError
from matching.explain import PARTS
from matching.features import FEATURES, Stage


@dataclass(frozen=True)
class TrainConfig:
    """How a bundle is trained; every value can be set in a TOML file.

    Attributes
    ----------
    tree_count, depth, leaf_count, min_leaf_rows, learning_rate, feature_fraction, l2
        How each head's trees are grown (LightGBM).
    half_life_days
        A collaboration so many days before the training date weighs half as much.
    calibration_share
        Share of the newest outcomes that are held back to calibrate the interval, before the heads
        are fitted again on everything.
    interval_level
        Share of published collaborations that the interval is to cover.
    text_dimensions
        Directions that are kept of the content vectors.
    anchor_products, anchor_creators, space_dimensions
        Size of the retrieval space and of what it is learnt from.
    space_creators, space_products
        So many are scored with all anchors; each of the others with a few, from which the rest
        follows.
    threads
        Native threads while training; 0 is all cores.
    seed
        Seed of everything that is drawn.
    without_stage
        A TRUST stage whose features and effects no prediction may use; for the ablation.
    ignored_features
        Names of features that no head may use: to see what a feature adds.
    gate_days
        The same is fitted again on what was known so many days before the training date, and judged
        on the outcomes of those days, beside the promoted configuration; 0 leaves that out.

    Examples
    --------
    >>> TrainConfig(tree_count=300).learning_rate
    0.08
    >>> TrainConfig.of({"tree_cuont": 200})
    Traceback (most recent call last):
    matching.errors.OptionError: config: unknown key 'tree_cuont'; did you mean 'tree_count'?
    """

    tree_count: int = 200
    depth: int = 3
    leaf_count: int = 8
    min_leaf_rows: int = 40
    learning_rate: float = 0.08
    feature_fraction: float = 0.6
    l2: float = 5.0
    half_life_days: float = 365.0
    calibration_share: float = 0.2
    interval_level: float = 0.8
    text_dimensions: int = 128
    anchor_products: int = 64
    anchor_creators: int = 300
    space_dimensions: int = 48
    space_creators: int = 20_000
    space_products: int = 4_000
    threads: int = 0
    seed: int = 0
    without_stage: str = ""
    ignored_features: tuple[str, ...] = ()
    gate_days: int = 28

    @property
    def without_features(self) -> tuple[str, ...]:
        """Names of the features that no head may use."""
        staged = tuple(f.name for f in FEATURES if f.stage.value == self.without_stage)
        return (*staged, *(name for name in self.ignored_features if name not in staged))

    @property
    def without_parts(self) -> tuple[str, ...]:
        """Names of everything that no prediction may use, effects included."""
        return tuple(part.name for part in PARTS if part.stage.value == self.without_stage)

    @classmethod
    def load(cls, path: Path | str) -> TrainConfig:
        """Read a TOML file; OptionError names an unknown key and the nearest known one."""
        try:
            values = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise OptionError("config", f"{path} cannot be read: {error.strerror}") from error
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise OptionError("config", f"{path} is not TOML: {error}") from error
        return cls.of(values, f"{path}: ")

    @classmethod
    def of(cls, values: Mapping[str, Any], where: str = "") -> TrainConfig:
        """Take plain values, as of TOML or of a manifest; the others keep their defaults.

        Raises OptionError, which begins with `where`, for an unknown key and names the nearest
        known one, and for a value that cannot be.
        """
        known: dict[str, Any] = {field.name: type(field.default) for field in fields(cls)}
        given: dict[str, Any] = {}
        for name, value in values.items():
            if name not in known:
                raise OptionError("config", f"{where}unknown key {name!r}{nearest(name, known)}")
            taken = (list, tuple) if known[name] is tuple else (int, known[name])
            if isinstance(value, bool) or not isinstance(value, taken):
                kind = "a list of names" if known[name] is tuple else known[name].__name__
                raise OptionError("config", f"{where}{name} must be {kind}")
            given[name] = known[name](value)
        return cls(**given).check()

    def check(self) -> TrainConfig:
        """Return self; OptionError names the first value that cannot be."""
        for name in ("calibration_share", "interval_level", "feature_fraction", "learning_rate"):
            if not 0.0 < getattr(self, name) <= 1.0:
                raise OptionError("config", f"{name} must be above 0 and at most 1")
        if self.interval_level == 1.0 or self.calibration_share > 0.5:
            raise OptionError("config", "interval_level must be below 1, calibration_share ≤ 0.5")
        for field in fields(self):
            value = getattr(self, field.name)
            if not isinstance(value, int | float):
                continue
            if field.name in ("threads", "seed", "l2", "gate_days"):
                if not 0 <= value < math.inf:
                    raise OptionError("config", f"{field.name} must be 0 or more")
            elif not 0 < value < math.inf:
                raise OptionError("config", f"{field.name} must be above 0")
        if self.without_stage not in ("", *Stage):
            known = ", ".join(stage.value for stage in Stage)
            raise OptionError("config", f"without_stage must be empty or one of {known}")
        names = [feature.name for feature in FEATURES]
        for name in self.ignored_features:
            if name not in names:
                told = f"no feature {name!r} to ignore{nearest(str(name), names)}"
                raise OptionError("config", f"ignored_features: {told}")
        if not 2 <= self.leaf_count <= 131_072:
            raise OptionError("config", "leaf_count must be at least 2 and at most 131072")
        if self.seed >= 2**31:
            raise OptionError("config", "seed must be below 2147483648")
        return self


def config_of(manifest: Mapping[str, Any]) -> TrainConfig:
    """Return the configuration that a bundle was trained with; MatchingError if it has others."""
    try:
        return TrainConfig.of(manifest.get("config", {}))
    except OptionError as error:
        raise MatchingError(
            f"the bundle was trained with a choice that this program does not have "
            f"({error.message}): train again"
        ) from error


def as_trained(manifest: Mapping[str, Any]) -> TrainConfig:
    """Return the configuration that trains a bundle's like: features that came since are ignored.

    MatchingError if it has choices that this program does not have.
    """
    had = {feature["name"] for feature in manifest["features"]}
    config = config_of(manifest)
    new = {feature.name for feature in FEATURES} - had
    return replace(config, ignored_features=tuple(sorted({*config.ignored_features, *new})))
