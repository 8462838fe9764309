-- Discussions that somebody let go of after they had left a pull request: who, when, why. Rows are never deleted; one
-- whose discussion came back says so.
CREATE TABLE drops (
    id         {identity},
    repo       BIGINT NOT NULL,
    number     BIGINT NOT NULL,
    path       TEXT   NOT NULL,
    account    BIGINT NOT NULL,
    login      TEXT   NOT NULL,
    reason     TEXT   NOT NULL,
    base       TEXT   NOT NULL,
    stood      TEXT   NOT NULL, -- what had become of it: `the file was removed`
    source     TEXT   NOT NULL,
    link       TEXT   NOT NULL,
    dropped_at BIGINT NOT NULL, -- by GitHub's clock
    ended      TEXT,
    UNIQUE (repo, number, path, source)
);
