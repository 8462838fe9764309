// OpenAPI documents as JSON Schema for Ajv, and the search for members that no schema knows.
'use strict';
const Ajv = require('ajv/dist/2020').default;
const formats = require('ajv-formats').default;

/** Key under which the document is known to Ajv. */
const ROOT = 'described';
/** Formats that GitHub uses and nobody defines. */
const UNDEFINED_FORMATS = ['repo.nwo', 'timestamp'];

/** A part of an OpenAPI document as JSON Schema: 3.0's `nullable` spelled out, references made absolute. */
function converted(node) {
    if (Array.isArray(node)) return node.map(converted);
    if (node === null || typeof node !== 'object') return node;
    const copy = {};
    for (const [name, value] of Object.entries(node)) {
        const reference = name === '$ref' && typeof value === 'string';
        copy[name] = reference ? `${ROOT}${value}` : converted(value);
    }
    if (copy.nullable !== true) return copy;
    delete copy.nullable;
    if (typeof copy.type === 'string') {
        copy.type = [copy.type, 'null'];
        if (copy.enum && !copy.enum.includes(null)) copy.enum.push(null);
        return copy;
    }
    return { anyOf: [copy, { type: 'null' }] };
}

class Schemas {
    #document;
    #strict;
    #lenient;
    #compiled = new Map();

    constructor(document) {
        this.#document = converted(document);
        const make = (coerceTypes) => {
            const ajv = new Ajv({ strict: false, validateSchema: false, allErrors: true, coerceTypes, logger: false });
            formats(ajv);
            for (const format of UNDEFINED_FORMATS) ajv.addFormat(format, true);
            return ajv.addSchema(this.#document, ROOT);
        };
        this.#strict = make(false);
        // Query and path parameters are text.
        this.#lenient = make(true);
    }

    /** The document, converted. */
    get document() {
        return this.#document;
    }

    /** What a reference leads to; anything else as it is. */
    follow(node) {
        while (node?.$ref) {
            const names = node.$ref.slice(node.$ref.indexOf('#') + 2).split('/');
            node = names.reduce((at, name) => at?.[name.replaceAll('~1', '/').replaceAll('~0', '~')], this.#document);
        }
        return node;
    }

    /** How a value breaks a schema, one line each, and the members the schema does not know. */
    problems(schema, value, where) {
        return [...this.#run(this.#strict, schema, value, where), ...this.unknown(schema, value, where)];
    }

    /** The same for the text of a parameter. */
    parameter(schema, text, where) {
        return this.#run(this.#lenient, { type: 'object', properties: { it: schema } }, { it: text }, where);
    }

    #run(ajv, schema, value, where) {
        const key = JSON.stringify(schema) + (ajv === this.#strict);
        if (!this.#compiled.has(key)) this.#compiled.set(key, ajv.compile(schema));
        const validate = this.#compiled.get(key);
        if (validate(value)) return [];
        // An error of a branch is also told as one of the whole; the deepest say most.
        const told = validate.errors.filter((error) => !['anyOf', 'oneOf', 'if'].includes(error.keyword));
        const errors = told.length > 0 ? told : validate.errors;
        return [...new Set(errors.map((error) => {
            const at = error.instancePath.replace(/\/\d+(?=\/|$)/g, '/*');
            const more = error.params.allowedValues ? ` (${error.params.allowedValues.join(', ')})` : '';
            const name = error.params.additionalProperty ? `: ${error.params.additionalProperty}` : '';
            return `${where}${at} ${error.message}${name}${more}`;
        }))];
    }

    /** Members of a value that none of its schemas names, wherever schemas name any. */
    unknown(schema, value, where) {
        if (value === null || typeof value !== 'object') return [];
        const parts = this.#parts(schema);
        if (Array.isArray(value)) {
            const items = parts.map((part) => part.items).filter(Boolean);
            if (items.length === 0) return [];
            return [...new Set(value.flatMap((item) => this.unknown({ anyOf: items }, item, `${where}/*`)))];
        }
        const named = parts.filter((part) => part.properties);
        const open = parts.some((part) => part.patternProperties || typeof part.additionalProperties === 'object');
        if (named.length === 0 || open) return [];
        return Object.entries(value).flatMap(([name, member]) => {
            const schemas = named.map((part) => part.properties[name]).filter((part) => part !== undefined);
            if (schemas.length === 0) return [`${where}/${name} is not described`];
            return this.unknown({ anyOf: schemas }, member, `${where}/${name}`);
        });
    }

    /** A schema and everything it is put together from. */
    #parts(schema, found = new Set()) {
        const part = this.follow(schema);
        if (part === null || typeof part !== 'object' || found.has(part)) return [...found];
        found.add(part);
        for (const word of ['allOf', 'anyOf', 'oneOf']) for (const branch of part[word] ?? []) this.#parts(branch, found);
        return [...found];
    }
}

module.exports = { Schemas };
