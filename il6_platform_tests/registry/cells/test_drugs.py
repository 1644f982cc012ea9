"""What was given: the left side is the text of a treatment, the right one what it says was given.

`a + b`: given, and nothing else. `-`: nothing that it names was given. `? a b`: may have been given
(`*`: any drug may have been). Before a question mark stands what is sure beside.
"""

from __future__ import annotations

import pytest

from il6_platform.registry.cells import read_drug
from il6_platform_tests.registry.cells.spec import rows

GIVEN = """
# names, brands, biosimilars, codes
Avastin                             | bevacizumab
MVASI 100mg                         | bevacizumab
bevacizumab-awwb                    | bevacizumab
Bevacizumab 5 mg/kg                 | bevacizumab
bévacizumab                         | bevacizumab
bevacizumabum                       | bevacizumab
贝伐珠单抗                          | bevacizumab
Бевацизумаб                         | bevacizumab
ベバシズマブ                        | bevacizumab
BEVA                                | bevacizumab
L01FG01                             | bevacizumab
L01XC07                             | bevacizumab
253337                              | bevacizumab
# regimens and lists
FOLFOX + bevacizumab                | bevacizumab + fluorouracil + leucovorin + oxaliplatin
FOLFIRI/Bev                         | bevacizumab + fluorouracil + irinotecan + leucovorin
mFOLFOX6-Bev                        | bevacizumab + fluorouracil + leucovorin + oxaliplatin
CAPOX-B                             | bevacizumab + capecitabine + oxaliplatin
XELOX-A                             | bevacizumab + capecitabine + oxaliplatin
XELOX+Avastin                       | bevacizumab + capecitabine + oxaliplatin
oxaliplatin; capecitabine           | capecitabine + oxaliplatin
mFOLFOX6 + Avastin 5 mg/kg q2w      | bevacizumab + fluorouracil + leucovorin + oxaliplatin
FOLFIRI, bevacizumab; leucovorin    | bevacizumab + fluorouracil + irinotecan + leucovorin
# not given
no bevacizumab                      | -
FOLFOX without bevacizumab          | fluorouracil + leucovorin + oxaliplatin
bevacizumab not given               | -
bevacizumab stopped before start    | -
未用贝伐                            | -
# it may be
bevacizumab or placebo              | ? bevacizumab
study drug                          | ? *
bevazizumab                         | ? bevacizumab
bevacizumb                          | ? bevacizumab
bevacizumab planned                 | ? bevacizumab
L01FG                               | ? bevacizumab ramucirumab
"""


@pytest.mark.parametrize(("text", "reading"), rows(GIVEN))
def test_what_was_given(text: str, reading: str) -> None:
    sure, _, perhaps = reading.partition("?")
    read = read_drug(text)
    assert " + ".join(read.substances) == sure.strip(" -")
    assert list(read.may_be) == perhaps.split()
