"""Cuts: how one is made, published, compared and told of."""
