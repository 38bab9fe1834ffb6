"""Models to paint with."""

from tests.models import model_path, orange, orange_model

__all__ = ["model_path", "orange", "orange_model"]
