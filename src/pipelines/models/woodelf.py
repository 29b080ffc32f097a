"""Exact SHAP values of many rows at once. The only module that knows woodelf."""

from __future__ import annotations

from woodelf import WoodelfExplainer

__all__ = ["WoodelfExplainer"]
