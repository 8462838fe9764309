-- 1: parked because GitHub keeps the App away from the repository, until it does not any more.
ALTER TABLE jobs ADD COLUMN blocked BIGINT NOT NULL DEFAULT 0;
