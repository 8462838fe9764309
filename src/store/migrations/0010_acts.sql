-- What people did to a discussion other than by votes: holds, releases, pauses, overrides. Rows are never changed or
-- deleted; what counts follows from all of them in order.
CREATE TABLE acts (
    id      {identity},
    repo    BIGINT NOT NULL,
    number  BIGINT NOT NULL,
    path    TEXT   NOT NULL,
    verb    TEXT   NOT NULL,
    target  TEXT   NOT NULL, -- what it is about, where the verb alone does not say
    text    TEXT   NOT NULL, -- the reason
    account BIGINT NOT NULL,
    login   TEXT   NOT NULL,
    base    TEXT   NOT NULL, -- base branch at that time
    did     TEXT   NOT NULL, -- chain of receipts at that time; empty: none yet
    subject TEXT   NOT NULL, -- what people's votes bound to at that time
    source  TEXT   NOT NULL,
    link    TEXT   NOT NULL,
    said_at BIGINT NOT NULL, -- by GitHub's clock
    UNIQUE (repo, number, path, source)
);
