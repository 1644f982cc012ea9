"""How long a large laboratory export takes to stage and validate, and how much memory.

    python -m il6_platform_tests.benchmarks.bench_validation [ROWS]

Raw rows are made in DuckDB (one in a hundred breaks a rule); reading files is not timed here.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from il6_platform import paths
from il6_platform.validation.completeness import COLUMNS, exports
from il6_platform.validation.quarantine import judge_table
from il6_platform.validation.results import RULES
from il6_platform.validation.rulebook import STAGED
from il6_platform.validation.rules import judge
from il6_platform.warehouse.database import Warehouse
from il6_platform.warehouse.home import Site

DELIVERIES = """
insert into raw.deliveries by name
select table_name as delivery, table_name || '.csv' as file, table_name,
    date '2024-01-01' as delivered_on, now() as arrived_at, position as sequence, 1 as bytes,
    1 as lines, 'accepted' as status, position
from (values ('patients', 1), ('treatments', 2), ('follow_up', 3), ('labs', 4), ('assessments', 5))
as t (table_name, position)
"""
PATIENTS = """
insert into raw.patients
select 'patients', 'patients.csv', i + 2, now(),
    map {'patient_id': md5(i::varchar)[1:16], 'sex': if(i % 2 = 0, 'F', 'M'),
    'birth_date': (date '1950-01-01' + (i % 9000)::integer)::varchar}, null
from range($patients) as t (i)
"""
LABS = """
insert into raw.labs
select 'labs', 'labs.csv', i + 2, now(),
    map {'patient_id': md5((i % $patients)::varchar)[1:16],
    'analyte': ['il6', 'crp', 'cea'][i // $patients % 3 + 1],
    'value': if(i % 100 = 0, '1,5', round(exp(2 * sin(i)), 2)::varchar),
    'unit': ['pg/mL', 'mg/L', 'ng/mL'][i // $patients % 3 + 1],
    'collected_on': (date '2015-01-01' + (i // $patients)::integer)::varchar}, null
from range($rows) as t (i)
"""


def main(rows: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        landing, study = str(Path(folder, "landing")), str(paths.default_study())
        site = Site(home=folder, landing=landing, study_file=study)
        warehouse = Warehouse(site=site)
        with warehouse.connect() as connection:
            connection.execute("set threads = 2")
            warehouse.prepare()
            patients = max(rows // 500, 1)
            connection.execute(DELIVERIES)
            connection.execute(PATIENTS, {"patients": patients})
            connection.execute(LABS, {"rows": rows, "patients": patients})
            # the libraries' own imports are not what is measured
            judge(pd.DataFrame({"p_value": [0.5]}), RULES[:1])
            start = time.perf_counter()
            warehouse.run_sql("staging.received")
            said("staging.received", start)
            start = time.perf_counter()
            shared = warehouse.query(paths.sql_file("validation.shared_records").read_text("utf-8"))
            batches = warehouse.query(paths.sql_file("validation.batches").read_text("utf-8"))
            warehouse.write("staging.exports", exports(batches, shared), COLUMNS, "exports")
            said("staging.exports", start)
            start = time.perf_counter()
            warehouse.run_sql("staging.lines")
            said("staging.lines", start)
            for table, rules in STAGED.items():
                start = time.perf_counter()
                warehouse.run_sql(f"staging.{table}")
                said(f"staging.{table}", start)
                if table == "follow_up":
                    warehouse.run_sql("staging.vital_status")
                start = time.perf_counter()
                judged = judge_table(connection, table, rules)
                said(f"  its {len(rules)} rules, {judged.set_aside} set aside", start)
            for table in ("quarantine", "balance"):
                start = time.perf_counter()
                warehouse.run_sql(f"staging.{table}")
                said(f"staging.{table}", start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(f"{'peak memory, GiB':<40}{peak:8.2f}")


def said(what: str, start: float) -> None:
    print(f"{what:<40}{time.perf_counter() - start:8.2f}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
