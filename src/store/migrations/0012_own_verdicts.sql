-- What each open pull request comes to by itself at the head it was last evaluated at. Pull requests with one head share
-- a check run; what it says is made of these.
CREATE TABLE own_verdicts (
    repo      BIGINT NOT NULL,
    number    BIGINT NOT NULL,
    head      TEXT   NOT NULL, -- empty: it is not open any more
    base      TEXT   NOT NULL,
    check_name TEXT  NOT NULL, -- empty: nothing is posted there
    state     TEXT   NOT NULL,
    title     TEXT   NOT NULL,
    said      BIGINT NOT NULL, -- 1: somebody whose word counts said something there
    author    BIGINT NOT NULL, -- account id; 0: not told
    login     TEXT   NOT NULL,
    waits_for TEXT   NOT NULL, -- JSON: numbers of pull requests that have to tell first
    owed      TEXT   NOT NULL, -- JSON: heads of which the other pull requests have to be told of a change
    PRIMARY KEY (repo, number)
);
CREATE INDEX own_verdicts_by_head ON own_verdicts (repo, head);
