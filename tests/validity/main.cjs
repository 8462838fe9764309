// Judges what the suite's sandboxes and their clients said to each other by the descriptions that GitHub publishes:
// `@octokit/openapi` (REST), `@octokit/graphql-schema` (GraphQL), `@octokit/openapi-webhooks` (deliveries). So neither
// the fake GitHub nor our client can drift from GitHub unseen.
//
// By hand, for a part of the suite (PACKAGES: those that `.ci/run` installs for this):
//
//   npm install --no-save --prefix /tmp/validators PACKAGES
//   rm -rf /tmp/exchanges; EXCHANGES_DIR=/tmp/exchanges cargo test sandbox::
//   NODE_PATH=/tmp/validators/node_modules node tests/validity/main.cjs part /tmp/exchanges
//
// `part` judges every recorded exchange and ends with 1 if one breaks a description. `check` is for the whole suite, as
// `.ci/run` records it: it also ends with 1 if requests, queries or deliveries of github.com or of Enterprise are
// missing, or if something is allowed (`allowed.cjs`) that nobody does any more. `mutate` breaks recorded exchanges in
// every way that `mutations.cjs` knows and ends with 1 if one of them is not caught. 2: it could not run.
//
// GitHub publishes no package with the GraphQL schema of Enterprise; its documents are judged by that of github.com. Our
// queries' youngest field, `PullRequestReview.fullDatabaseId`, is in the schema of Enterprise Server 3.17
// (github/docs, src/graphql/data/ghes-3.17), the oldest version that `@octokit/openapi` describes.
//
// Node, because graphql-js is GraphQL's reference implementation and Ajv the validator most used for JSON Schema.
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { Allowed } = require('./allowed.cjs');
const { mutate } = require('./mutations.cjs');

/** The description of GitHub Enterprise Server that is judged by; the sandbox calls itself the same. */
const ENTERPRISE = 'ghes-3.19';
/** So many violations are printed in full. */
const SHOWN = 100;
/** What the whole suite cannot leave out. */
const EXPECTED = ['rest requests', 'rest answers', 'graphql documents', 'graphql answers', 'webhooks'];
const RECEIPT = /<!-- receipt: [A-Za-z0-9_.-]+ -->/g;
const SECRET = /ghs_[A-Za-z0-9._-]{36,}|eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.|PRIVATE KEY-----/;

class Unusable extends Error {}

/** GitHub's schema. Its package can only be imported, and imports do not look at NODE_PATH; it lies beside graphql-js. */
function publicSchema() {
    const graphql = path.dirname(require.resolve('graphql/package.json'));
    return fs.readFileSync(path.join(graphql, '../@octokit/graphql-schema/schema.graphql'), 'utf8');
}

const OWN_SCHEMA = path.join(__dirname, '../../src/sandbox/graphql/schema.graphql');

/** How the sandbox's own GraphQL schema differs from GitHub's. */
function compareSchemas(text) {
    return require('./subset.cjs').compare(text, publicSchema());
}

/** The judge of an exchange, made when first needed: descriptions take a second each to load. */
class Bench {
    #judges = new Map();

    judge(exchange) {
        const { kind, enterprise } = exchange;
        const key = kind === 'graphql' ? kind : `${kind}${enterprise}`;
        if (!this.#judges.has(key)) this.#judges.set(key, this.#make(kind, enterprise));
        return this.#judges.get(key).judge(exchange);
    }

    #make(kind, enterprise) {
        const description = enterprise ? ENTERPRISE : 'api.github.com';
        // The judges need the packages, and a missing one is to be told, not thrown.
        switch (kind) {
            case 'rest':
                return new (require('./rest.cjs').Rest)(require(`@octokit/openapi/generated/${description}.json`));
            case 'webhook':
                return new (require('./webhooks.cjs').Webhooks)(require(`@octokit/openapi-webhooks/generated/${description}.json`));
            case 'graphql':
                return new (require('./graphql.cjs').Graphql)(publicSchema());
            default:
                throw new Unusable(`an exchange of kind ${JSON.stringify(kind)}`);
        }
    }
}

/** Every recorded exchange below a folder, with `test` telling whose it is. */
function* recorded(folder) {
    for (const entry of fs.readdirSync(folder, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || !entry.name.endsWith('.jsonl')) continue;
        const file = path.join(entry.parentPath ?? entry.path, entry.name);
        const lines = fs.readFileSync(file, 'utf8').split('\n').filter(Boolean);
        for (const [index, line] of lines.entries()) {
            let exchange;
            try {
                exchange = JSON.parse(line);
            } catch (error) {
                throw new Unusable(`${file}:${index + 1}: not JSON: ${error.message}`);
            }
            exchange.test = entry.name.split('.')[0];
            // A receipt is a token too, and meant for everybody.
            exchange.secret = SECRET.test(line.replace(RECEIPT, ''));
            yield exchange;
        }
    }
}

