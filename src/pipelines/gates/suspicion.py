"""The gate of figures that are too good to be true."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pipelines.gates.evidence import Evidence, Gate, Ruling
from pipelines.gates.values import finite, number, signed

Auc = Annotated[float, Field(gt=0.5, le=1)]


class NoLeakage(Gate):
    """Nothing that only a leak explains: a test too good, a feature that knows the outcome, a test that beats training.

    The first two are judged on their estimates, since what is suspected should be looked into; the others only when
    they are clear. A test may be easier than the months before it; it should not be easier for the model alone.

    Parameters
    ----------
    max_roc_auc : float
        ROC-AUC on the test above which nobody should believe it.
    max_single : float
        The same of one feature alone.
    max_excess : float
        How much higher ROC-AUC may be on the test than on the folds of training, judged by models that had not seen
        them.
    max_lead : float
        How much larger the lead over logistic regression may be on the test than on those folds. A model that has
        learned from its test is far better there, while the regression, which is fitted now, has not seen it.
    """

    type: Literal["no_leakage"] = "no_leakage"
    max_roc_auc: Auc = 0.98
    max_single: Auc = 0.95
    max_excess: Annotated[float, Field(ge=0, lt=0.5)] = 0.05
    max_lead: Annotated[float, Field(ge=0, lt=0.5)] = 0.015

    def judge(self, evidence: Evidence) -> Ruling:
        """Refuse what is too good to be true."""
        found = evidence.suspicion()
        best, alone = number(found.roc_auc, "ROC-AUC"), number(found.alone, "ROC-AUC of single features")
        over = finite(found.excess, "ROC-AUC beyond that of training")
        lead = finite(found.lead, "lead over logistic regression beyond that of training")
        problems = ["the test is too good to be true"] * (best > self.max_roc_auc)
        problems += [f"{found.feature} knows the outcome"] * (alone > self.max_single)
        problems += ["the test is clearly better than the folds of training"] * (over.low > self.max_excess)
        problems += ["the test is too easy for the model alone"] * (lead.low > self.max_lead)
        said = (
            f"ROC-AUC {best:.4f} on the test (limit {self.max_roc_auc:g}); {found.feature} alone {alone:.4f} (limit "
            f"{self.max_single:g}); beyond the {number(found.out_of_fold, 'ROC-AUC of training'):.4f} of the folds "
            f"{signed(over)} (limit {self.max_excess:g}), and beyond their lead over logistic regression "
            f"{signed(lead)} (limit {self.max_lead:g})"
        )
        return self.ruling(not problems, f"{', '.join(problems) or 'nothing looks like a leak'}: {said}")
