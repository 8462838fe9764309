// GraphQL documents, variables and answers by GitHub's public schema, with graphql-js.
'use strict';
const graphql = require('graphql');

/** User agent of requests that tests write by hand, often wrong on purpose. */
const BY_HAND = 'suite';
/** Forms of GitHub's own scalars as its reference describes them; other scalars may be anything. */
const SCALARS = {
    BigInt: (value) => /^-?\d+$/.test(value) && typeof value === 'string',
    Base64String: (value) => typeof value === 'string' && /^[A-Za-z0-9+/]*={0,2}$/.test(value),
    DateTime: (value) => typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(value),
    GitObjectID: (value) => typeof value === 'string' && /^[0-9a-f]{40}$/.test(value),
    GitTimestamp: (value) => typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$/.test(value),
    GitRefname: (value) => typeof value === 'string' && value.length > 0,
    HTML: (value) => typeof value === 'string',
    URI: (value) => typeof value === 'string' && URL.canParse(value),
};
/** https://docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api#node-limit */
const MOST_PER_PAGE = 100;

class Graphql {
    #schema;
    #parsed = new Map();

    constructor(text) {
        // GitHub's own text defines a field of an unrelated type twice.
        this.#schema = graphql.buildSchema(text, { assumeValidSDL: true });
        for (const [name, fits] of Object.entries(SCALARS)) this.#refine(name, fits);
    }

