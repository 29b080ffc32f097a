"""What a segmentation may try, what is measured of each candidate, and how one number comes of it."""

from __future__ import annotations

from itertools import product
from typing import Annotated, Self

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from pipelines.core.spec import Spec
from pipelines.segments.segmentation import Segmentation
from pipelines.segments.segmenters import AnySegmenter, KMeans
from pipelines.segments.structure import StructureTest
from pipelines.segments.transforms import FittedTransforms, Scale, Shape, Transforms

Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0, le=10)]


class Candidate(Spec):
    """One way to segment.

    Parameters
    ----------
    transforms : Transforms
    segmenter : AnySegmenter
    n_segments : int
        How many it is told to find; 0 for a segmenter that finds its own number.
    """

    transforms: Transforms
    segmenter: AnySegmenter
    n_segments: Annotated[int, Field(ge=0, le=100)]

    def fit(self, rows: pd.DataFrame, seed: int, before: Segmentation | None = None) -> Segmentation:
        """Segments of the rows; ids are 1, 2, … from the largest.

        Parameters
        ----------
        rows : DataFrame of numbers, shape (n_rows, n_features)
        seed : int
        before : Segmentation, optional
            An earlier fit. Its centres, carried over in the features' own units, are begun from if they are as many and
            of the same features: a refit then finds the same segments moved, not others that are as good.

        Raises
        ------
        NotEnoughDataError, ModelError
            As `Transforms.fit` and `Segmenter.fit`.
        """
        transforms = self.transforms.fit(rows)
        points = transforms.apply(rows)
        start = self._start(transforms, before)
        clusters = self.segmenter.fit(points, self.n_segments, seed, start)
        n_rows = np.bincount(clusters.assign(points).label + 1, minlength=clusters.n_clusters + 1)[1:]
        ids = np.empty(clusters.n_clusters, np.int64)
        ids[np.argsort(-n_rows, kind="stable")] = np.arange(1, clusters.n_clusters + 1)
        return Segmentation(transforms=transforms, clusters=clusters, ids=tuple(int(one) for one in ids))

    def _start(self, transforms: FittedTransforms, before: Segmentation | None) -> np.ndarray | None:
        if before is None or not self.segmenter.takes_n or before.clusters.n_clusters != self.n_segments:
            return None
        if set(before.transforms.names) != set(transforms.names):
            return None
        return transforms.apply(before.centres())

    def __str__(self) -> str:
        """Words for a table or a figure.

        Examples
        --------
        >>> str(Candidate(transforms=Transforms(winsorise=0.01), segmenter=KMeans(), n_segments=4))
        'kmeans, 4 segments, log, standard, winsorised 1 %'
        """
        parts: list[str] = [self.segmenter.type]
        parts += [f"{self.n_segments} segments"] if self.n_segments else []
        parts += [f"{self.transforms.shape}", f"{self.transforms.scale}"]
        parts += [f"winsorised {100 * self.transforms.winsorise:g} %"] if self.transforms.winsorise else []
        return ", ".join(parts)


class SegmentSpace(Spec):
    """Everything that may be tried: each segmenter with each number of segments on each combination of transforms.

    Parameters
    ----------
    transforms : Transforms
        What holds for all: nulls and exceptions by feature. Its shape, scale and winsorising are the first options, and
        the ones that structure is tested with.
    shape, scale, winsorise : tuple, optional
        Further options.
    segmenters : tuple of AnySegmenter
    fewest, most : int
        Numbers of segments, both included.

    Examples
    --------
    >>> len(SegmentSpace(shape=("quantile",), fewest=2, most=6).candidates())
    10
    """

    transforms: Transforms = Transforms()
    shape: tuple[Shape, ...] = ()
    scale: tuple[Scale, ...] = ()
    winsorise: tuple[Annotated[float, Field(ge=0, lt=0.5)], ...] = ()
    segmenters: Annotated[tuple[AnySegmenter, ...], Field(min_length=1)] = (KMeans(),)
    fewest: Annotated[int, Field(ge=2, le=50)] = 2
    most: Annotated[int, Field(ge=2, le=50)] = 8

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """All shapes that are tried, without repetition."""
        return tuple(dict.fromkeys((self.transforms.shape, *self.shape)))

    @property
    def scales(self) -> tuple[Scale, ...]:
        """All scales that are tried, without repetition."""
        return tuple(dict.fromkeys((self.transforms.scale, *self.scale)))

    @property
    def tails(self) -> tuple[float, ...]:
        """All shares of winsorising that are tried, without repetition."""
        return tuple(dict.fromkeys((self.transforms.winsorise, *self.winsorise)))

    def transformed(self, shape: Shape, scale: Scale, winsorise: float) -> Transforms:
        """The transforms with these options."""
        return self.transforms.model_copy(update={"shape": shape, "scale": scale, "winsorise": winsorise})

    def candidates(self) -> list[Candidate]:
        """All of them, in the order of the declaration."""
        options = [self.transformed(*one) for one in product(self.shapes, self.scales, self.tails)]
        return [
            Candidate(transforms=transforms, segmenter=segmenter, n_segments=n_segments)
            for segmenter in self.segmenters
            for transforms in options
            for n_segments in (range(self.fewest, self.most + 1) if segmenter.takes_n else (0,))
        ]

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.fewest > self.most:
            raise ValueError(f"fewest must not be above most, got {self.fewest} and {self.most}")
        return self


