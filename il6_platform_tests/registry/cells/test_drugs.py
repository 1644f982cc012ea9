"""What was given: the left side is the text of a treatment, the right one what it says was given.

`a + b`: given, and nothing else. `-`: nothing that it names was given. `? a b`: may have been given
(`*`: any drug may have been). Before a question mark stands what is sure beside.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from il6_platform.registry.cells import ANY, read_all, read_drug
from il6_platform.registry.cells.drug_dictionary import lexicon, substances
from il6_platform_tests.registry.cells.spec import rows

GIVEN = """
# names, brands, biosimilars, codes
Avastin                                       | bevacizumab
Avastin®                                      | bevacizumab
AVASTIN (bevacizumab) 400mg/16ml              | bevacizumab
MVASI 100mg                                   | bevacizumab
Bevacizumab biosimilar                        | bevacizumab
bevacizumab-awwb                              | bevacizumab
bevacizumab-zzzz                              | bevacizumab
Bevacizumab 5 mg/kg                           | bevacizumab
bevacizumab 25 MG/ML Injectable Solution [Avastin] | bevacizumab
bévacizumab                                   | bevacizumab
bevacizumabum                                 | bevacizumab
贝伐珠单抗                                         | bevacizumab
贝伐珠单抗注射液 100mg                                | bevacizumab
Бевацизумаб                                   | bevacizumab
бевацизумабом                                 | bevacizumab
bewacyzumab                                   | bevacizumab
FOLFOX bez bewacyzumabu                       | fluorouracil + leucovorin + oxaliplatin
بيفاسيزوماب                                   | bevacizumab
μπεβασιζουμάμπη                               | bevacizumab
ベバシズマブ                                        | bevacizumab
ベバシズマブBS                                      | bevacizumab
アバスチン                                         | bevacizumab
ﾍﾞﾊﾞｼｽﾞﾏﾌﾞ                                    | bevacizumab
BEVA                                          | bevacizumab
bev.                                          | bevacizumab
beva cizumab                                  | bevacizumab
L01FG01                                       | bevacizumab
L01XC07                                       | bevacizumab
ATC L01FG01                                   | bevacizumab
253337                                        | bevacizumab
RxNorm 253337                                 | bevacizumab
J9035                                         | bevacizumab
5-FU 400 mg/m2 bolus                          | fluorouracil
TAS-102                                       | trifluridine-tipiracil
S-1 40 mg bid d1-14                           | tegafur-gimeracil-oteracil
Leukovorin                                    | leucovorin
# regimens and lists
FOLFOX                                        | fluorouracil + leucovorin + oxaliplatin
mFOLFOX6 C1D1 2023-02-01                      | fluorouracil + leucovorin + oxaliplatin
FOLFIRI                                       | fluorouracil + irinotecan + leucovorin
CAPOX                                         | capecitabine + oxaliplatin
FOLFOX + bevacizumab                          | bevacizumab + fluorouracil + leucovorin + oxaliplatin
FOLFIRI/Bev                                   | bevacizumab + fluorouracil + irinotecan + leucovorin
mFOLFOX6-Bev                                  | bevacizumab + fluorouracil + leucovorin + oxaliplatin
folfoxbev                                     | bevacizumab + fluorouracil + leucovorin + oxaliplatin
CAPOX-B                                       | bevacizumab + capecitabine + oxaliplatin
XELOXB                                        | bevacizumab + capecitabine + oxaliplatin
CapeOx + B                                    | bevacizumab + capecitabine + oxaliplatin
XELOX-A                                       | bevacizumab + capecitabine + oxaliplatin
B+FOLFOX                                      | bevacizumab + fluorouracil + leucovorin + oxaliplatin
XELOX+Avastin                                 | bevacizumab + capecitabine + oxaliplatin
XELOX联合贝伐珠单抗                                  | bevacizumab + capecitabine + oxaliplatin
奥沙利铂+卡培他滨                                     | capecitabine + oxaliplatin
BEV + FOLFIRI                                 | bevacizumab + fluorouracil + irinotecan + leucovorin
FOLFOX w/ bev                                 | bevacizumab + fluorouracil + leucovorin + oxaliplatin
oxaliplatin; capecitabine                     | capecitabine + oxaliplatin
oxaliplatin; capecitabine; bevacizumab        | bevacizumab + capecitabine + oxaliplatin
mFOLFOX6 + Avastin 5 mg/kg q2w                | bevacizumab + fluorouracil + leucovorin + oxaliplatin
FOLFIRI, bevacizumab; leucovorin              | bevacizumab + fluorouracil + irinotecan + leucovorin
targeted therapy: bevacizumab                 | bevacizumab
5-FU/LV + bev                                 | bevacizumab + fluorouracil + leucovorin
[x] bevacizumab                               | bevacizumab
bevacizumab ✓                                 | bevacizumab
bevacizumab x6                                | bevacizumab
bevacizumab 6/6                               | bevacizumab
FOLFOX - bevacizumab                          | bevacizumab + fluorouracil + leucovorin + oxaliplatin
# not given
Бевацизумаб 5 мг/кг                           | bevacizumab
bevacizumab: nej                              | -
bevacizumab: nein                             | -
bevacizumab: zzyzx                            | ? bevacizumab zzyzx
FOLFIRI; bevacizumab omitted cycle 1          | fluorouracil + irinotecan + leucovorin ? bevacizumab
FOLFOX without bevacizumab in the first cycle | fluorouracil + leucovorin + oxaliplatin ? bevacizumab
FOLFOX, 首周期未用贝伐珠单抗                          | fluorouracil + leucovorin + oxaliplatin ? bevacizumab
FOLFOX without bevacizumab, 12 cycles         | fluorouracil + leucovorin + oxaliplatin
no bevacizumab                                | -
non-bevacizumab                               | -
bevacizumab-free                              | -
FOLFOX without bevacizumab                    | fluorouracil + leucovorin + oxaliplatin
FOLFOX (no bevacizumab)                       | fluorouracil + leucovorin + oxaliplatin
FOLFOX but no bevacizumab                     | fluorouracil + leucovorin + oxaliplatin
FOLFOX + bev (declined)                       | fluorouracil + leucovorin + oxaliplatin
no bevacizumab or cetuximab                   | -
bevacizumab: no                               | -
bevacizumab = N                               | -
bevacizumab: 0                                 | -
bevacizumab (N)                                | -
bevacizumab 0 mg                              | -
bevacizumab not given                         | -
bevacizumab withheld                          | -
bevacizumab stopped before start              | -
bevacizumab declined                          | -
bevacizumab contraindicated                   | -
ohne Bevacizumab                              | -
Bevacizumab nicht gegeben                     | -
sans bévacizumab                              | -
sin bevacizumab                               | -
senza bevacizumab                             | -
zonder bevacizumab                            | -
без бевацизумаба                              | -
未用贝伐                                          | -
未联合贝伐珠单抗                                      | -
贝伐珠单抗未用                                       | -
ベバシズマブなし                                      | -
placebo                                       | placebo
best supportive care                          | -
bevacizumab x0                                | -
bevacizumab x 0                               | -
bevacizumab 0/6                               | -
bevacizumab (0 of 6)                          | -
bevacizumab 0 cycles                          | -
贝伐珠单抗 0周期                                     | -
bevacizumab cycles: 0                         | -
nil                                           | -
bevacizumab nil                               | -
bevacizumab none given                        | -
no treatment                                  | -
no treatment with bevacizumab                 | -
no chemotherapy or bevacizumab                | -
# it may be
BEV-                                          | ? bevacizumab
bevacizumab -                                 | ? bevacizumab
bevacizumab: −                                | ? bevacizumab
FOLFOX -Bev                                   | ? bevacizumab fluorouracil leucovorin oxaliplatin
bevacizumab ×                                 | ? bevacizumab
bevacizumab ✗                                 | ? bevacizumab
☐ bevacizumab                                 | ? bevacizumab
[ ] bevacizumab                               | ? bevacizumab
bevacizumab?                                  | ? bevacizumab
bevacizumab planned                           | ? bevacizumab
bevacizumab or placebo                        | ? bevacizumab
bevacizumab/placebo                           | ? bevacizumab
bevacizumab or cetuximab                      | ? bevacizumab cetuximab
bevacizumab/cetuximab                         | ? bevacizumab cetuximab
FOLFOX ± bevacizumab                          | fluorouracil + leucovorin + oxaliplatin ? bevacizumab
FOLFOX +/- bev                                | fluorouracil + leucovorin + oxaliplatin ? bevacizumab
FOLFOX -> FOLFOX + bev                        | ? bevacizumab fluorouracil leucovorin oxaliplatin
no cetuximab, bevacizumab                     | ? bevacizumab
FOLFOX-A                                      | fluorouracil + leucovorin + oxaliplatin ? bevacizumab nab-paclitaxel
study drug                                    | ? *
FOLFOX + study drug                           | fluorouracil + leucovorin + oxaliplatin ? *
FOLFOX + ?                                    | ? * fluorouracil leucovorin oxaliplatin
FOLFOX?                                       | ? fluorouracil leucovorin oxaliplatin
tbd                                           | ? *
unknown                                       | ? *
other                                         | ? *
bevazizumab                                   | ? bevacizumab
bevacizumb                                    | ? bevacizumab
avsatin                                       | ? bevacizumab
bevaciz                                       | ? bevacizumab
Bmab                                          | ? bevacizumab
L01FG                                         | ? bevacizumab ramucirumab
D10045                                        | ? *
99999                                         | ? *
bevacizumab foo                               | ? bevacizumab foo
FOLFOX + beavcizumab                          | fluorouracil + leucovorin + oxaliplatin ? bevacizumab
# far from every name: it stands for itself
xanomeline                                    | xanomeline
Xanomeline 54 mg                              | xanomeline
FOLFOX + xanomeline                           | fluorouracil + leucovorin + oxaliplatin + xanomeline
xanomeline or placebo                         | ? xanomeline
# found by variants of the cases
TRIBE regimen                                 | tribe ? *
FOLFOX regimen                                | fluorouracil + leucovorin + oxaliplatin
BI 695502                                     | bevacizumab
AMG 386                                       | ? *
bevacizumab refused by patient                | -
bevacizumab omitted due to bleeding           | bleeding
FOLFOX (bev omitted)                          | fluorouracil + leucovorin + oxaliplatin
bevacizumab dose 0                            | -
not recorded                                  | ? *
FOLFOX方案                                      | fluorouracil + leucovorin + oxaliplatin
贝伐珠单抗单药                                       | bevacizumab
ФОЛФОКС + бевацизумаб                         | bevacizumab + fluorouracil + leucovorin + oxaliplatin
bevacizumab (-)                               | ? bevacizumab
bevacizumab or none                           | ? bevacizumab
none or bevacizumab                           | ? bevacizumab
FOLFOX + bevacizumab/none                     | ? bevacizumab fluorouracil leucovorin oxaliplatin
bevacizumab; no                               | ? bevacizumab
FOLFOX + bev. Declined                        | ? bevacizumab fluorouracil leucovorin oxaliplatin
bevacizumab 0                                 | ? bevacizumab
bevacizumab___0                               | ? bevacizumab
FOLFOX excl. bev                              | fluorouracil + leucovorin + oxaliplatin
FOLFOX (w.o. Bev)                             | fluorouracil + leucovorin + oxaliplatin
excl. bev                                     | -
FOLFOX ohne. Bev                              | ? bevacizumab fluorouracil leucovorin oxaliplatin
Cetuximab: no. Bevacizumab: yes               | bevacizumab
FOLFOX xyz. Bev                               | ? bevacizumab fluorouracil leucovorin oxaliplatin xyz
FOLFOX inkl. Bev                              | bevacizumab + fluorouracil + leucovorin + oxaliplatin
FOLFOX, declined bevacizumab                  | fluorouracil + leucovorin + oxaliplatin
FOLFOX (refused Bev)                          | fluorouracil + leucovorin + oxaliplatin
FOLFOX，患者拒绝贝伐珠单抗                             | fluorouracil + leucovorin + oxaliplatin
FOLFOX refused bev                            | ? bevacizumab fluorouracil leucovorin oxaliplatin
Bev, no. of cycles: 6                         | bevacizumab
FOLFOX + Bev no. 3                            | bevacizumab + fluorouracil + leucovorin + oxaliplatin
bevacizumab,0                                 | ? bevacizumab
FOLFOX > Bev                                  | ? bevacizumab fluorouracil leucovorin oxaliplatin
FOLFOX; Bev since 2023-05-01                  | ? bevacizumab fluorouracil leucovorin oxaliplatin
Bev added at C4                               | ? bevacizumab
FOLFOX，第3周期加用贝伐                              | ? bevacizumab fluorouracil leucovorin oxaliplatin
FOLFOX + none                                 | ? fluorouracil leucovorin oxaliplatin
NO16966 arm B                                 | ? *
SOXB                                          | bevacizumab + oxaliplatin + tegafur-gimeracil-oteracil
"""


@pytest.mark.parametrize(("text", "reading"), rows(GIVEN))
def test_what_was_given(text: str, reading: str) -> None:
    sure, _, perhaps = reading.partition("?")
    read = read_drug(text)
    assert " + ".join(read.substances) == sure.strip(" -")
    assert list(read.may_be) == perhaps.split()


WORDS = st.sampled_from(sorted(lexicon()))
SIGNS = st.sampled_from([" ", " + ", "/", "-", "; ", ", ", " (", ") ", "? "])


@given(st.text(max_size=30) | st.lists(WORDS | SIGNS, max_size=8).map("".join))
def test_any_text_is_read_and_nothing_is_both_sure_and_doubtful(text: str) -> None:
    read = read_drug(text)
    assert not {*read.substances} & {*read.may_be}
    assert (read.certainty == "unclear") <= bool(read.may_be)
    assert bool(read.may_be) <= (read.certainty in ("unclear", "unknown", "missing"))


@given(st.sampled_from(sorted(substances())))
def test_a_substance_is_read_as_itself_and_is_taken_back_by_a_no(name: str) -> None:
    assert read_drug(name).substances == (name,)
    assert read_drug(name.upper()).substances == (name,)
    assert read_drug(f"no {name}").holds(name) is False
    assert read_drug(f"{name}?").holds(name) is None
    assert read_drug(f"{name} or placebo").holds(name) is None


@given(st.sampled_from(["bevacizumab", "avastin", "贝伐珠单抗", "mvasi"]), st.data())
def test_a_slip_of_the_pen_is_never_surely_another_drug(name: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(1, len(name) - 1))
    other = data.draw(st.sampled_from("abcdefghiklmnopqrstuvwxyz"))
    for slipped in (
        name[:place] + other + name[place + 1 :],
        name[:place] + name[place + 1 :],
        name[:place] + other + name[place:],
    ):
        if len(slipped) > 3:
            assert read_drug(slipped).holds("bevacizumab") is not False, slipped


@given(st.lists(st.sampled_from(["FOLFOX", "FOLFIRI", "CAPOX", "irinotecan"]), min_size=1))
def test_the_study_drug_is_found_in_any_list(names: list[str]) -> None:
    assert read_drug(" + ".join(names)).holds("bevacizumab") is False
    for listed in (["Bev", *names], [*names, "Avastin"]):
        assert read_drug(" + ".join(listed)).holds("bevacizumab") is True
        assert read_drug("; ".join(listed)).holds("bevacizumab") is True


@pytest.mark.parametrize(
    "text",
    ["FOLFOX+靶向", "FOLFOX + mAb", "anti-VEGF", "biological", "targeted therapy", "化疗+靶向"],
)
def test_a_class_that_the_study_drug_is_of_may_be_it(text: str) -> None:
    assert read_drug(text).holds("bevacizumab") is None


@pytest.mark.parametrize("text", ["chemotherapy", "化疗", "fluoropyrimidine", "anti-EGFR", "PD-1"])
def test_a_class_that_the_study_drug_is_not_of_is_not_it(text: str) -> None:
    assert read_drug(text).holds("bevacizumab") is False


def test_a_code_of_no_dictionary_may_be_any_drug() -> None:
    table = read_all("drug", ["12345", "KIT-017"])
    assert table.column("may_be").to_pylist() == [[ANY], [ANY]]
