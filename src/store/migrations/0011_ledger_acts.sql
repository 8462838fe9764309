-- What exactly an act on the ledger closes: a line of a block of the record, or a concern that an earlier act raised.
-- The number people know it by stands in `target`.
ALTER TABLE acts ADD COLUMN item TEXT NOT NULL DEFAULT '';
