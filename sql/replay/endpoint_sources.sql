-- Which sources end a time of each endpoint, as they are.
from study.endpoint_sources
