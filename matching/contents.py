"""What a bundle holds, and how it becomes files and is rebuilt from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from matching.bundle import BundleFiles
from matching.errors import BundleError
from matching.explain import Part, parts_of
from matching.features import FEATURES, Feature, FeatureTables
from matching.history import Attributes, History, Ids, Ledger, Statistics
from matching.medians import Medians
from matching.models.encoder import Encoder
from matching.models.index import CreatorIndex
from matching.models.ranker import Ranker
from matching.models.text import ContentVectors, TextEncoder
from matching.models.topics import Topics
from matching.offers import Offers
from matching.record import Record
from matching.scoring import Scorer

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Contents:
    """The facts at a date, the models, and the names.

    Attributes
    ----------
    history : History, frozen
    offers : Offers
    ranker : Ranker
    tables : FeatureTables
        With the features that the models were trained with.
    medians : Medians
        Of the features over past collaborations: what reasons compare with.
    text_encoder : TextEncoder
    topics : Topics
    texts : ContentVectors
    encoder : Encoder
    index : CreatorIndex
    queries : objective → float32 (products, dimensions)
        The catalog products' query vectors.
    record : Record
        Past collaborations beside what would have been promised: what a merchant may see.
    creators, products : pyarrow tables
        What is shown: names, titles and so on, in the order of the ids.
    facts : plain values
        name and currency of the catalog, which columns it lacks, what the caller should know.
    """

    history: History
    offers: Offers
    ranker: Ranker
    tables: FeatureTables
    medians: Medians
    text_encoder: TextEncoder
    topics: Topics
    texts: ContentVectors
    encoder: Encoder
    index: CreatorIndex
    queries: Mapping[str, npt.NDArray[np.float32]]
    record: Record
    creators: Any
    products: Any
    facts: Mapping[str, Any]

    @property
    def features(self) -> Sequence[Feature]:
        """What the models were trained with, in the order of the matrix columns.

        A program may know more: what came since is computed for nobody.
        """
        return self.tables.features

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The parts of a prediction, in the order of the contributions."""
        return parts_of(self.features)

    def scorer(self) -> Scorer:
        """Return what predicts from these."""
        return Scorer(self.history, self.texts, self.offers, self.ranker, self.tables)

    def to_files(self) -> BundleFiles:
        """Return everything as arrays, texts, documents and tables by file name."""
        files = BundleFiles()
        _put_history(files, self.history)
        files.add("offers", self.offers.to_arrays())
        files.add("features", self.tables.to_arrays())
        files.add("text", self.text_encoder.to_arrays())
        files.add("text", {"creators": self.texts.creators, "products": self.texts.products})
        files.add("text", {"topics": self.texts.topics})
        files.add("space", self.encoder.to_arrays())
        files.add("queries", dict(self.queries))
        files.add("record", self.record.to_arrays())
        inverted = self.index.to_array()
        if inverted is not None:
            files.arrays["space/inverted"] = inverted
        files.add("topics", self.topics.to_arrays())
        for name, trees in self.ranker.texts().items():
            files.texts[f"heads/{name}"] = trees
        files.documents["ranker"] = self.ranker.describe()
        files.arrays["medians"] = self.medians.values
        files.documents["facts"] = dict(self.facts)
        files.tables.update(creators=self.creators, products=self.products)
        return files

    @classmethod
    def from_files(cls, manifest: Mapping[str, Any], files: BundleFiles) -> Contents:
        """Rebuild what `to_files` made.

        Raises
        ------
        BundleError
            If the bundle was trained with features that this program lacks, or has changed since.
        """
        features = _features_of(manifest["features"])
        names = [feature.name for feature in features]
        text = files.group("text")
        space = files.group("space")
        heads = {n.removeprefix("heads/"): t for n, t in files.texts.items()}
        encoder = Encoder.from_arrays(space)
        return cls(
            history=_take_history(files),
            offers=Offers.from_arrays(files.group("offers")),
            ranker=Ranker.restore(files.documents["ranker"], names, heads),
            tables=FeatureTables.from_arrays(features, files.group("features")),
            medians=Medians(files.arrays["medians"]),
            text_encoder=TextEncoder.from_arrays(text),
            topics=Topics.from_arrays(files.group("topics")),
            texts=ContentVectors(text["creators"], text["products"], text["topics"]),
            encoder=encoder,
            index=CreatorIndex.from_array(encoder.directions, space.get("inverted")),
            queries=files.group("queries"),
            record=Record.from_arrays(files.group("record")),
            creators=files.tables["creators"],
            products=files.tables["products"],
            facts=files.documents["facts"],
        )


