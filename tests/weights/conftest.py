"""A model that paints orange."""

from tests.models import orange_model

__all__ = ["orange_model"]