class ChoiceSpec(Spec):
    """What the choice is made by, and how much work goes into it.

    Parameters
    ----------
    separation, stability, size : float
        Weights of the three parts in the score, which is their weighted geometric mean: none can make up for another
        that is 0. A weight of 0 leaves a part out.
    smallest_share : float
        A candidate with a smaller segment is refused.
    most_noise : float
        A candidate that leaves more customers without a segment is refused.
    n_trials : int
        Candidates that are tried; all of them if there are no more.
    n_startup : int
        Of them, drawn at random before the sampler learns.
    n_resamples : int
        Fits on rows drawn anew, per candidate.
    n_neighbours : int
        Pairs of neighbouring cutoffs, from the latest back.
    sample : int
        Customers that candidates are fitted on, at most.
    resample : int
        Rows of each resample, at most.
    silhouette_sample : int
        Rows that a silhouette is averaged over, at most.
    n_references : int
        Data sets without groups that a silhouette and a gap are compared with.
    structure : StructureTest
    stable : float
        Stability from which segments count as found again.
    """

    separation: Weight = 1.0
    stability: Weight = 1.0
    size: Weight = 0.5
    smallest_share: Share = 0.03
    most_noise: Share = 0.3
    n_trials: Annotated[int, Field(ge=1)] = 40
    n_startup: Annotated[int, Field(ge=1)] = 12
    n_resamples: Annotated[int, Field(ge=2)] = 8
    n_neighbours: Annotated[int, Field(ge=0)] = 5
    sample: Annotated[int, Field(ge=200)] = 20_000
    resample: Annotated[int, Field(ge=100)] = 5_000
    silhouette_sample: Annotated[int, Field(ge=100)] = 3_000
    n_references: Annotated[int, Field(ge=2)] = 5
    structure: StructureTest = StructureTest()
    stable: Share = 0.75

    def score(self, separation: float, stability: float, size: float) -> float:
        """The weighted geometric mean of the parts, each in [0, 1].

        Examples
        --------
        >>> round(ChoiceSpec(size=0).score(0.5, 0.8, 0.0), 3)
        0.632
        """
        weighted = [(separation, self.separation), (stability, self.stability), (size, self.size)]
        total = sum(weight for _, weight in weighted)
        if any(part <= 0 < weight for part, weight in weighted):
            return 0.0
        return float(np.exp(sum(weight * np.log(part) for part, weight in weighted if weight) / total))

    @model_validator(mode="after")
    def _weighs(self) -> Self:
        if not self.separation + self.stability + self.size > 0:
            raise ValueError("needs a weight above 0 among separation, stability and size")
        return self


class Measured(Spec):
    """Everything that is known of one candidate.

    Parameters
    ----------
    number : int
        Its place in the search, from 0.
    candidate : Candidate
    refused : str
        Why it may not be chosen; empty if it may.
    score : float
        In [0, 1]; 0 if it was refused.
    separation, stability, size : float
        The parts of the score. Separation: `Reference.score`. Stability: geometric mean of the smallest Jaccard index,
        the mean index over resamples, and the means of definition and membership where there are neighbours. Size:
        entropy of the segments' shares over that of equal ones, times the share of customers who are in one.
    shares : tuple of float
        Of each segment, largest first.
    noise : float
        Share of customers without a segment.
    silhouette, davies_bouldin, calinski_harabasz, gap, gap_se, silhouette_reference : float or None
        See `Separation` and `Reference`; None if there is one segment or none.
    jaccard : tuple of float
        Of each segment, in the order of shares.
    ari_resamples, ari_definition, ari_membership : tuple of float
        See `Resampled` and `Neighbouring`; the latter two are empty if there is one cutoff only.
    """

    number: int
    candidate: Candidate
    refused: str = ""
    score: float = 0.0
    separation: float = 0.0
    stability: float = 0.0
    size: float = 0.0
    shares: tuple[float, ...] = ()
    noise: float = 0.0
    silhouette: float | None = None
    silhouette_reference: float | None = None
    davies_bouldin: float | None = None
    calinski_harabasz: float | None = None
    gap: float | None = None
    gap_se: float | None = None
    jaccard: tuple[float, ...] = ()
    ari_resamples: tuple[float, ...] = ()
    ari_definition: tuple[float, ...] = ()
    ari_membership: tuple[float, ...] = ()

    @property
    def n_segments(self) -> int:
        """How many were found."""
        return len(self.shares)


def usable_size(shares: tuple[float, ...]) -> float:
    """How evenly segments divide the customers, in [0, 1]: the entropy of their shares over that of equal ones.

    Parameters
    ----------
    shares : tuple of float
        Of each segment in all customers; what is missing to 1 is in no segment, and counts against.

    Examples
    --------
    >>> usable_size((0.5, 0.5)), round(usable_size((0.9, 0.1)), 2), usable_size((0.4, 0.4)), usable_size((1.0,))
    (1.0, 0.47, 0.8, 0.0)
    """
    if len(shares) < 2:
        return 0.0
    share = np.array([one for one in shares if one > 0])
    inside = float(share.sum())
    share = share / inside
    return float(min(1.0, -(share * np.log(share)).sum() / np.log(len(shares))) * inside)
