-- The text (64 hex digits, what people's votes bind to) whose verdict a closing commit wrote into the file.
ALTER TABLE discussions ADD COLUMN closed TEXT NOT NULL DEFAULT '';
