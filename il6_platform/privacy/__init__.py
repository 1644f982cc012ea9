"""Erasure on request, and disclosure control."""
