"""A page in Chinese: every sentence has a translation, no number is lost, names stay."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import duckdb
import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po

from il6_platform import paths
from il6_platform.analysis.spec import analyses
from il6_platform.endpoints import endpoint_library
from il6_platform.figures import style
from il6_platform.manuscript import findings
from il6_platform.manuscript.document import Manuscript
from il6_platform.report import page
from il6_platform.report.sayings import Saying
from il6_platform.report.tables import tables
from il6_platform.report.translation import other_names, translator_of
from il6_platform.statistics.codes import Code
from il6_platform.study import Study
from il6_platform.translation import OPAQUE, PLACE, Translator
from il6_platform.validation import answers, quality_page, worklist
from il6_platform.validation.rulebook import book
from il6_platform_tests.report.registries import html as page_of
from il6_platform_tests.report.test_edge_registries import BASE, published

FILES = sorted((paths.project_root() / "data" / "locale").glob("zh*.po"))
STUDY = Study.model_validate(BASE | {"language": "zh"})
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def catalogue() -> list[Message]:
    found = []
    for file in FILES:
        with file.open("rb") as content:
            found += [message for message in read_po(content, locale="zh_Hans") if message.id]
    return found


def translator(**more: object) -> Translator:
    made = translator_of(Study.model_validate(BASE | {"language": "zh"} | more))
    assert made is not None
    return made


def test_every_message_has_a_translation_with_the_same_places() -> None:
    for message in catalogue():
        english, chinese = str(message.id), str(message.string)
        assert chinese, english
        if message.context is None:
            assert set(PLACE.findall(english)) == set(PLACE.findall(chinese)), english
        else:
            # what the script fills in
            script = (paths.PACKAGE / "report" / "page.js").read_text("utf-8")
            assert english in script
            filled = r"\$\{[^}]*\}"
            assert Counter(re.findall(filled, english)) == Counter(re.findall(filled, chinese))


def test_no_message_stands_twice_or_is_fuzzy() -> None:
    for file in FILES:
        with file.open("rb") as content:
            ids = [(one.context, one.id) for one in read_po(content, locale="zh_Hans")]
        assert len(ids) == len(set(ids)), file
    assert not any(message.fuzzy for message in catalogue())


SAID_OTHERWISE = {Saying.LEAD_NOT_JUDGED, Saying.LEAD_NO_ESTIMATE, Saying.LEAD_LONGER,
                  Saying.LEAD_SHORTER}  # fmt: skip
"""Patterns that have a message for each word that they may be filled with."""


def test_every_code_and_every_conclusion_has_a_translation() -> None:
    def bare(text: str) -> str:
        return re.sub(r"\{[^}]*\}", "{}", text)

    known = {bare(str(message.id)) for message in catalogue()}
    patterns = {one: bare(one.pattern) for one in (*Code, *Saying)}
    assert [one for one, text in patterns.items() if text not in known] == [
        one for one in Saying if one in SAID_OTHERWISE
    ]


def spoken(template: str) -> Iterator[str]:
    """Give the texts of a template; what is filled in is seen on pages."""
    bare = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "\0", template, flags=re.DOTALL)
    for piece in OPAQUE.finditer(bare):
        words = html.unescape(" ".join(piece[0].split()))
        if not words.startswith("<") and "\0" not in words and re.search("[A-Za-z]{2}", words):
            yield words


def test_what_the_page_itself_says_is_in_the_catalogue() -> None:
    made, checked = translator(), 0
    for words in spoken((paths.PACKAGE / "report" / "page.html.j2").read_text("utf-8")):
        made.say(words)
        checked += 1
    assert checked > 40 and not made.missing


def test_every_rule_and_head_of_the_data_manager_has_a_translation() -> None:
    made = Translator("zh", part="quality")
    for row in book().itertuples():
        made.say(row.says)
        made.say(row.severity)
    for word in (*worklist.WIDTHS, *answers.STATUSES, *quality_page.WORDS.values()):
        assert CHINESE.search(made.say(word)), word
    template = (paths.PACKAGE / "validation" / "quality.html.j2").read_text("utf-8")
    for piece in spoken(template):
        made.say(piece)
    assert not made.missing, list(made.missing)


def test_what_a_decisive_record_may_move_has_a_translation() -> None:
    made = Translator("zh", part="quality")
    sql = paths.sql_file("cohort.decisive").read_text("utf-8")
    rows = sql.partition("sentences (code, sentence) as (")[2].partition("\n)\n")[0]
    sentences = duckdb.sql(rows).fetchall()
    assert len(sentences) > 10
    for _, sentence in sentences:
        cost = f"{sentence}: the patient leaves the analysis until it is put right"
        made.say(cost)
        # of several as well
        made.say(f"{cost}. {cost}")
        made.say(sentence)
    assert not made.missing, list(made.missing)


def test_a_name_that_no_dictionary_holds_has_a_translation() -> None:
    made = Translator("zh", names=frozenset({"IL-6"}), part="quality")
    sql = paths.sql_file("cohort.remarks").read_text("utf-8")
    ((sentence,),) = duckdb.sql(
        "select 'No dictionary"
        + sql.partition("'No dictionary")[2].partition(" as sentence")[0]
        + " from (select 'IL-6' as marker_label, 3 as n_patients)"
    ).fetchall()
    assert sentence.startswith("No dictionary holds this name, and its unit is one of IL-6: 3 ")
    made.say(sentence)
    assert not made.missing, list(made.missing)


def test_a_page_speaks_of_what_stays_english_on_it_alone() -> None:
    made = Translator("zh", part="quality")
    made.say("Words of a worklist that nobody translated.")
    page = '<html lang="en"><style></style><h1>Data quality</h1></html>'
    assert 'role="note"' not in made.page(page)
    assert made.missing
    assert 'role="note"' in made.page(page.replace("</h1>", "</h1><p>Nor these words.</p>"))


def test_an_answer_is_read_back_in_the_language_that_it_was_written_in() -> None:
    made = Translator("zh", part="quality")
    for word in (*answers.NEEDED, *answers.STATUSES, "answered by"):
        assert answers._in_english(made.say(word)) == word


DEEP = frozenset[str]()
"""What has no translation: methods and notes behind a figure. The page says so."""


@pytest.fixture(scope="module")
def pages() -> dict[str, tuple[str, str, Translator]]:
    made = {}
    for name in ("harm", "randomised", "one arm", "competing events"):
        cut = published(name)
        english = page_of(cut)
        study = cut.study.model_copy(update={"language": "zh"})
        names = other_names(cut.tables["provenance"], cut.results)
        one = translator_of(study, names)
        assert one is not None
        made[name] = english, one.page(english), one
    return made


def test_every_text_of_every_page_is_translated(
    pages: dict[str, tuple[str, str, Translator]],
) -> None:
    missing = {text for _, _, one in pages.values() for text in one.missing}
    assert missing == DEEP


def test_every_endpoint_of_the_library_has_a_translation() -> None:
    made = translator_of(STUDY, names=frozenset(endpoint_library()), part="manuscript")
    assert made is not None
    for one in endpoint_library().values():
        made.say(one.sentence())
        made.say(one.label)
    assert not made.missing, list(made.missing)


def test_every_technique_has_a_translation() -> None:
    made = translator_of(STUDY, part="manuscript")
    assert made is not None
    for one in analyses().values():
        for each in one.spec.techniques:
            made.say(f"{each.topic}{each.phrase} [1,2].")
    assert not made.missing, list(made.missing)


@pytest.mark.parametrize(
    "name",
    [
        "harm",
        "randomised",
        "one arm",
        "no events in an arm",
        "competing events",
        "largest statistic",
    ],
)
def test_every_text_of_a_manuscript_is_translated(name: str) -> None:
    cut = published(name)
    cut = replace(cut, study=cut.study.model_copy(update={"language": "zh"}))
    content = Manuscript(cut)
    made = translator_of(
        cut.study, other_names(cut.tables["provenance"], cut.results), "manuscript"
    )
    assert made is not None
    for text in (*findings.abstract(cut).values(), *(plate.caption for plate in content.plates)):
        made.say(text)
    for heading, text in (*content.results, *content.text[0]):
        made.say(heading)
        made.say(text)
    for table in tables(cut.report):
        cells = (cell for row in (table.columns, *table.rows, *table.marks) for cell in row)
        for text in (table.title, *table.notes, *cells):
            made.say(text)
    assert not made.missing, list(made.missing)


def test_no_number_is_lost_or_made(pages: dict[str, tuple[str, str, Translator]]) -> None:
    dates = re.compile(r"\d{4}-\d{2}-\d{2}|\d{4}年\d+月(?:\d+日)?|[A-Z][a-z]+ \d{4}")

    def numbers(text: str) -> Counter[str]:
        return Counter(re.findall(r"\d+(?:\.\d+)?", dates.sub("", html.unescape(text))))

    for english, chinese, one in pages.values():
        if one.missing:
            chinese = re.sub(r'\n<p class="asof" role="note">[^<]*</p>', "", chinese, count=1)
        pieces = [
            [piece[0] for piece in OPAQUE.finditer(text) if not piece[1]]
            for text in (english, chinese)
        ]
        assert len(pieces[0]) == len(pieces[1])
        for before, after in zip(*pieces, strict=True):
            assert before.startswith("<") == after.startswith("<")
            if not before.startswith("<"):
                fixed = {"100", "1"} if "hundred" in before or "January" in before else set()
                lost = numbers(before) - numbers(after)
                made = numbers(after) - numbers(before)
                assert not lost, (before, after)
                assert set(made) <= fixed | {"95", "5", "0.05"}, (before, after)


def test_the_lead_is_in_chinese_and_names_stay(
    pages: dict[str, tuple[str, str, Translator]],
) -> None:
    _, chinese, _ = pages["harm"]
    assert '<html lang="zh_Hans">' not in chinese and 'lang="zh-Hans"' in chinese
    lead = chinese.partition('<div class="answer">')[2].partition("</div>")[0]
    assert CHINESE.search(lead) and "IL-6" in lead and "Chemotherapy + bevacizumab" in lead
    assert not re.search(r"\b(hazard ratio|patients|events|shown)\b", lead)


def test_english_pages_know_no_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("an English page was translated")

    monkeypatch.setattr(Translator, "page", never)
    assert translator_of(Study.model_validate(BASE)) is None
    assert "How sure is this?" in page_of(published("harm"))
    assert page.translator_of is translator_of


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("1 patient arrived and is analysed.", "收到 1 例患者，已纳入分析。"),
        ("As known on 2023-12-31.", "截至 2023年12月31日 已知的情况。"),
        ("last month June 2023", "末月 2023年6月"),
        ("all patients, IL-6 high vs low", "全部患者，IL-6高对低"),
        (
            "A difference, as published: PFS was longer with bevacizumab. P is not corrected for "
            "cut-off selection.",
            "与已发表结果一致，存在差异：使用bevacizumab者 PFS 更长。P 值未校正截断值选择。",
        ),
        ("12.5 (7.3 to not reached)", "12.5（7.3 至未达到）"),
        ("As published. P is not corrected for cut-off selection.",
         "与已发表结果一致。P 值未校正截断值选择。"),
    ],
)  # fmt: skip
def test_a_text_is_said_by_its_parts(english: str, chinese: str) -> None:
    assert translator().say(english) == chinese


def test_a_label_in_chinese_stays_as_it_is() -> None:
    arms = {**BASE["arms"], "control_label": "单纯化疗"}
    made = translator(arms=arms)
    said = made.say("PFS in 单纯化疗, IL-6 high against IL-6 low: Kaplan-Meier with pointwise 95% "
                    "log-log bands; medians in months with 95% limits.")  # fmt: skip
    assert said.startswith("单纯化疗的 PFS，IL-6高对比IL-6低") and not made.missing


def test_what_has_no_translation_stays_and_the_page_says_so_once() -> None:
    made = translator()
    text = made.page('<html lang="en"><style></style><h1>T</h1><p>Nobody wrote this.</p></html>')
    assert "Nobody wrote this." in text
    assert text.count('role="note"') == 1 and "暂无中文译文" in text
    assert list(made.missing) == ["Nobody wrote this."]


def test_the_labels_of_an_axis_are_said_in_the_language_and_stay_so_when_drawn() -> None:
    figure = style.new_figure(3, 2, left=1, top=0.3)
    axes = figure.subplots()
    axes.set_yticks([0, 1], ["IL-6 low (n=3)", "all patients\nIL-6 high"])
    axes.set_title("Best overall response", loc="left")
    made = translator_of(STUDY, part="manuscript")
    assert made is not None
    style.svg(style.in_language(figure, made.say), "f")
    shown = [text.get_text() for text in axes.get_yticklabels()]
    assert shown == ["IL-6低（n=3）", "全部患者\nIL-6高"]
    assert CHINESE.search(axes.get_title(loc="left"))


@pytest.mark.parametrize(
    "text", ["2023-12-31/labs.csv", "labs-2023-12-31.csv", "a/2023-12-31/b", "v2023-12-31"]
)
def test_a_day_in_a_name_stays(text: str) -> None:
    assert Translator("zh", frozenset({text})).say(text) == text


def test_the_foot_of_a_printed_page_is_in_chinese(
    pages: dict[str, tuple[str, str, Translator]],
) -> None:
    english, chinese, _ = pages["harm"]
    assert re.search('@bottom-left { content: "[^"]*Data cut ', english)
    assert re.search('@bottom-left { content: "[^"]*数据版本 ', chinese)
