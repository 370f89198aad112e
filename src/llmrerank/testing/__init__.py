"""Fakes that are part of the product: test your own stack as we test ours."""
