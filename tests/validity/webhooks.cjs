// Deliveries by GitHub's OpenAPI description of its webhooks.
'use strict';
const { Schemas } = require('./schemas.cjs');

/** Headers of any HTTP request with a JSON body. */
const ORDINARY = ['accept', 'content-type'];
/** What the described headers look like; the description only calls them strings. */
const FORMS = {
    'x-github-delivery': /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
    'x-github-hook-id': /^\d+$/,
    'x-github-hook-installation-target-id': /^\d+$/,
    'x-hub-signature-256': /^sha256=[0-9a-f]{64}$/,
    'user-agent': /^GitHub-Hookshot\//,
    'content-type': /^application\/json$/,
};

class Webhooks {
    #schemas;

    constructor(description) {
        this.#schemas = new Schemas(description);
    }

    /** Operation, problems, and what was checked. */
    judge(exchange) {
        const action = exchange.body?.action;
        const operation = `webhook ${exchange.event}${action ? `.${action}` : ''}`;
        const name = [exchange.event, action].filter(Boolean).join('-').replaceAll('_', '-');
        const described = this.#schemas.document.webhooks[name]?.post;
        if (!described) return { operation: `${operation} (no description)`, problems: [], checked: ['webhooks without a description'] };
        const { schema } = described.requestBody.content['application/json'];
        const problems = this.#schemas.problems(schema, exchange.body, 'body');
        // Nobody had set up a hook: only the body was made.
        if (exchange.headers === null) return { operation, problems, checked: ['webhook bodies that were not sent'] };
        problems.push(...this.#headers(exchange, described.parameters));
        return { operation, problems, checked: ['webhooks'] };
    }

    #headers(exchange, described) {
        const { headers } = exchange;
        const names = described.filter((one) => one.in === 'header').map((one) => ({ ...one, name: one.name.toLowerCase() }));
        const missing = names.filter((one) => one.required && headers[one.name] === undefined);
        const unknown = Object.keys(headers).filter((name) => !ORDINARY.includes(name) && !names.some((one) => one.name === name));
        const odd = Object.entries(FORMS).filter(([name, form]) => headers[name] !== undefined && !form.test(headers[name]));
        const problems = [
            ...missing.map((one) => `header ${one.name} is missing`),
            ...unknown.map((name) => `header ${name} is not described`),
            ...odd.map(([name]) => `header ${name} has another form`),
        ];
        if (headers['x-github-event'] !== exchange.event) problems.push('header x-github-event names another event');
        return problems;
    }
}

module.exports = { Webhooks };