/** Counts, operations and violations of everything recorded. */
function check(folder) {
    const bench = new Bench();
    const allowed = new Allowed();
    const counts = new Map([['github.com: webhooks without a description', 0], ['enterprise: webhooks without a description', 0]]);
    const operations = new Map();
    const violations = new Map();
    const count = (name) => counts.set(name, (counts.get(name) ?? 0) + 1);
    for (const exchange of recorded(folder)) {
        const verdict = bench.judge(exchange);
        const flavour = exchange.enterprise ? 'enterprise' : 'github.com';
        for (const what of verdict.checked) count(`${flavour}: ${what}`);
        operations.set(verdict.operation, (operations.get(verdict.operation) ?? 0) + 1);
        const problems = verdict.problems.filter((problem) => !allowed.covers(verdict.operation, problem));
        if (exchange.secret) problems.push('a secret was written down');
        for (const problem of problems) {
            const key = `${verdict.operation}: ${problem}`;
            const seen = violations.get(key) ?? { times: 0, tests: new Set() };
            seen.times += 1;
            seen.tests.add(exchange.test);
            violations.set(key, seen);
        }
    }
    const schemas = compareSchemas(fs.readFileSync(OWN_SCHEMA, 'utf8'));
    counts.set('types, fields and arguments of our GraphQL schema', schemas.compared);
    for (const problem of schemas.problems) violations.set(`our GraphQL schema: ${problem}`, { times: 1, tests: new Set() });
    return { counts, operations, violations, allowed };
}

/** Whether each change of our schema is caught. */
function mutateSchema() {
    const text = fs.readFileSync(OWN_SCHEMA, 'utf8');
    const missed = [...require('./subset.cjs').broken(text)].filter(
        ([, changed]) => changed === text || compareSchemas(changed).problems.length === 0,
    );
    for (const [name] of missed) console.log(`NOT CAUGHT our GraphQL schema: ${name}`);
    return missed.length === 0;
}

function report({ counts, operations, violations, allowed }, whole) {
    console.log('Operations:');
    for (const [name, times] of [...operations].sort()) console.log(`  ${String(times).padStart(6)}  ${name}`);
    for (const [problem, { times, tests }] of [...violations].slice(0, SHOWN)) {
        const some = [...tests].slice(0, 3).join(', ');
        console.log(`VIOLATION ${problem}\n  ${times} times, in ${tests.size} tests: ${some}`);
    }
    if (violations.size > SHOWN) console.log(`... and ${violations.size - SHOWN} more`);
    const expected = ['github.com', 'enterprise'].flatMap((flavour) => EXPECTED.map((what) => `${flavour}: ${what}`));
    const missing = whole ? expected.filter((what) => !counts.has(what)) : operations.size === 0 ? ['anything'] : [];
    for (const what of missing) console.log(`VIOLATION nothing was recorded of ${what}`);
    const idle = whole ? allowed.idle() : [];
    for (const entry of idle) console.log(`VIOLATION allowed, but nobody does it: ${entry}`);
    console.log('Checked:');
    for (const [what, times] of [...counts].sort()) console.log(`  ${String(times).padStart(6)}  ${what}`);
    console.log(`  ${String(allowed.used()).padStart(6)}  problems allowed, for ${allowed.size()} reasons`);
    const wrong = violations.size + missing.length + idle.length;
    console.log(`distinct operations ${operations.size}, violations ${wrong}`);
    return wrong === 0;
}

function main([task, folder]) {
    if (!['check', 'part', 'mutate'].includes(task) || !folder) throw new Unusable('usage: main.cjs check|part|mutate FOLDER');
    if (!fs.existsSync(folder)) throw new Unusable(`${folder} is not there: run the tests with EXCHANGES_DIR first`);
    if (task !== 'mutate') return report(check(folder), task === 'check');
    const schema = mutateSchema();
    return mutate(recorded(folder), new Bench()) && schema;
}

try {
    process.exitCode = main(process.argv.slice(2)) ? 0 : 1;
} catch (error) {
    const uninstalled = error.code === 'MODULE_NOT_FOUND';
    console.error(error instanceof Unusable || uninstalled ? error.message.split('\n')[0] : error);
    if (uninstalled) console.error('Install the packages and set NODE_PATH, as the top of tests/validity/main.cjs says.');
    process.exitCode = 2;
}
