// REST requests and answers by GitHub's OpenAPI description.
'use strict';
const { Schemas } = require('./schemas.cjs');

/** User agent of requests that tests write by hand, often wrong on purpose. */
const BY_HAND = 'suite';
/** What GitHub answers with where an operation does not list an error. */
const PLAIN_ERROR = { $ref: 'described#/components/schemas/basic-error' };
/** Media types of bytes as they are: https://docs.github.com/rest/using-the-rest-api/getting-started-with-the-rest-api#media-types */
const RAW = 'application/vnd.github.raw+json';

class Rest {
    #schemas;
    #routes;

    constructor(description) {
        this.#schemas = new Schemas(description);
        this.#routes = Object.entries(this.#schemas.document.paths).map(([template, methods]) => this.#route(template, methods));
        // Words before parameters, as `/issues/comments` could be an `/issues/{issue_number}`; longer before shorter, as
        // `/commits/{ref}` would take `/commits/main/check-runs` with it.
        this.#routes.sort((a, b) => (a.order < b.order ? -1 : 1));
    }

    #route(template, methods) {
        const parameters = Object.values(methods).flatMap((operation) => operation.parameters ?? []);
        const many = parameters.map((parameter) => this.#schemas.follow(parameter)).filter((one) => one['x-multi-segment']);
        const names = [];
        const pattern = template.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{(\w+)\}/g, (_, name) => {
            names.push(name);
            return many.some((one) => one.name === name) ? '(.+)' : '([^/]+)';
        });
        const words = template.split('/').map((segment) => (segment.includes('{') ? '~' : `!${segment}`));
        const order = `${words.join('/')}~`;
        return { template, methods, names, pattern: new RegExp(`^${pattern}$`), order };
    }

    /** Operation, problems, and what was checked. */
    judge(exchange) {
        const method = exchange.method.toLowerCase();
        const found = this.#find(exchange, method);
        if (!found) return this.#unknown(exchange);
        const { operation, parameters, name } = found;
        const wrong = this.#request(exchange, operation, parameters);
        const checked = ['rest requests'];
        const problems = this.#excused(exchange, wrong);
        if (exchange.altered) {
            checked.push('rest answers that a fault made or spoiled, not checked');
        } else {
            checked.push('rest answers');
            problems.push(...this.#answer(exchange, operation));
        }
        if (wrong.length > 0 && problems.length === 0) checked.push('rest requests that were wrong on purpose and refused');
        return { operation: name, problems, checked };
    }

    #unknown(exchange) {
        const checked = ['rest requests'];
        const wrong = ['request: no such operation is described'];
        const problems = this.#excused(exchange, wrong);
        if (problems.length === 0) checked.push('rest requests that were wrong on purpose and refused');
        return { operation: problems.length > 0 ? `${exchange.method} ${exchange.path}` : '(no operation)', problems, checked };
    }

    /** A test may send nonsense, as long as the sandbox refuses it. */
    #excused(exchange, problems) {
        const refused = exchange.status >= 300 || exchange.altered;
        if (exchange.sender !== BY_HAND && exchange.sender !== null) return problems;
        if (refused) return [];
        return problems.map((problem) => `accepted although ${problem}`);
    }

    #find(exchange, method) {
        let path = exchange.path;
        if (exchange.enterprise) {
            if (!path.startsWith('/api/v3/')) return undefined;
            path = path.slice('/api/v3'.length);
        }
        // Where redirects of renamed repositories lead; the description has no such addresses.
        path = path.replace(/^\/repositories\/\d+/, '/repos/moved/moved');
        for (const route of this.#routes) {
            const operation = route.methods[method];
            const match = operation && route.pattern.exec(path);
            if (!match) continue;
            const parameters = Object.fromEntries(route.names.map((name, index) => [name, decodeURIComponent(match[index + 1])]));
            return { operation, parameters, name: `${exchange.method} ${route.template}` };
        }
        return undefined;
    }

    #request(exchange, operation, path) {
        const declared = (operation.parameters ?? []).map((parameter) => this.#schemas.follow(parameter));
        const query = Object.fromEntries(new URLSearchParams(exchange.query));
        const problems = [];
        for (const parameter of declared.filter((one) => one.in === 'path' || one.in === 'query')) {
            const value = (parameter.in === 'path' ? path : query)[parameter.name];
            const where = `request ${parameter.in} ${parameter.name}`;
            if (value !== undefined) problems.push(...this.#schemas.parameter(parameter.schema, value, where));
            else if (parameter.required) problems.push(`${where} is missing`);
        }
        for (const name of Object.keys(query)) {
            const known = declared.some((one) => one.in === 'query' && one.name === name);
            if (!known) problems.push(`request query ${name} is not described`);
        }
        if (!exchange.sender) problems.push('request without a user agent');
        return [...problems, ...this.#body(exchange, operation.requestBody)];
    }

    #body(exchange, described) {
        if (exchange.body_bytes === 0) return described?.required ? ['request body is missing'] : [];
        const content = this.#schemas.follow(described)?.content;
        if (!content) return ['request body is not described'];
        const media = (exchange.media ?? '').split(';')[0];
        if (!content[media]) return [`request body has the media type ${media || 'none'}`];
        if (exchange.body === null) return ['request body is not JSON'];
        return this.#schemas.problems(content[media].schema, exchange.body, 'request body');
    }

    #answer(exchange, operation) {
        const { status, answer, answer_media: media } = exchange;
        const listed = this.#schemas.follow(operation.responses[status]);
        // Errors and redirects that every operation may answer with are listed for few.
        if (!listed && status < 300) return [`answer ${status} is not described`];
        const content = listed ? listed.content : { 'application/json': { schema: PLAIN_ERROR } };
        if (!content) return media === null ? [] : [`answer ${status} has a body (${media})`];
        if (media === null) return [`answer ${status} has no body`];
        const type = media.split(';')[0];
        if (type === RAW && exchange.accept.includes('raw')) return [];
        if (!content[type]) return [`answer ${status} has the media type ${type}, not ${Object.keys(content).join(' or ')}`];
        return this.#schemas.problems(content[type].schema, answer, `answer ${status}`);
    }
}

module.exports = { Rest };
