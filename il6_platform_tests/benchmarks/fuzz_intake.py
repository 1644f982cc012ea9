"""Mutated exports driven through the whole intake: no traceback, no hang, no lost line.

    python -m il6_platform_tests.benchmarks.fuzz_intake [--inputs 10000] [--refreshes 40] [--seed 1]

Most inputs go through opening, raw, staging, rules and balance, some hundreds to a cut;
`--refreshes` go one by one through `il6 refresh` itself, beside exports that were published: the
report stays as it was, or is a new one, and what is said is one line.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

from il6_platform import cli, paths
from il6_platform_tests.registry.fuzzing import Input, Intake, Outcome, mutated, table

BATCH = 250


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--refreshes", type=int, default=40)
    parser.add_argument("--seed", type=int, default=20230630)
    parser.add_argument("--keep", type=Path, help="folder for inputs that broke an invariant")
    asked = parser.parse_args()
    started = time.perf_counter()
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory() as folder:
        intake = Intake(Path(folder))
        # what was found so far is said even where somebody stops it
        with contextlib.suppress(KeyboardInterrupt):
            for batch in batches(asked.inputs, asked.seed):
                outcomes += driven(intake, batch)
                spent = time.perf_counter() - started
                print(f"\r{len(outcomes):>7} inputs {len(outcomes) / spent:6.1f} a second", end="")
        intake.close()
    print("\nThrough opening, raw, staging, rules and balance:")
    print(table(outcomes))
    steps = Counter(step for one in outcomes for step in one.made.steps)
    print("mutations: " + ", ".join(f"{name} {n}" for name, n in steps.most_common()))
    faulty = [one for one in outcomes if one.faults]
    for one in faulty[:50]:
        print(f"\n{one.made.file}, {one.status}: {', '.join(one.made.steps)}")
        print("  " + "\n  ".join(fault[-1500:] for fault in one.faults))
    if asked.keep:
        asked.keep.mkdir(parents=True, exist_ok=True)
        for number, one in enumerate(faulty):
            (asked.keep / f"{number}_{Path(one.made.file).name[:60]}").write_bytes(one.made.content)
    wrong = refreshed(asked.refreshes, asked.seed + 1) if asked.refreshes else 0
    return 1 if faulty or wrong else 0


def batches(inputs: int, seed: int) -> Iterator[list[Input]]:
    for start in range(0, inputs, BATCH):
        yield [mutated(Random(f"{seed} {n}")) for n in range(start, min(start + BATCH, inputs))]


def driven(intake: Intake, batch: list[Input]) -> list[Outcome]:
    """Drive a batch; where the cut as a whole breaks, find the input that breaks it."""
    try:
        return intake.drive(batch)
    except Exception as error:
        if len(batch) == 1:
            return [Outcome(batch[0], "traceback", 0, [traceback.format_exc()])]
        half = len(batch) // 2
        with contextlib.suppress(Exception):
            intake.connection.execute("rollback")
        found = driven(intake, batch[:half]) + driven(intake, batch[half:])
        if not any(one.faults for one in found):
            found[0].faults.append(f"only together: {error!r}"[:500])
        return found


def refreshed(inputs: int, seed: int) -> int:
    """Drive inputs through `il6 refresh`; return how many broke an invariant."""
    ends: Counter[str] = Counter()
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        home, landing, study = Path(folder, "home"), Path(folder, "landing"), Path(folder, "s.yaml")
        asked = paths.default_study().read_text("utf-8")
        study.write_text(asked.replace("replicates: 2000", "replicates: 0"))
        shutil.copytree(paths.demo_landing() / "2019-12-31", landing / "2019-12-31")
        options = ["--home", str(home), "--landing", str(landing), "--study", str(study)]
        assert cli.main(["refresh", *options]) == 0
        kept = Path(folder, "kept")
        shutil.copytree(home, kept, symlinks=True)
        started = time.perf_counter()
        for number in range(inputs):
            made = mutated(Random(f"{seed} {number}"))
            shutil.rmtree(home)
            shutil.copytree(kept, home, symlinks=True)
            target = landing / "2020-01-01" / Path(made.file).name
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(made.content)
            before = (home / "published" / "report.duckdb").resolve()
            bytes_before = before.read_bytes()
            said, out = io.StringIO(), io.StringIO()
            faults = []
            try:
                with contextlib.redirect_stderr(said), contextlib.redirect_stdout(out):
                    status = cli.main(["refresh", *options])
            except BaseException as error:
                status = -1
                faults.append(f"raised {error!r}")
            last = said.getvalue().strip().splitlines()[-1:] or [""]
            ends[f"exit {status}"] += 1
            if status not in (0, 1):
                faults.append(f"exit {status}: {last[0][:300]}")
            if status == 1 and not last[0].startswith("Blocked"):
                faults.append(f"blocked without its reason: {last[0][:300]}")
            if before.read_bytes() != bytes_before:
                faults.append("the published report was changed")
            if status == 1 and (home / "published" / "report.duckdb").resolve() != before:
                faults.append("blocked, and yet another report is published")
            everything = said.getvalue() + out.getvalue()
            faults += [f"{word} is said" for word in made.identifiers if word in everything]
            if faults:
                wrong += 1
                print(f"\n{made.file}: {', '.join(made.steps)}\n  " + "\n  ".join(faults))
            target.unlink()
        spent = time.perf_counter() - started
    print(f"\nThrough il6 refresh, {inputs} inputs, {spent / max(inputs, 1):.1f} s each:")
    print("\n".join(f"  {end:<14}{n:>8}" for end, n in ends.most_common()))
    print(f"broken invariants: {wrong}")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
