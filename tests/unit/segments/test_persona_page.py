"""The page is self-contained and escaped, and what a run keeps is data that JSON and Parquet can say."""

import json
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from pipelines.features.catalogue import Feature
from pipelines.segments.described import PersonaSpec
from pipelines.segments.map_figure import plane
from pipelines.segments.page import persona_figures, persona_page, persona_report
from pipelines.segments.persona_figures import look, spread
from pipelines.segments.personas import personas
from support.segmented import make_described

SPEC = PersonaSpec(n_resamples=200)
NASTY = "<b>$x_1$ | \"quoted\" & 'so'</b>"
VOID = {"meta", "img", "link", "br"}


class Reader(HTMLParser):
    """Whether every element is closed in order, and what the page asks for."""

    def __init__(self):
        super().__init__()
        self.open, self.sources, self.tags = [], [], set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.sources += [value for name, value in attrs if name in {"src", "href"}]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def told():
    return personas(make_described(), SPEC, seed=1)


@pytest.fixture(scope="module")
def report(told):
    return persona_report(told, seed=1)


def test_a_run_keeps_page_tables_figures_and_rule(report):
    assert set(report.artifacts) == {
        f"segments/{name}"
        for name in (
            "personas.html", "personas.json", "rule.sql", "rule.json", "personas.parquet", "effects.parquet",
            "drivers.parquet", "moves.parquet", "paths.parquet", "sizes.parquet", "demographics.parquet",
            "profile.png", "shares.png", "scores.png", "map.png", "migration.png", "sizes.png",
            "persona_1.png", "persona_2.png", "persona_3.png", "persona_0.png",
        )
    }  # fmt: skip


def test_json_and_parquet_take_everything(report, tmp_path):
    for name, artifact in report.artifacts.items():
        if isinstance(artifact, pd.DataFrame):
            artifact.to_parquet(tmp_path / "table.parquet", index=False)
            assert len(pd.read_parquet(tmp_path / "table.parquet")) == len(artifact), name
        elif not isinstance(artifact, (str, Figure)):
            assert json.loads(json.dumps(artifact, allow_nan=False)), name


def test_metrics_are_finite_and_named(report):
    assert report.metrics["segments.n"] == 3
    assert report.metrics["segments.rule.agreement.ci_low"] > 0.8
    assert report.metrics["segments.1.share"] == pytest.approx(1 / 3, abs=0.06)
    assert all(np.isfinite(value) for value in report.metrics.values())


def test_no_customer_is_in_anything_that_is_kept(told, report):
    for name, artifact in report.artifacts.items():
        if isinstance(artifact, pd.DataFrame):
            assert "customer" not in artifact.columns, name
            assert len(artifact) < len(told.described), name


def test_the_page_is_whole_and_asks_for_nothing_from_outside(report):
    reader = Reader()
    reader.feed(report.artifacts["segments/personas.html"])

    assert not reader.open
    assert "script" not in reader.tags
    assert all(source.startswith(("#", "data:image/png")) for source in reader.sources)


def test_the_page_tells_every_persona_the_rule_and_the_doubts(told, report):
    page = report.artifacts["segments/personas.html"]

    assert all(f"<h2>{one.name}</h2>" in page for one in told.personas)
    assert "<h2>How customers move</h2>" in page
    assert "WHEN &quot;" in page
    assert "<h2>Demographics: age</h2>" in page
    assert "<h2>What to doubt</h2>" in page


def nasty_described():
    described = make_described()
    rows = described.rows.rename(columns={"recency_days": NASTY})
    features = (*described.features[:2], Feature(NASTY, NASTY, NASTY, "", NASTY, "", NASTY))
    ages = pd.DataFrame({NASTY[:9]: [NASTY] * 600})
    scores = {NASTY: described.scores["Churn"]}
    return replace(
        described, title=NASTY, population=NASTY, rows=rows, features=features, demographics=ages, scores=scores,
        names={2: NASTY}, value_said=NASTY,
    )  # fmt: skip


def test_names_from_data_are_text_wherever_they_stand():
    found = persona_report(personas(nasty_described(), SPEC, 1), 1)
    page = found.artifacts["segments/personas.html"]

    assert "<b>" not in page
    assert "&lt;b&gt;$x_1$" in page
    for artifact in found.artifacts.values():
        if isinstance(artifact, Figure):
            artifact.draw_without_rendering()  # a stray dollar sign would be read as a formula


def test_twelve_segments_and_twenty_five_features_can_be_drawn():
    rng = np.random.default_rng(1)
    segment = rng.integers(1, 13, 2_000)
    values = rng.normal(rng.normal(0, 2, (13, 25))[segment], 1)
    names = [f"feature_{place}" for place in range(25)]
    described = replace(
        make_described(2_000), segment=segment, points=values, rows=pd.DataFrame(values, columns=names), history=(),
        features=[Feature(name, f"What {name} says of a customer", "units", "", "never", "", "") for name in names],
    )  # fmt: skip
    told = personas(described, SPEC, 1)
    figures = persona_figures(told, 1)

    assert {"migration", "sizes"}.isdisjoint(figures)
    assert len(figures["profile"].axes[0].texts) == 12 * 25
    assert len({look(told, one) for one in described.ids}) == 12
    assert len(set(told.names.values())) == 12


def test_one_segment_of_one_feature_is_a_page_too():
    described = make_described(
        200, segment=np.ones(200, np.int64), history=(), scores={}, demographics=None, points=np.ones((200, 1))
    )
    told = personas(described, SPEC, 1)

    assert "Near average" in persona_page(told, persona_figures(told, 1))


def test_a_map_shows_the_directions_that_vary_most():
    rng = np.random.default_rng(1)
    points = rng.normal(size=(500, 3)) * [5.0, 2.0, 0.1]
    found = plane(points, rng, n_points=100)

    assert found.at.shape == (100, 2)
    assert found.shown[0] == pytest.approx(25 / 29, abs=0.05)
    assert abs(np.corrcoef(found.at[:, 0], points[found.row, 0])[0, 1]) > 0.99


def test_labels_keep_their_distance():
    found = spread([0.1, 0.1, 0.1, 0.12, 0.5], 0.05)

    assert np.diff(found).min() >= 0.05 - 1e-6
