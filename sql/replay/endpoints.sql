-- The study's endpoints, as they are.
from study.endpoints
