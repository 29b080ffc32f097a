"""Everybody who is drilled. A new one is a function in one of the modules beside this, and one line in `SABOTEURS`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from pipelines.sabotage import good_but, no_good
from pipelines.sabotage.workshop import Candidate, Workshop


class Champion(StrEnum):
    """Who is champion when somebody stands for promotion."""

    NOBODY = "nobody"
    WEAK = "weak"
    STRONG = "strong"


@dataclass(frozen=True)
class Saboteur:
    """One who must not be promoted, or as the last one who must.

    Parameters
    ----------
    name : str
        In a word or two.
    wrong : str
        What is wrong with it, as a sentence.
    gate : str
        Which gate must refuse it while every other passes; empty for the one that none may refuse.
    make : callable
        From the workshop to what is registered; a text instead says why these rows have no such model.
    champion : Champion
        Against whom it stands.
    also : tuple of str
        Gates that may refuse it for the same fault, depending on the data: where groups differ in how often they are
        positive, probabilities that are off are off by group.
    """

    name: str
    wrong: str
    gate: str
    make: Callable[[Workshop], Candidate | str]
    champion: Champion = Champion.NOBODY
    also: tuple[str, ...] = ()


_FAIR = ("fair",)
SABOTEURS = (
    Saboteur("constant", "It gives everybody the same score.", "beats_baselines", no_good.constant, also=_FAIR),
    Saboteur(
        "shuffled_labels", "It learned from labels dealt at random.", "beats_baselines", no_good.shuffled, also=_FAIR
    ),
    Saboteur("inverted", "It ranks those first who should be last.", "beats_baselines", no_good.inverted, also=_FAIR),
    Saboteur("label_leak", "Its feed knows the outcome, in one feature.", "no_leakage", no_good.leaking),
    Saboteur("test_window", "It learned from the rows that judge it.", "no_leakage", no_good.by_heart),
    Saboteur("never_predicts", "It contacts nobody.", "earns", good_but.never),
    Saboteur("always_predicts", "It contacts everybody.", "earns", good_but.always),
    Saboteur(
        "overconfident", "Its probabilities are too near to 0 and 1.", "calibrated", good_but.overconfident, also=_FAIR
    ),
    Saboteur("biased", "It leaves out one group of a sensitive column.", "fair", good_but.biased),
    Saboteur("fades", "It is no use at the last cutoffs of the test.", "stable_over_time", no_good.fading),
    Saboteur("slow", "It takes its time.", "fast_enough", good_but.slow),
    Saboteur("too_large", "Its files are larger than allowed.", "fast_enough", good_but.heavy),
    Saboteur("missing_column", "It takes a feature less than the task has.", "has_signature", good_but.lacking),
    Saboteur("reordered_columns", "Its signature has them in another order.", "has_signature", good_but.reordered),
    Saboteur("no_signature", "It was logged without a signature.", "has_signature", good_but.unsigned),
    Saboteur("crashes_on_null", "It ends with an error on null.", "survives_edges", good_but.crashing),
    Saboteur("nan_scores", "It scores NaN where a feature is null.", "survives_edges", good_but.undefined),
    Saboteur("misexplained", "Its explanations do not add up.", "additive", good_but.misexplained),
    Saboteur("swapped_artifact", "Its files are not those that were registered.", "traceable", good_but.swapped),
    Saboteur("untraced", "Its run does not say from which code and data.", "traceable", good_but.untraced),
    Saboteur("another_question", "It was trained for another question.", "asks_the_same", no_good.another_question),
    Saboteur("nobody_signed", "Nobody approved it.", "approval", good_but.approved_by_nobody),
    Saboteur("own_maker_signed", "Only its maker approved it.", "approval", good_but.approved_by_its_maker),
    Saboteur("stale_data", "It knows less than the champion.", "not_older", no_good.stale, Champion.WEAK),
    Saboteur("honest", "Nothing, and it is better than the champion.", "", good_but.honest, Champion.WEAK),
    Saboteur("worse", "It is honest, and worse than the champion.", "beats_champion", good_but.honest, Champion.STRONG),
)
"""In the order in which they stand; those against the same champion follow each other."""