def describe_features(features: Sequence[Feature] = FEATURES) -> list[dict[str, str]]:
    """Return what the manifest says of the features, in the order of the matrix columns."""
    return [{"name": f.name, "stage": f.stage.value, "code": f.code_hash} for f in features]


def _features_of(trained: list[dict[str, str]]) -> tuple[Feature, ...]:
    """Return the features that a manifest names, in its order.

    Those that this program has beside them are no fault: a column of one's own may be declared
    before anything is trained with it. BundleError names what is unknown or was changed.
    """
    ours = {f.name: f for f in FEATURES}
    different = sorted(
        f["name"]
        for f in trained
        if f["name"] not in ours or ours[f["name"]].code_hash != f["code"]
    )
    if different:
        raise BundleError(
            f"the bundle was trained with other features than this program has "
            f"({', '.join(different[:5])}): train again, or run the version that trained it",
            "foreign",
        )
    return tuple(ours[f["name"]] for f in trained)


def _put_history(files: BundleFiles, history: History) -> None:
    """Store ledgers as int64 (1 + measures, events + 1): stamps after a 0, then running sums."""
    layout: dict[str, Any] = {"as_of": history.as_of, "channels": list(history.channels)}
    layout["known"] = sorted(history.known)
    layout["words"] = dict(history.words)
    layout["ledgers"] = []
    for (stream, key), ledger in history.ledgers.items():
        layout["ledgers"].append({"stream": stream, "key": key, "measures": list(ledger.sums)})
        stamps = np.concatenate(([0], ledger.stamps))
        files.arrays[f"history/{stream}.{key}"] = np.stack((stamps, *ledger.sums.values()))
    files.arrays["history/contacts"] = history.contacts.stamps
    files.arrays["history/acceptances"] = history.acceptances
    for name in ("creators", "products", "merchants"):
        _put_attributes(files, layout, name, getattr(history, name))
    files.arrays["statistics/stamps"] = history.statistics.stamps
    files.add("statistics", dict(history.statistics.columns))
    for name in ("creator_ids", "product_ids", "merchant_ids"):
        files.arrays[f"ids/{name}"] = getattr(history, name).encoded
    files.documents["history"] = layout


def _put_attributes(
    files: BundleFiles, layout: dict[str, Any], name: str, attributes: Attributes
) -> None:
    layout[name] = attributes.count
    files.add(name, dict(attributes.columns))


def _take_history(files: BundleFiles) -> History:
    layout = files.documents["history"]
    ledgers = {}
    for entry in layout["ledgers"]:
        array = files.arrays[f"history/{entry['stream']}.{entry['key']}"]
        sums = {measure: array[row] for row, measure in enumerate(entry["measures"], start=1)}
        ledgers[entry["stream"], entry["key"]] = Ledger(array[0, 1:], {}, sums, is_frozen=True)
    statistics = files.group("statistics")
    stamps = statistics.pop("stamps")
    return History(
        creators=Attributes(files.group("creators"), layout["creators"]),
        products=Attributes(files.group("products"), layout["products"]),
        merchants=Attributes(files.group("merchants"), layout["merchants"]),
        creator_ids=Ids(files.arrays["ids/creator_ids"]),
        product_ids=Ids(files.arrays["ids/product_ids"]),
        merchant_ids=Ids(files.arrays["ids/merchant_ids"]),
        words=layout["words"],
        ledgers=ledgers,
        statistics=Statistics(stamps, statistics),
        contacts=Ledger(files.arrays["history/contacts"]),
        acceptances=files.arrays["history/acceptances"],
        known=frozenset(layout["known"]),
        channels=tuple(layout["channels"]),
        as_of=int(layout["as_of"]),
    )
