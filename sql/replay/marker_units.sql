-- What the marker's units are in the study's, as they are.
from study.marker_units
