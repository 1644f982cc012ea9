"""Exports to raw rows: what a delivery is, how it is read, and who a patient is to the platform."""
