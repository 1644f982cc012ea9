"""Drafting a profile of an export that nobody has described yet.

Belongs here: the order of the work, and what is made of each block. Does not belong here: the words
(`vocabulary`), what a profile's keys mean (`profiles`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from il6_platform.registry.exports import ExportError
from il6_platform.registry.formats import Sheet
from il6_platform.registry.profile_inference.blocks import Blocks
from il6_platform.registry.profile_inference.columns import (
    Block,
    Column,
    Made,
    described,
    has_no_header,
    place_of,
)
from il6_platform.registry.profile_inference.known_systems import of_system
from il6_platform.registry.profile_inference.meanings import LIKELY, Meanings, native_columns
from il6_platform.registry.profile_inference.persons import Identifiers, patient_number, unique_ones
from il6_platform.registry.profile_inference.questions import Questions
from il6_platform.registry.profile_inference.sharing import Found, Sharing
from il6_platform.registry.profile_inference.writing import Writer
from il6_platform.registry.redcap_dictionary import Dictionary, is_dictionary, read_dictionary
from il6_platform.registry.vocabulary import vocabulary


@dataclass(frozen=True, slots=True)
class Draft:
    """A drafted profile: its YAML, and what a person has to answer."""

    text: str
    questions: list[str]


def draft(file: str, sheets: Sequence[Sheet], dictionary: tuple[str, Dictionary] | None) -> Draft:
    """Draft a profile of an export.

    Parameters
    ----------
    file
        The export's name, of which the profile's is made.
    sheets
        The export as opened; a data dictionary among them is used.
    dictionary
        Name of the file of a data dictionary, and what it says.

    Raises
    ------
    ExportError
        Where no column could be the patient's number or no table could be made; it says what lacks.
    """
    return _Drafting(file, sheets, dictionary).draft()


class _Drafting:
    def __init__(
        self, file: str, sheets: Sequence[Sheet], dictionary: tuple[str, Dictionary] | None
    ) -> None:
        self.questions = Questions()
        self.unmapped: list[str] = []
        self.file = file
        data = []
        for sheet in sheets:
            if has_no_header(sheet.export):
                # its names would be a patient's line: none is repeated
                raise ExportError(
                    f"{place_of(sheet.name)}the first line is no header but looks like the others; "
                    "export it with the names of the columns"
                )
            if is_dictionary(sheet.export.header):
                dictionary = (sheet.name, read_dictionary(sheet.export))
            else:
                data.append(sheet)
        self.dictionary = dictionary
        self.blocks = Blocks(dictionary[1] if dictionary else Dictionary(), dictionary is not None)
        self.data = data
        self.sheets = [(s.name, self.blocks.texts(s.export)) for s in data if len(s.export.lines)]
        self.meanings = Meanings.of_project()
        self.sharing = Sharing(self.meanings)
        self.identifiers = Identifiers(self.meanings)

    def draft(self) -> Draft:
        system = of_system(self.file, self.data) if not self.dictionary else None
        if system is not None:
            return self._of_system(*system)
        made: list[Made] = []
        lacking: list[str] = []
        for sheet, columns in self.sheets:
            found = patient_number(columns, self.questions)
            if found is None:
                lacking.append(
                    f"{place_of(sheet)}no column is the patient's number{unique_ones(columns)}"
                )
                continue
            for block in self.blocks.of_sheet(sheet, columns, found):
                made += self._mapped(block, lacking)
        made = _once(made)
        patients = next((one for one in made if one.table == "patients"), None)
        made = [*self._patients_of_project(patients), *made]
        if not made:
            raise ExportError(
                "no table can be drafted: "
                + ("; ".join(dict.fromkeys(lacking)) or "no sheet holds a line")
                + "; name the columns more clearly, or write the profile by hand"
            )
        for words_ in dict.fromkeys(lacking):
            self.questions.ask(words_ + "; is it under another name, or in another export?")
        return Draft(self._writer().written(made), self.questions.asked)

    def _patients_of_project(self, known: Made | None) -> Iterable[Made]:
        """Give the patients of a REDCap project of whom little is told: a record is a patient.

        An export of another kind may be one table of several, whose patients stand elsewhere.

        Parameters
        ----------
        known
            The mapping of patients that was found; records of which it reads nothing are added.
        """
        for sheet, columns in self.sheets:
            names = [name.lower() for name in columns]
            is_project = self.dictionary or any(
                name.startswith("redcap_") or name.endswith("_complete") for name in names
            )
            found = patient_number(columns, self.questions)
            if not is_project or found is None:
                continue
            if known is not None:
                if known.block.sheet == sheet:
                    yield from _untold(known, columns)
                return
            rest = [
                self.blocks.column(name, texts) for name, texts in columns.items() if name != found
            ]
            given = {}
            for native in ("sex", "birth_date", "age_years"):
                best = max(rest, key=lambda one: self.meanings.fit(native, one), default=None)
                if best is not None and self.meanings.fit(native, best) >= LIKELY:
                    given[native] = best, self.meanings.fit(native, best)
            yield Made("patients", found, Block(sheet, found, rest), given, {})
            return

    def _of_system(self, lines: list[str], questions: list[str], lacking: list[str]) -> Draft:
        """Return the draft of a system whose profile is shipped."""
        if lacking:
            raise ExportError(
                f"no table can be drafted: {'; '.join(lacking)} can be made of it; export the "
                "table with the columns that its standard requires"
            )
        self.questions.asked += questions
        return Draft("\n".join([*self._writer().head(), *lines]) + "\n", self.questions.asked)

    def _mapped(self, block: Block, lacking: list[str]) -> list[Made]:
        columns = [one for one in block.columns if not self.identifiers.holds(one)]
        wide = self.sharing.wide(columns)
        rest = [one for one in columns if one.name not in {w.name for w, _, _ in wide}]
        tables, fits = self.sharing.shared_out(block, rest, bool(wide))
        taken = {one.name for found in fits.values() for one, _ in found.values()}
        made = []
        for table in tables:
            found = fits[table]
            if table == "labs" and wide:
                for column, analyte, unit in wide:
                    constants = {"analyte": analyte}
                    if "unit" not in found:
                        constants["unit"] = unit or self.meanings.standard.get(analyte, "")
                        if not unit:
                            self.questions.ask(
                                f"In which unit is {column.name}? {constants['unit']} is assumed",
                            )
                    given = {"value": (column, 0.9), **found}
                    made.append(Made("labs", block.key, block, given, constants))
                continue
            constants = {}
            if table == "treatments" and "line" not in found:
                constants["line"] = "1"
                self.questions.ask(
                    f"{place_of(block.about)}no column is the line of treatment; are all of "
                    "line 1, as is assumed?"
                )
            if table == "labs":
                constants |= self._of_labs(block, found)
            made.append(Made(table, block.key, block, found, constants))
        if wide and "labs" not in tables:
            names = ", ".join(one.name for one, _, _ in wide)
            lacking.append(f"{place_of(block.about)}{names}: no column is the day of the sample")
        if not tables and not wide:
            lack = self.sharing.lacking(block, rest)
            lacking += [lack] if lack else []
        wide_names = {one.name for one, _, _ in wide} if "labs" in tables else set()
        for column in block.columns:
            if column.name not in taken | wide_names and column.name not in self.identifiers.found:
                self.identifiers.holds(column, left_over=True)
                if column.name not in self.identifiers.found:
                    self.unmapped.append(f"{column.name} ({described(column)})")
                    self._ask_what_it_is(column)
        return made

    def _of_labs(self, block: Block, found: Found) -> dict[str, str]:
        constants = {}
        if "analyte" not in found:
            constants["analyte"] = self.sharing.analyte_of(block, found) or ""
            self.questions.ask(f"{place_of(block.about)}are all results of {constants['analyte']}?")
        if "unit" not in found:
            standard = self.meanings.standard.get(constants.get("analyte", "il6"), "")
            constants["unit"] = standard
            self.questions.ask(f"{place_of(block.about)}no column is the unit; is it {standard}?")
        return constants

    def _ask_what_it_is(self, column: Column) -> None:
        """Ask of a column that is called like a native one and cannot be it by what it holds."""
        if not column.texts:
            return
        for native in native_columns():
            is_called = column.called(vocabulary().columns[native]) >= 0.95
            if is_called and not self.meanings.fit(native, column):
                self.questions.ask(
                    f"{column.name} is called like {native}, but holds {described(column)} that "
                    "cannot be it; what is it?"
                )

    def _writer(self) -> Writer:
        return Writer(
            self.file,
            self.dictionary[0] if self.dictionary else None,
            self.questions,
            self.meanings,
            self.identifiers.found,
            self.unmapped,
        )


def _untold(known: Made, columns: dict[str, list[str]]) -> Iterable[Made]:
    """Give a mapping of the records of which a mapping of patients does not know the sex."""
    # where all of a record is one line, it may be there for a sample alone
    if "sex" not in known.columns or not known.block.when:
        return
    sex = known.columns["sex"][0].name
    numbers = columns[known.key]
    told = {number for number, text in zip(numbers, columns[sex], strict=True) if text}
    if set(filter(None, numbers)) - told:
        rest = {name: held for name, held in known.columns.items() if name != "sex"}
        when = known.block.when | {sex: ""}
        yield Made("patients", known.key, Block(known.block.sheet, known.key, [], when), rest, {})


def _once(made: list[Made]) -> list[Made]:
    """Leave out a mapping that another one repeats, as of a second sheet of the same shape."""
    seen, kept = set(), []
    for one in made:
        mark = (
            one.table,
            one.key,
            tuple(sorted((name, column.name) for name, (column, _) in one.columns.items())),
            tuple(sorted(one.block.when.items())),
            tuple(sorted(one.constants.items())),
        )
        if mark not in seen:
            seen.add(mark)
            kept.append(one)
    return kept
