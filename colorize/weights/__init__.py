"""Weights that are shipped with the package, and the registry that names and checks them."""
