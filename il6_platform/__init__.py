"""A living clinical-biomarker study: registry exports in, a published survival analysis out."""

from il6_platform.settings import prepare_libraries

# before numpy is first imported
prepare_libraries()
