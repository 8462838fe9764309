-- What an objection is about, whichever pull request it was raised in: the subject of the proposal alone.
-- Votes from before this step were mostly given where nothing was typed behind the proposal: there both are the same.
ALTER TABLE human_votes ADD COLUMN proposal TEXT NOT NULL DEFAULT '';
UPDATE human_votes SET proposal = subject;
CREATE INDEX human_votes_by_proposal ON human_votes (repo, proposal);

-- JSON: {ballot: subject} of the published texts that have more than the proposal.
ALTER TABLE discussions ADD COLUMN subject_of TEXT NOT NULL DEFAULT '{}';

-- Proposals that the files of open pull requests begin with: a vote on one of them concerns them all.
CREATE TABLE beginnings (
    repo     BIGINT NOT NULL,
    number   BIGINT NOT NULL,
    path     TEXT   NOT NULL,
    proposal TEXT   NOT NULL,
    PRIMARY KEY (repo, number, path, proposal)
);
CREATE INDEX beginnings_by_proposal ON beginnings (repo, proposal);

-- Where a block that stands on the base was written.
CREATE INDEX blocks_by_path ON blocks (repo, path);
