"""The rule book: Great Expectations suites, one module a table, and what breaking a rule means."""
