"""Many sites, one answer: statistics travel, rows stay.

Belongs here: what a site gives of itself (`packs`), and what many sites say together (`combine`).
Does not belong here: what a site may give (`privacy.site_packs`), how files travel (any folder).
"""
