-- What a pull request looked like when it was last evaluated, so that a sweep can tell without asking about each.
ALTER TABLE pulls ADD COLUMN base TEXT NOT NULL DEFAULT '';
ALTER TABLE pulls ADD COLUMN seen TEXT NOT NULL DEFAULT '';
ALTER TABLE pulls ADD COLUMN seen_at BIGINT NOT NULL DEFAULT 0;

-- 1: ready later only so that many jobs do not come at once; whatever happens meanwhile makes it ready.
ALTER TABLE jobs ADD COLUMN paced BIGINT NOT NULL DEFAULT 0;

-- Deliveries that failed and were asked for again.
CREATE TABLE redeliveries (
    guid     TEXT   NOT NULL PRIMARY KEY,
    asked    BIGINT NOT NULL, -- how often
    asked_at BIGINT NOT NULL
);
