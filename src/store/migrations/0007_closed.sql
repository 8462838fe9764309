-- The text (64 hex digits, what people's votes bind to) whose verdict a closing commit wrote into the file, while that
-- verdict holds, and the Status line that was written.
ALTER TABLE discussions ADD COLUMN closed TEXT NOT NULL DEFAULT '';
ALTER TABLE discussions ADD COLUMN status TEXT NOT NULL DEFAULT '';
