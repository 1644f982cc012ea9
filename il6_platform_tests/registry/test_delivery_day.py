"""The day of a delivery: its folder's, else its name's where that is the export's own."""

from __future__ import annotations

import pytest

from il6_platform.registry.landing import delivered_on

DAYS = """
2024-02-29/labs_from_2020-01-01.csv          2024-02-29
2024-02-29/labs_2024-01-15.csv               2024-02-29
siteA/2024-02-29/labs.csv                    2024-02-29
2024-01-31/2024-02-29/labs.csv               2024-02-29
labs_2023-12-31.csv                          2023-12-31
labs-20231231.csv                            2023-12-31
labs_2023_12_31.xlsx                         2023-12-31
labs.2023.12.31.csv                          2023-12-31
labs_since_2017-01-01.csv                    -
labs from 2017-01-01.csv                     -
Labor_seit_2017-01-01.csv                    -
Labor_ab_dem_2017-01-01.csv                  -
Labor-vom-2017-01-01.csv                     -
labo_depuis_le_2017-01-01.csv                -
analisi_dal_2017-01-01.csv                   -
laboratorio_desde_2017-01-01.csv             -
检验_自2017-01-01.csv                        -
检验_从2017-01-01起.csv                      -
検査_2017-01-01以降.csv                      -
labs_2017-01-01_onwards.csv                  -
labs_from_2017-01-01_to_2023-12-31.csv       2023-12-31
labs_2017-01-01_2023-12-31.csv               2023-12-31
labs_2023-12-31_since_2017-01-01.csv         2023-12-31
seit_2017-01-01_bis_2023-12-31/labs.csv      2023-12-31
since_2017-01-01/labs_2023-12-31.csv         2023-12-31
lab_2023-12-31.csv                           2023-12-31
Arab_2023-12-31.csv                          2023-12-31
31.01.2024/labs.csv                          2024-01-31
5.3.2024/labs.csv                            2024-03-05
labs_05.03.2024.csv                          2024-03-05
labs_seit_01.01.2017.csv                     -
labs_vom_01.01.2017_bis_31.12.2023.csv       2023-12-31
01.31.2024/labs.csv                          2024-01-31
31-01-2024/labs.csv                          2024-01-31
labs_01_31_2024.csv                          2024-01-31
labs_17_3_2024.csv                           2024-03-17
31-31-2024/labs.csv                          -
05-03-2024/labs.csv                          -
2024-1-31/labs.csv                           2024-01-31
2024年1月31日/labs.csv                       2024-01-31
检验_自2017年1月1日起.csv                    -
20240131120000_labs.csv                      2024-01-31
labs_202401312359.csv                        2024-01-31
labs_202401312460.csv                        -
labs_2024_1_2.csv                            -
labs_1.2024.01.31.csv                        2024-01-31
labs_2023-13-31.csv                          -
labs_1234567890.csv                          -
labs.csv                                     -
"""


@pytest.mark.parametrize("line", DAYS.strip().splitlines())
def test_the_day_of_a_delivery(line: str) -> None:
    file, day = line.rsplit(maxsplit=1)
    assert str(delivered_on(file.strip()) or "-") == day
