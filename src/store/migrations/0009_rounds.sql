-- What is kept of the rounds of a job so that they can be gone through again; deleted with age.
CREATE TABLE rounds (
    job     TEXT   NOT NULL, -- public id
    path    TEXT   NOT NULL,
    attempt BIGINT NOT NULL, -- which try of the job
    kept_at BIGINT NOT NULL,
    repo    BIGINT NOT NULL,
    owner   TEXT   NOT NULL,
    name    TEXT   NOT NULL,
    number  BIGINT NOT NULL,
    round   TEXT   NOT NULL, -- JSON: what was shown, and what came of it
    verdict TEXT,            -- JSON: what the verdict was made of, and what it was
    PRIMARY KEY (job, path, attempt)
);
CREATE INDEX rounds_by_age ON rounds (kept_at);
