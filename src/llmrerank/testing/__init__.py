"""Fakes that are part of the product: test your own stack as we test ours."""

from .simulate import Simulation, simulate

__all__ = ["Simulation", "simulate"]
