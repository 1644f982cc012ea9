"""A living clinical-biomarker study: registry exports in, a published survival analysis out."""
