"""Who is reached and who not: rows of every source, judged inside the embedded engine. Read only."""
