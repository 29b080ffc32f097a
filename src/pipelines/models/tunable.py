"""The names of LightGBM's learning parameters, one for each."""

from __future__ import annotations

from collections.abc import Iterable

from pipelines.core.errors import nearest

TUNABLE: dict[str, tuple[str, ...]] = {
    "learning_rate": ("shrinkage_rate", "eta"),
    "num_leaves": ("num_leaf", "max_leaves", "max_leaf", "max_leaf_nodes"),
    "max_depth": (),
    "min_data_in_leaf": ("min_data_per_leaf", "min_data", "min_child_samples", "min_samples_leaf"),
    "min_sum_hessian_in_leaf": ("min_sum_hessian_per_leaf", "min_sum_hessian", "min_hessian", "min_child_weight"),
    "min_gain_to_split": ("min_split_gain",),
    "bagging_fraction": ("sub_row", "subsample", "bagging"),
    "bagging_freq": ("subsample_freq",),
    "feature_fraction": ("sub_feature", "colsample_bytree"),
    "feature_fraction_bynode": ("sub_feature_bynode", "colsample_bynode"),
    "extra_trees": ("extra_tree",),
    "lambda_l1": ("reg_alpha", "l1_regularization"),
    "lambda_l2": ("reg_lambda", "lambda", "l2_regularization"),
    "max_delta_step": ("max_tree_output", "max_leaf_output"),
    "path_smooth": (),
    "cat_smooth": (),
    "cat_l2": (),
    "max_cat_threshold": (),
    "max_cat_to_onehot": (),
    "min_data_per_group": (),
    "monotone_penalty": ("monotone_splits_penalty", "ms_penalty", "mc_penalty"),
}
"""What a search space and `LightGBM.parameters` may name, with LightGBM's other names for it, which are refused: of two
names for one parameter LightGBM would quietly take one."""


def check_names(names: Iterable[str]) -> None:
    """Refuse names that are no learning parameters of LightGBM.

    Raises
    ------
    ValueError
        With the nearest valid name, or the one that is used here for the same parameter.

    Examples
    --------
    >>> check_names(["num_leaves"])
    >>> check_names(["eta"])
    Traceback (most recent call last):
    ValueError: 'eta' is LightGBM's other name for 'learning_rate': write that
    """
    for name in names:
        main = next((one for one, others in TUNABLE.items() if name in others), None)
        if main is not None:
            raise ValueError(f"'{name}' is LightGBM's other name for '{main}': write that")
        if name not in TUNABLE:
            raise ValueError(
                f"'{name}' is not a learning parameter of LightGBM; known: {', '.join(TUNABLE)}."
                f"{nearest(name, TUNABLE)}"
            )