    #refine(name, fits) {
        const scalar = this.#schema.getType(name);
        if (!scalar) throw new Error(`the schema has no scalar ${name}`);
        scalar.parseValue = (value) => {
            if (!fits(value)) throw new graphql.GraphQLError(`${JSON.stringify(value)} is no ${name}`);
            return value;
        };
    }

    /** Operation, problems, and what was checked. */
    judge(exchange) {
        const { document, wrong } = this.#document(exchange);
        const refused = exchange.altered || exchange.status >= 400 || Boolean(exchange.answer?.errors);
        const byHand = exchange.sender === BY_HAND || exchange.sender === null;
        const checked = ['graphql documents'];
        if (wrong.length > 0 && byHand && refused) {
            checked.push('graphql documents that were wrong on purpose and refused');
            return { operation: 'graphql (wrong on purpose)', problems: [], checked };
        }
        const operation = document && graphql.getOperationAST(document, exchange.body.operationName);
        const problems = [...wrong];
        if (exchange.altered || exchange.status >= 400) {
            checked.push('graphql answers that a fault made or spoiled, or that refuse the caller, not checked');
        } else if (operation && wrong.length === 0) {
            checked.push('graphql answers');
            problems.push(...this.#answer(exchange, document, operation));
        }
        return { operation: `graphql ${operation ? describe(operation) : '(none)'}`, problems, checked };
    }

    #document(exchange) {
        const { body } = exchange;
        if (exchange.method !== 'POST') return { wrong: [`request by ${exchange.method}`] };
        if (typeof body?.query !== 'string') return { wrong: ['request without a query'] };
        const extra = Object.keys(body).filter((name) => !['query', 'variables', 'operationName'].includes(name));
        if (extra.length > 0) return { wrong: extra.map((name) => `request member ${name}`) };
        if (!this.#parsed.has(body.query)) this.#parsed.set(body.query, this.#parse(body.query));
        const { document, errors } = this.#parsed.get(body.query);
        const wrong = [...errors];
        const operation = document && graphql.getOperationAST(document, body.operationName);
        if (document && !operation) wrong.push('no operation, or several and none named');
        if (operation && errors.length === 0) wrong.push(...this.#variables(operation, body.variables ?? {}));
        return { document, wrong };
    }

    #parse(query) {
        try {
            const document = graphql.parse(query);
            const errors = graphql.validate(this.#schema, document).map((error) => `document: ${error.message}`);
            return { document, errors };
        } catch (error) {
            return { errors: [`document: ${error.message}`] };
        }
    }

    #variables(operation, given) {
        const declared = operation.variableDefinitions ?? [];
        const names = declared.map((one) => one.variable.name.value);
        const extra = Object.keys(given).filter((name) => !names.includes(name));
        const { errors } = graphql.getVariableValues(this.#schema, declared, given);
        return [
            ...extra.map((name) => `variable ${name} is not declared`),
            ...(errors ?? []).map((error) => `variables: ${error.message}`),
        ];
    }

    #answer(exchange, document, operation) {
        const { answer, status } = exchange;
        if (status !== 200) return [`answer ${status}`];
        const errors = answer?.errors ?? [];
        const shapeless = errors.filter((error) => typeof error.message !== 'string');
        const problems = shapeless.map(() => 'answer: an error without a message');
        for (const name of Object.keys(answer ?? {})) {
            if (!['data', 'errors', 'extensions'].includes(name)) problems.push(`answer member ${name}`);
        }
        // What GitHub refuses before it executes carries no path.
        if (answer?.data === undefined) return errors.length > 0 ? problems : [...problems, 'answer without data or errors'];
        const reader = new Reader(this.#schema, document, exchange.body.variables ?? {}, errors);
        const root = this.#schema.getRootType(operation.operation);
        if (answer.data === null && errors.length > 0) return problems;
        return [...problems, ...new Set(reader.object(root, [operation.selectionSet], answer.data, []))];
    }
}

/** Name of an operation, or the fields it starts with. */
function describe(operation) {
    const fields = operation.selectionSet.selections.map((one) => one.name?.value ?? '...');
    return `${operation.operation} ${operation.name?.value ?? `{${fields.join(' ')}}`}`;
}

/** Compares data with a selection. */
class Reader {
    constructor(schema, document, variables, errors) {
        this.schema = schema;
        this.variables = variables;
        this.errors = errors.filter((error) => error.path).map((error) => error.path.join('/'));
        const fragments = document.definitions.filter((one) => one.kind === graphql.Kind.FRAGMENT_DEFINITION);
        this.fragments = new Map(fragments.map((one) => [one.name.value, one]));
    }

    /** Fields that an object of that type must have: by answer name, the nodes asking for it. */
    #collect(type, sets, found = new Map()) {
        for (const node of sets.flatMap((set) => set.selections)) {
            if (!this.#included(node)) continue;
            if (node.kind === graphql.Kind.FIELD) {
                const name = (node.alias ?? node.name).value;
                found.set(name, [...(found.get(name) ?? []), node]);
                continue;
            }
            const inner = node.kind === graphql.Kind.FRAGMENT_SPREAD ? this.fragments.get(node.name.value) : node;
            const condition = inner.typeCondition ? this.schema.getType(inner.typeCondition.name.value) : type;
            const fits = condition === type || (graphql.isAbstractType(condition) && this.schema.isSubType(condition, type));
            if (fits) this.#collect(type, [inner.selectionSet], found);
        }
        return found;
    }

    #included(node) {
        const value = (directive) => {
            const values = graphql.getDirectiveValues(directive, node, this.variables);
            return values?.if;
        };
        return value(graphql.GraphQLSkipDirective) !== true && value(graphql.GraphQLIncludeDirective) !== false;
    }

    object(type, sets, data, path) {
        const where = `answer ${type.name}`;
        if (data === null || typeof data !== 'object' || Array.isArray(data)) return [`${where} is no object`];
        const wanted = this.#collect(type, sets);
        const extra = Object.keys(data).filter((name) => !wanted.has(name));
        const problems = extra.map((name) => `${where}.${name} was not asked for`);
        for (const [name, nodes] of wanted) {
            const field = nodes[0].name.value;
            const at = [...path, name];
            if (!(name in data)) {
                problems.push(`${where}.${field} is missing`);
            } else if (field === '__typename') {
                if (data[name] !== type.name) problems.push(`${where}.__typename is ${data[name]}`);
            } else {
                const definition = type.getFields()[field];
                problems.push(...this.#page(definition, nodes[0], where));
                const inner = nodes.map((node) => node.selectionSet).filter(Boolean);
                problems.push(...this.#value(definition.type, inner, data[name], at, `${where}.${field}`));
            }
        }
        return problems;
    }

    /** GitHub refuses connections without `first` or `last`, and more than 100 of anything. */
    #page(field, node, where) {
        if (!field.args.some((arg) => arg.name === 'first')) return [];
        const given = graphql.getArgumentValues(field, node, this.variables);
        const size = given.first ?? given.last;
        const fits = size >= 1 && size <= MOST_PER_PAGE;
        return fits ? [] : [`${where}.${field.name} asks for a page of ${size}`];
    }

    #value(type, sets, value, path, where) {
        if (graphql.isNonNullType(type)) {
            if (value === null) return [`${where} is null`];
            return this.#value(type.ofType, sets, value, path, where);
        }
        if (value === null) return [];
        if (graphql.isListType(type)) {
            if (!Array.isArray(value)) return [`${where} is no list`];
            return value.flatMap((item, index) => this.#value(type.ofType, sets, item, [...path, index], where));
        }
        if (graphql.isAbstractType(type)) return this.#abstract(type, sets, value, path, where);
        if (graphql.isObjectType(type)) return this.object(type, sets, value, path);
        if (graphql.isEnumType(type)) return type.getValue(value) ? [] : [`${where} is ${value}, which ${type.name} has not`];
        return this.#scalar(type, value) ? [] : [`${where} is no ${type.name}: ${JSON.stringify(value)}`];
    }

    /** Without `__typename` any possible type may be meant. */
    #abstract(type, sets, value, path, where) {
        const possible = this.schema.getPossibleTypes(type);
        const named = value.__typename && possible.filter((one) => one.name === value.__typename);
        if (named?.length === 0) return [`${where} is a ${value.__typename}, which is no ${type.name}`];
        let best;
        for (const one of named ?? possible) {
            const problems = this.object(one, sets, value, path);
            if (problems.length === 0) return [];
            if (!best || problems.length < best.length) best = problems;
        }
        return best;
    }

    #scalar(type, value) {
        switch (type.name) {
            case 'Int':
                return Number.isInteger(value) && Math.abs(value) < 2 ** 31;
            case 'Float':
                return typeof value === 'number';
            case 'Boolean':
                return typeof value === 'boolean';
            case 'String':
            case 'ID':
                return typeof value === 'string';
            default:
                return SCALARS[type.name]?.(value) ?? true;
        }
    }
}

module.exports = { Graphql };
