"""A text in another encoding is never other text in silence: it is read as it was, or named."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from il6_platform.registry.exports import ExportError
from il6_platform.registry.formats import decoded, open_sheets

WORDS = {
    "zh": ["贝伐珠单抗", "第一次给药", "氟尿嘧啶", "西妥昔单抗", "停药", "疾病进展"],
    "zh-tw": ["貝伐單抗", "第一次給藥", "氟尿嘧啶", "西妥昔單抗", "停藥", "疾病進展"],
    "ja": ["ベバシズマブ", "初回投与", "フルオロウラシル", "中止した", "進行が見られた"],
    "ko": ["베바시주맙", "첫 투여", "플루오로우라실", "투여 중단", "질병 진행"],
    "ru": ["бевацизумаб", "первая линия", "фторурацил", "прекращено"],
    "pl": ["bewacyzumab źle", "pierwsza linia leczenia życie", "łóżko", "przerzut do wątroby"],
    "de": ["Bevacizumab für Übelkeit", "müde", "Größe", "Straße"],
    "fr": ["bévacizumab", "première ligne", "arrêté", "métastase hépatique"],
    "el": ["μπεβασιζουμάμπη", "πρώτη γραμμή"],
}
READ = {("zh", "gb18030"), ("de", "cp1252"), ("fr", "cp1252")}
OTHER = {
    ("zh-tw", "big5"): "Big5",
    ("ja", "shift_jis"): "(?i)shift_jis",
    ("ja", "euc_jp"): "EUC-JP",
    ("ko", "euc_kr"): "CP949",
    ("ru", "cp1251"): "Windows-1251",
    ("ru", "koi8-r"): "KOI8-R",
    ("pl", "cp1250"): "Windows-1250",
    ("el", "cp1253"): "Windows-1253",
}


def table(language: str, words: int = 40) -> str:
    of = WORDS[language]
    rows = [f"T{n:03},il6,{n}.5,{of[n % len(of)]}" for n in range(words)]
    return "\n".join(["patient_id,analyte,value,note", *rows]) + "\n"


@pytest.mark.parametrize(("language", "encoding"), sorted(READ))
def test_what_is_certain_is_read(language: str, encoding: str) -> None:
    assert decoded(table(language).encode(encoding)) == table(language)


@pytest.mark.parametrize(("language", "encoding"), sorted(OTHER))
def test_another_encoding_is_named_with_the_way_out(language: str, encoding: str) -> None:
    with pytest.raises(ExportError, match=OTHER[language, encoding]) as told:
        decoded(table(language).encode(encoding))
    assert "save the export as CSV UTF-8" in str(told.value)


@pytest.mark.parametrize(("language", "encoding"), [*sorted(OTHER), ("de", "mac_roman")])
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_a_single_word_is_never_other_text(
    language: str, encoding: str, data: st.DataObject
) -> None:
    rows = [f"T{n:03},il6,{n}.5," for n in range(20)]
    for word in data.draw(st.lists(st.sampled_from(WORDS[language]), min_size=1, max_size=3)):
        rows[data.draw(st.integers(0, 19))] += word
    text = "\n".join(["patient_id,analyte,value,note", *rows]) + "\n"
    content = text.encode(encoding, "ignore")
    if content.isascii():
        return
    with suppress(ExportError):
        assert decoded(content) == content.decode(encoding)


@pytest.mark.parametrize(
    "cells",
    [["贝伐珠单抗", "氟尿嘧啶"], ["贝伐单抗"], ["男", "女"], ["白细胞介素-6"], ["病情进展"]],
)
def test_chinese_of_few_signs_is_known_by_its_words(cells: list[str]) -> None:
    rows = [f"T{n:03},1,{cells[n % len(cells)]},2023-02-01" for n in range(8)]
    text = "\n".join(["patient_id,line,drug,start_date", *rows]) + "\n"
    assert decoded(text.encode("gb18030")) == text


@pytest.mark.parametrize("word", ["第", "张三", "天气"])
def test_chinese_of_few_signs_that_are_no_known_words_is_never_other_text(word: str) -> None:
    text = f"patient_id,line,drug,start_date\nT01,1,{word},2023-02-01\n"
    with suppress(ExportError):
        assert decoded(text.encode("gb18030")) == text


@pytest.mark.parametrize("bad", [b"\xff", b"\x80", b"\xc3", b"\xe9"])
@pytest.mark.parametrize("language", ["zh", "ja", "ru", "de"])
def test_one_bad_byte_in_utf_8_is_named_by_its_line(bad: bytes, language: str) -> None:
    content = table(language).encode().replace(b"T007", b"T0" + bad + b"07")
    with pytest.raises(ExportError, match="line 9 holds a character that is not UTF-8"):
        decoded(content)


@pytest.mark.parametrize("bad", [b"\xff", b"\x80", b"\x9f", b"\xc3", b"\xe9"])
def test_one_bad_byte_in_ascii_is_no_letter_of_a_number(bad: bytes) -> None:
    content = b"patient_id,value\nT1,1.5\nT" + bad + b"2,2.5\n"
    with pytest.raises(ExportError, match="UTF-8"):
        decoded(content)


@pytest.mark.parametrize("unit", ["\u00b5g/L", "10*3/\u00b5L", "\u00b5mol/L", "\u00b5IU/mL"])
@pytest.mark.parametrize("encoding", ["cp1252", "mac_roman", "cp1250"])
def test_a_millionth_is_read_where_a_unit_alone_holds_it(unit: str, encoding: str) -> None:
    text = f"patient_id,analyte,value,unit\nT1,crp,1.5,mg/L\nT2,crp,2.5,{unit}\n"
    assert decoded(text.encode(encoding)) == text


@pytest.mark.parametrize("sign", ["\u00b1", "\u00b0", "\u00b5", "\u00b5xyz"])
def test_one_sign_names_no_encoding(sign: str) -> None:
    content = f"patient_id,value\nT1,1.5 {sign}\n".encode("cp1252")
    with pytest.raises(ExportError, match=r"so few signs do not tell.*line 2.*UTF-8"):
        decoded(content)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_text_that_is_cut_within_a_character_is_truncated(encoding: str) -> None:
    content = (table("zh") + "T999,il6,1,贝伐").encode(encoding)[:-1]
    with pytest.raises(ExportError, match="truncated"):
        decoded(content)


# letters that begin a character of UTF-8 in Windows-1252 may be text that was written twice
BEGIN = "".join(map(chr, range(0xC2, 0xF5)))


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0" + BEGIN), max_size=60))
@settings(max_examples=80, deadline=None)
def test_utf_8_and_utf_16_are_read_as_they_are(text: str) -> None:
    assert decoded(("a" + text).encode("utf-8-sig")) == "a" + text
    assert decoded(("a" + text).encode("utf-16")) == "a" + text


@pytest.mark.parametrize("language", ["de", "fr"])
def test_what_was_written_twice_is_said(language: str) -> None:
    twice = table(language).encode().decode("cp1252").encode()
    with pytest.raises(ExportError, match="written as UTF-8 again"):
        decoded(twice)
    with pytest.raises(ExportError, match="written as UTF-8 again"):
        open_sheets("labs.csv", twice)
    for sign in ("pg/mL \u00b1 2", "20 \u00b0C", "\u00b5g", "Größe \u00c3", "\u00e2"):
        assert decoded(sign.encode()) == sign
