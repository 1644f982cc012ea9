"""The page that clinicians read, and how a cut is published."""
