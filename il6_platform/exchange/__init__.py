"""Datasets and results in the standards of CDISC."""
