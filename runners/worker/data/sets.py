"""Finds a workload's data where the settings say, and cuts it to the samples asked for."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import torch
from torchvision import transforms

from runners.worker.data.found import Found, Part, Sources
from runners.worker.data.image_sources import ImageSources
from runners.worker.data.images import FolderImages
from runners.worker.data.keeping import Keeping
from runners.worker.data.problems import STAND_IN, missing
from runners.worker.data.text import Windows
from runners.worker.data.text_sources import TextSources
from runners.worker.models.recipe import Recipe
from runners.workloads import TEXT, JobSettings, Kind, Variant, Workload

_MOST_DECODERS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """A data set, cut to the samples asked for.

    Attributes:
        train: Its training part, read item by item.
        test: Its test part; empty where a workload tests nothing.
        source: `real` or `generated`.
        name: Name of the set.
        root: The folder it was read from.
        train_in_set: Samples of the whole training part, before it was cut.
        warnings: What a reader of the figures should know.
    """

    train: Part
    test: Part
    source: str
    name: str
    root: Path
    train_in_set: int
    warnings: tuple[str, ...]


def load(workload: Workload, recipe: Recipe, settings: JobSettings) -> DataSet:
    """The data a job asks for, its pixels scaled as the recipe says when items are read.

    Images in folders are decoded here once and for all, unless each is read once anyway, for one
    batch, or decoded each time it is read, as written.

    Raises:
        WorkerError: The data is not there, is damaged, or is less than asked for.
    """
    warnings: list[str] = []
    # What a temporary folder holds is read into memory at once, so the folder may go right after.
    with ExitStack() as stack:
        keep = Keeping(settings.cache_dir, stack, warnings)
        found, source = _find(workload.data, settings, _sources(workload, recipe, keep))
        train_in_set = len(found.train)
        _cut(found.train, settings.train_samples, "--train-samples")
        _cut(found.test, settings.test_samples, "--test-samples")
        if workload.kind is Kind.ONE_BATCH:
            _cut(found.train, settings.batch_size, "--batch-size")
            _cut(found.test, 0, "--test-samples")
            train, test = found.train, found.test
        else:
            train, test = (_ready(part, settings, keep) for part in (found.train, found.test))
    return DataSet(
        train=train,
        test=test,
        source=source,
        name=workload.data,
        root=found.root,
        train_in_set=train_in_set,
        warnings=tuple(warnings),
    )


def _sources(workload: Workload, recipe: Recipe, keep: Keeping) -> Sources:
    if workload.data == TEXT:
        return TextSources(workload.input_shape[0], keep)
    scale = transforms.Compose(
        [transforms.ToTensor(), transforms.Normalize(recipe.mean, recipe.std)]
    )
    return ImageSources(workload, scale, keep)


def _find(name: str, settings: JobSettings, sources: Sources) -> tuple[Found, str]:
    if settings.data == "generated":
        return sources.generated(settings.seed), "generated"
    if settings.data == "auto":
        found = sources.real(Path(settings.data_dir)) if settings.data_dir else None
        return (found, "real") if found else (sources.generated(settings.seed), "generated")
    if settings.data == "download":
        if settings.data_dir is None:
            raise missing(
                f"{name} cannot be downloaded: there is no data folder to keep it in.",
                "Set RACETOP_DATA to a folder that can be written.",
            )
        root = Path(settings.data_dir)
        sources.download(root)
    else:
        root = Path(settings.data)
    found = sources.real(root)
    if found is None:
        raise missing(
            f"{root} does not hold {name}: looked for {sources.looked_for(root)}."
            if root.is_dir()
            else f"There is no folder {root}.",
            f"Name the folder that holds it, or --data download where there is one. {STAND_IN}",
        )
    return found, "real"


def _cut(part: Part, samples: int | None, option: str) -> None:
    if samples is None:
        return
    if samples > len(part):
        raise missing(
            f"{option} {samples} is more than the set has: {len(part)}.",
            f"Use {option} {len(part)} or fewer.",
        )
    if isinstance(part, FolderImages | Windows):
        part.cut(samples)
    else:
        part.data, part.targets = part.data[:samples], part.targets[:samples]


def _ready(part: Part, settings: JobSettings, keep: Keeping) -> Part:
    if isinstance(part, FolderImages) and settings.variant is not Variant.AS_WRITTEN:
        return part.decoded(keep, min(torch.get_num_threads(), _MOST_DECODERS))
    return part
