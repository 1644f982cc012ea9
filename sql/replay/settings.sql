-- The study's settings, as they are.
from study.settings
