"""Measures one candidate after another on the same customers, seeds and references."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.core.errors import ModelError, NotEnoughDataError
from pipelines.core.randomness import generator_for, seed_for
from pipelines.segments.choice import Candidate, ChoiceSpec, Measured, SegmentSpace, usable_size
from pipelines.segments.clusters import Clusters
from pipelines.segments.segmentation import Segmentation
from pipelines.segments.separation import Reference, reference, separation
from pipelines.segments.snapshots import Snapshot
from pipelines.segments.stability import Neighbouring, Resampled, neighbouring, resampled
from pipelines.segments.structure import Structure
from pipelines.segments.transforms import Transforms

FloatArray = NDArray[np.float64]
_REFERENCE_ROWS = 1_500
"""Rows of a data set without groups: silhouettes take time in their square, and hardly depend on their number."""


@dataclass(frozen=True)
class Measuring:
    """One measurer of all candidates.

    Parameters
    ----------
    space : SegmentSpace
    choice : ChoiceSpec
    snapshots : sequence of Snapshot
        Oldest first; candidates are fitted on the last, and compared with those before it. At least one.
    seed : int
    """

    space: SegmentSpace
    choice: ChoiceSpec
    snapshots: Sequence[Snapshot]
    seed: int
    _references: dict[tuple[str, int], Reference] = field(default_factory=dict, repr=False)

    @cached_property
    def sampled(self) -> tuple[Snapshot, ...]:
        """The latest snapshots, of the same customers in each."""
        if not self.snapshots:
            raise NotEnoughDataError(
                "There is no snapshot of customers.",
                why="Segments are learned from customers as of a cutoff.",
                fix="Choose a cutoff with customers before it.",
            )
        latest = tuple(self.snapshots)[-(self.choice.n_neighbours + 1) :]
        return same_customers(latest, self.choice.sample, generator_for(self.seed, "customers"))

    def structure(self) -> Structure:
        """Whether there are groups, under the first of all transforms: those that no candidate was chosen by."""
        rows = self.sampled[-1].rows
        return self.choice.structure.judge(
            self.space.transforms.fit(rows).apply(rows), seed_for(self.seed, "structure")
        )

    def measure(self, number: int, candidate: Candidate) -> Measured:
        """Fit a candidate and measure everything; one that cannot be fitted or breaks a limit is refused in words."""
        rows = self.sampled[-1].rows
        try:
            fitted = candidate.fit(rows, self._fit_seed)
            found = self._sized(number, candidate, fitted)
            if found.refused:
                return found
            return self._judged(found, fitted)
        except (ModelError, NotEnoughDataError) as error:
            return Measured(number=number, candidate=candidate, refused=error.what)

    @property
    def _fit_seed(self) -> int:
        return seed_for(self.seed, "fit")

    def _sized(self, number: int, candidate: Candidate, fitted: Segmentation) -> Measured:
        segment = fitted.assign(self.sampled[-1].rows).segment
        n_rows = np.bincount(segment, minlength=len(fitted.ids) + 1)
        shares = tuple(float(one) for one in n_rows[1:] / len(segment))
        measured = Measured(
            number=number,
            candidate=candidate,
            shares=shares,
            noise=float(n_rows[0] / len(segment)),
            size=usable_size(shares),
        )
        return measured.model_copy(update={"refused": self._refused(measured)})

    def _refused(self, measured: Measured) -> str:
        limits = self.choice
        if not self.space.fewest <= measured.n_segments <= self.space.most:
            return f"{measured.n_segments} segments, not {self.space.fewest} to {self.space.most}"
        if min(measured.shares) < limits.smallest_share:
            return f"smallest segment {min(measured.shares):.1%}, below {limits.smallest_share:.1%}"
        if measured.noise > limits.most_noise:
            return f"{measured.noise:.1%} of customers in no segment, above {limits.most_noise:.1%}"
        return ""

    def _judged(self, found: Measured, fitted: Segmentation) -> Measured:
        rows, choice = self.sampled[-1].rows, self.choice
        points = fitted.transforms.apply(rows)
        label = fitted.clusters.assign(points).label
        apart = separation(points, label, choice.silhouette_sample, seed_for(self.seed, "silhouette"))
        null = self._reference(found.candidate.transforms, points, found.n_segments)
        again, near = self._resampled(found.candidate, fitted, rows), self._neighbouring(found.candidate)
        parts = {
            "separation": null.score(apart) * (1 - found.noise),
            "stability": stability_of(again, near),
            "size": found.size,
        }
        return found.model_copy(
            update={
                **parts,
                "score": choice.score(**parts),
                "silhouette": apart.silhouette,
                "silhouette_reference": null.silhouette,
                "davies_bouldin": apart.davies_bouldin,
                "calinski_harabasz": apart.calinski_harabasz,
                "gap": null.gap(apart),
                "gap_se": null.log_within_sd * float(np.sqrt(1 + 1 / choice.n_references)),
                "jaccard": tuple(again.jaccard[i] for i in np.argsort(fitted.ids)),
                "ari_resamples": again.ari,
                "ari_definition": near.definition,
                "ari_membership": near.membership,
            }
        )

    def _resampled(self, candidate: Candidate, fitted: Segmentation, rows: pd.DataFrame) -> Resampled:
        def anew(points: FloatArray, seed: int) -> Clusters:
            return candidate.segmenter.fit(points, candidate.n_segments, seed)

        points = fitted.transforms.apply(rows)
        seed = seed_for(self.seed, "resamples")
        return resampled(points, fitted.clusters, anew, self.choice.n_resamples, self.choice.resample, seed)

    def _neighbouring(self, candidate: Candidate) -> Neighbouring:
        """A refit at each cutoff begins from the one before it, as refits do when the segmentation is in use."""
        if len(self.sampled) < 2:
            return Neighbouring()
        fits: list[Segmentation] = []
        for snapshot in self.sampled:
            fits.append(candidate.fit(snapshot.rows, self._fit_seed, fits[-1] if fits else None))
        return neighbouring(self.sampled, fits)

    def _reference(self, transforms: Transforms, points: FloatArray, n_segments: int) -> Reference:
        key = transforms.digest(), n_segments
        if key not in self._references:
            seed = seed_for(self.seed, f"reference {n_segments}")
            n_sets = self.choice.n_references
            self._references[key] = reference(points, n_segments, n_sets, _REFERENCE_ROWS, seed)
        return self._references[key]


def stability_of(again: Resampled, near: Neighbouring) -> float:
    """Geometric mean of what is known of stability: in [0, 1], and low if any of it is.

    Examples
    --------
    >>> round(stability_of(Resampled((0.9, 0.8), (1.0, 0.9)), Neighbouring((0.9,), (0.7,))), 3)
    0.832
    """
    parts = [min(again.jaccard), float(np.mean(again.ari))]
    parts += [float(np.mean(one)) for one in (near.definition, near.membership) if one]
    return float(np.prod(np.clip(parts, 0.0, 1.0)) ** (1 / len(parts)))


def same_customers(snapshots: Sequence[Snapshot], n_customers: int, rng: np.random.Generator) -> tuple[Snapshot, ...]:
    """The same random customers in every snapshot, so that their segments can be compared over time.

    Parameters
    ----------
    snapshots : sequence of Snapshot
    n_customers : int
        About as many as this are left in the largest snapshot; all customers if it has no more.
    rng : Generator
    """
    largest = max(len(one) for one in snapshots)
    if n_customers >= largest:
        return tuple(snapshots)
    known = np.unique(np.concatenate([one.customer for one in snapshots]))
    drawn = known[rng.random(known.size) < n_customers / largest]
    return tuple(_only(one, np.isin(one.customer, drawn, assume_unique=True)) for one in snapshots)


def _only(snapshot: Snapshot, is_in: NDArray[np.bool_]) -> Snapshot:
    return Snapshot(snapshot.cutoff, snapshot.customer[is_in], snapshot.rows[is_in].reset_index(drop=True))
