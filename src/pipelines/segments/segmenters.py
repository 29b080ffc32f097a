"""The segmenters that a segmentation may try. A new one is a class and a line in this union."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pipelines.segments.segmenters_base import Segmenter
from pipelines.segments.segmenters_centred import GaussianMixture, KMeans, MiniBatchKMeans, Ward
from pipelines.segments.segmenters_dense import DBSCAN, HDBSCAN

__all__ = [
    "DBSCAN",
    "HDBSCAN",
    "AnySegmenter",
    "GaussianMixture",
    "KMeans",
    "MiniBatchKMeans",
    "Segmenter",
    "Ward",
]

AnySegmenter = Annotated[
    KMeans | MiniBatchKMeans | GaussianMixture | Ward | DBSCAN | HDBSCAN, Field(discriminator="type")
]
