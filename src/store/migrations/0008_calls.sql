-- Requests to models, one a row. Announced with the most that it can take before it is made, so that it counts whatever
-- happens; settled with what it took. Rows stay; the words in `said` are deleted with age.
CREATE TABLE calls (
    id           {identity},
    job          TEXT   NOT NULL, -- public id
    called_at    BIGINT NOT NULL,
    repo         BIGINT NOT NULL,
    owner        TEXT   NOT NULL,
    name         TEXT   NOT NULL,
    number       BIGINT NOT NULL,
    path         TEXT   NOT NULL,
    persona      TEXT   NOT NULL,
    model        TEXT   NOT NULL,
    request      TEXT   NOT NULL, -- SHA-256 of what was sent
    is_question  BIGINT NOT NULL,
    -- The most it could take: tokens, and nano-dollars where its price is known.
    most_input   BIGINT NOT NULL,
    most_output  BIGINT NOT NULL,
    most_cost    BIGINT,
    -- What counts: the most until it is settled, then what it took.
    input        BIGINT NOT NULL,
    cached       BIGINT NOT NULL,
    cache_writes BIGINT NOT NULL,
    output       BIGINT NOT NULL,
    cost         BIGINT,
    lost         BIGINT NOT NULL DEFAULT 0, -- how often it was sent without learning what that took
    said         TEXT,                      -- the model's words, or why there are none
    failed       BIGINT NOT NULL DEFAULT 0, -- 1: there are none
    settled      BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX calls_by_pull ON calls (repo, number);
CREATE INDEX calls_by_time ON calls (repo, called_at);
CREATE INDEX calls_by_job ON calls (job);
CREATE INDEX calls_with_words ON calls (called_at) WHERE said IS NOT NULL;

-- How many requests a repository announced. Writing it makes them wait for each other, so that two cannot both take
-- what is left for one.
CREATE TABLE spenders (
    repo  BIGINT NOT NULL PRIMARY KEY,
    calls BIGINT NOT NULL
);
