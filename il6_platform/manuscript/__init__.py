"""What an author takes: Word, workbook, checklists, methods."""
