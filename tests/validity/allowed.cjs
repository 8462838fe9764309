// Where GitHub's description is wrong or narrower than GitHub: the operation, the problem, why it is none, and who
// says so. An entry that nothing needs any more is a violation itself.
'use strict';

const ENTRIES = [
    {
        operation: /./,
        problem: /^answer 422\/status is not described$/,
        reason: 'every error carries `status`; the description has it for `basic-error` but forgot `validation-error`',
        source: 'components/schemas/basic-error of the same description',
    },
    {
        operation: /^GET \/repos\/\{owner\}\/\{repo\}\/(pulls|commits)/,
        problem: /^answer 200(\/\*)?\/head\/repo must be object$/,
        reason: 'null once the fork is deleted',
        source: 'https://github.com/github/rest-api-description/issues/1811',
    },
    {
        operation: /^webhook (push|check_suite|merge_group)/,
        problem: /\/(author|committer)\/email must match format "email"$/,
        reason: 'bots commit as `slug[bot]@users.noreply.github.com`, which RFC 5321 would want in quotes',
        source: '@octokit/webhooks-examples: `41898282+github-actions[bot]@users.noreply.github.com`',
    },
    {
        operation: /^webhook check_suite\.rerequested$/,
        problem: /^body\/check_suite\/app\/events\/\* must be equal to one of the allowed values/,
        reason: 'the events of an App, `merge_group` missing; for `requested` and `completed` the same list has it',
        source: 'webhook-check-suite-requested and -completed of the same description',
    },
    {
        operation: /^(GET \/repos\/\{owner\}\/\{repo\}\/pulls\/\{pull_number\}\/comments|webhook pull_request_review_comment\.created)$/,
        problem: /^(answer 200\/\*|body\/comment)\/(original_)?(position|line) must be integer$/,
        reason: 'null for a comment on a whole file or on a line that changed since: it stands on no line',
        source: 'https://github.com/github/rest-api-description/issues/1901',
    },
    {
        operation: /^GET \/app\/installations$/,
        problem: /^answer 200\/\*\/account must (have required property '(name|slug|created_at|updated_at)'|be null)$/,
        reason: 'an account is a user, an organization or an enterprise; here it has to be all of them (`allOf`)',
        source: '`anyOf` in the schema `installation` of github/rest-api-description',
    },
    {
        operation: /^webhook pull_request_review\.edited$/,
        problem: /^body\/pull_request\/(base|head)\/repo\/(has_discussions|web_commit_signoff_required) is not described$/,
        reason: 'every repository has them; the same pull request has them where a review is submitted or dismissed',
        source: 'webhook-pull-request-review-submitted and -dismissed of the same description',
    },
    {
        operation: /^webhook issue_comment\.(created|edited|deleted)$/,
        problem: /^body\/issue\/user must be object$/,
        reason: 'null once the account is deleted; the second part of `allOf` names the member again and forgot that',
        source: 'the first part of the same `allOf`, type ["object", "null"]',
    },
];

class Allowed {
    #uses = ENTRIES.map(() => 0);

    covers(operation, problem) {
        const index = ENTRIES.findIndex((entry) => entry.operation.test(operation) && entry.problem.test(problem));
        if (index >= 0) this.#uses[index] += 1;
        return index >= 0;
    }

    used() {
        return this.#uses.reduce((sum, uses) => sum + uses, 0);
    }

    size() {
        return ENTRIES.length;
    }

    /** Entries that covered nothing. */
    idle() {
        return ENTRIES.filter((_, index) => this.#uses[index] === 0).map((entry) => `${entry.operation} ${entry.problem}`);
    }
}

module.exports = { Allowed };
