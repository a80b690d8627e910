"""What was done to each user's data: one append-only row for each change (docs/CONTRACT.md section 4)."""
