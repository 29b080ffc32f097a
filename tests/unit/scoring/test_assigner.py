"""What a segmentation ships."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipelines.core.errors import ModelError
from pipelines.features.catalogue import Feature
from pipelines.scoring.assigner import Assigner
from pipelines.segments.choice import Candidate
from pipelines.segments.segmenters import DBSCAN, KMeans
from pipelines.segments.transforms import Transforms


def rows():
    rng = np.random.default_rng(3)
    return pd.DataFrame(
        {"n_orders": np.r_[rng.normal(3, 0.3, 60), rng.normal(30, 2, 40)], "spend": rng.normal(50, 5, 100)}
    )


def assigner(segmenter=None, names=None):
    how = Candidate(transforms=Transforms(), segmenter=segmenter or KMeans(), n_segments=0 if segmenter else 2)
    fitted = how.fit(rows(), 1)
    features = tuple(Feature(name, "", "", "", "never", "", "") for name in rows())
    return Assigner(fitted.with_ids(fitted.ids, names or {}), features, "digest", how, next_id=3)


def test_it_comes_back_from_disk_as_it_was(tmp_path):
    made = assigner(names={1: "Seldom", 2: "Often"})
    made.save(tmp_path)

    again = Assigner.load(tmp_path)

    assert again.digest() == made.digest()
    assert (again.names, again.next_id, again.how, again.features) == (made.names, 3, made.how, made.features)
    pd.testing.assert_frame_equal(again.score(rows()), made.score(rows()))


def test_names_do_not_change_the_digest_and_ids_do():
    made = assigner()
    ids = tuple(reversed(made.segmentation.ids))
    other = Assigner(made.segmentation.with_ids(ids, {}), made.features, "digest", made.how, 3)

    assert assigner(names={1: "Seldom"}).digest() == made.digest()
    assert other.digest() != made.digest()


def test_rows_keep_their_index_and_columns_may_come_in_any_order():
    given = rows().set_index(np.arange(500, 600))[["spend", "n_orders"]].assign(more=1)

    found = assigner(names={1: "Seldom", 2: "Often"}).score(given)

    assert found.index.tolist() == given.index.tolist()
    assert found["segment_name"].value_counts().to_dict() == {"Seldom": 60, "Often": 40}
    assert found.dtypes.astype(str).to_dict() == {"segment": "int64", "segment_name": "object", "distance": "float64"}


def test_who_belongs_to_none_is_told_so():
    made = assigner(DBSCAN())
    far = pd.DataFrame({"n_orders": [1e6], "spend": [1e6]})

    found = made.score(far)

    assert found["segment"].tolist() == [0]
    assert found["segment_name"].tolist() == ["none of them"]


def test_a_missing_column_is_named():
    with pytest.raises(ModelError, match="There is no feature n_orders among spend"):
        assigner().score(rows()[["spend"]])
