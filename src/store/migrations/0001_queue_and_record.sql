-- Times are milliseconds since the Unix epoch by the database's clock, unless said otherwise.

-- Webhook deliveries as received. The guid is what makes a redelivery a duplicate.
CREATE TABLE deliveries (
    guid        TEXT   NOT NULL PRIMARY KEY,
    event       TEXT   NOT NULL,
    body        {bytes} NOT NULL,
    received_at BIGINT NOT NULL
);
CREATE INDEX deliveries_by_age ON deliveries (received_at);

-- Units of work. A lane is one pull request. A finished job is deleted; its delivery stays.
CREATE TABLE jobs (
    id           {identity},
    public_id    TEXT   NOT NULL UNIQUE,
    lane         TEXT   NOT NULL,
    installation BIGINT NOT NULL,
    repo         BIGINT NOT NULL,
    owner        TEXT   NOT NULL,
    name         TEXT   NOT NULL,
    number       BIGINT NOT NULL,
    state        TEXT   NOT NULL CHECK (state IN ('waiting', 'running', 'parked')),
    run_at       BIGINT NOT NULL,
    attempts     BIGINT NOT NULL DEFAULT 0,
    token        BIGINT NOT NULL DEFAULT 0,
    holder       TEXT,
    lease_until  BIGINT,
    parked_at    BIGINT,
    last_error   TEXT,
    CHECK ((state = 'running') = (lease_until IS NOT NULL)),
    CHECK ((state = 'parked') = (parked_at IS NOT NULL))
);
-- The two rules of the queue, kept by the database whatever the code does.
CREATE UNIQUE INDEX jobs_one_running ON jobs (lane) WHERE state = 'running';
CREATE UNIQUE INDEX jobs_one_waiting ON jobs (lane) WHERE state = 'waiting';
CREATE INDEX jobs_by_state ON jobs (state, run_at);

-- What a job is to look at, in the order of arrival (its id).
CREATE TABLE job_events (
    id    {identity},
    job   BIGINT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    guid  TEXT   NOT NULL REFERENCES deliveries (guid),
    event TEXT   NOT NULL
);
CREATE INDEX job_events_by_job ON job_events (job, id);
CREATE INDEX job_events_by_guid ON job_events (guid);

-- Whose turn it is: a counter that grows with every claim.
CREATE TABLE installations (
    id     BIGINT NOT NULL PRIMARY KEY,
    served BIGINT NOT NULL
);

-- The record of a pull request, by the numbers that survive renames.
CREATE TABLE pulls (
    repo         BIGINT NOT NULL,
    number       BIGINT NOT NULL,
    checked_head TEXT   NOT NULL,
    conclusion   TEXT   NOT NULL,
    check_name   TEXT   NOT NULL,
    PRIMARY KEY (repo, number)
);

CREATE TABLE discussions (
    repo      BIGINT NOT NULL,
    number    BIGINT NOT NULL,
    path      TEXT   NOT NULL,
    phase     TEXT   NOT NULL,
    proposal  TEXT   NOT NULL,
    subject   TEXT   NOT NULL,
    rounds    BIGINT NOT NULL,
    published TEXT   NOT NULL, -- JSON: [[subject, ms], ...], oldest first
    PRIMARY KEY (repo, number, path)
);

CREATE TABLE blocks (
    repo     BIGINT NOT NULL,
    number   BIGINT NOT NULL,
    path     TEXT   NOT NULL,
    seq      BIGINT NOT NULL,
    hash     TEXT   NOT NULL,
    alias    TEXT   NOT NULL,
    vote     TEXT,
    subject  TEXT   NOT NULL,
    text     TEXT   NOT NULL,
    question TEXT,
    model    TEXT   NOT NULL,
    persona  TEXT   NOT NULL,
    job      TEXT   NOT NULL,
    base     TEXT   NOT NULL,
    anchors  TEXT   NOT NULL, -- JSON: [[remark, words of the proposal], ...]
    state    TEXT   NOT NULL CHECK (state IN ('pending', 'written', 'posted')),
    review   TEXT,
    CHECK ((state = 'posted') = (review IS NOT NULL)),
    PRIMARY KEY (repo, number, path, seq),
    UNIQUE (repo, number, path, hash)
);

CREATE TABLE human_votes (
    id      {identity},
    repo    BIGINT NOT NULL,
    number  BIGINT NOT NULL,
    path    TEXT   NOT NULL,
    account BIGINT NOT NULL,
    login   TEXT   NOT NULL,
    vote    TEXT   NOT NULL,
    subject TEXT   NOT NULL,
    reason  TEXT,
    source  TEXT   NOT NULL,
    link    TEXT   NOT NULL,
    cast_at BIGINT NOT NULL, -- by GitHub's clock
    void    TEXT,
    UNIQUE (repo, number, path, source, vote)
);

-- Replies that were paid for, by what was asked. Shared by all pull requests.
CREATE TABLE answers (
    key       TEXT   NOT NULL PRIMARY KEY,
    answer    TEXT   NOT NULL,
    stored_at BIGINT NOT NULL
);

-- Writes to the forge: the intent before the call, the result after it.
CREATE TABLE effects (
    repo        BIGINT NOT NULL,
    number      BIGINT NOT NULL,
    key         TEXT   NOT NULL,
    result      TEXT,
    intended_at BIGINT NOT NULL,
    PRIMARY KEY (repo, number, key)
);
