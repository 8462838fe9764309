-- Until when no job of an installation is begun, because GitHub limits it. Milliseconds; null: never was.
ALTER TABLE installations ADD COLUMN held_until BIGINT;
