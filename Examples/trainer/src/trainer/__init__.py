"""Fits a line to points by gradient descent: small, but it really trains."""

from trainer.model import Line, fit

__all__ = ["Line", "fit"]
