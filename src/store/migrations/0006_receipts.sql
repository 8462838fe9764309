-- The chain a block belongs to, and its receipt once it is signed.
ALTER TABLE blocks ADD COLUMN did TEXT NOT NULL DEFAULT '';
ALTER TABLE blocks ADD COLUMN receipt TEXT;
ALTER TABLE blocks ADD COLUMN receipt_seq BIGINT;

-- JSON: {base branch: chain}, and how often replies that a push dropped were put back.
ALTER TABLE discussions ADD COLUMN chains TEXT NOT NULL DEFAULT '{}';
ALTER TABLE discussions ADD COLUMN restored BIGINT NOT NULL DEFAULT 0;
-- Who reset the discussion last, and why.
ALTER TABLE discussions ADD COLUMN reset_by TEXT;
