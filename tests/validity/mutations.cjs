// Recorded exchanges, broken: a judge that lets one of these pass could not fail at all.
'use strict';

/** A value that fits no other value's place. */
const odd = (value) => (Array.isArray(value) || (value !== null && typeof value === 'object') ? 'odd' : [{ odd: true }]);
const without = (object, name) => Object.fromEntries(Object.entries(object).filter(([other]) => other !== name));
const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);
const hasMembers = (value) => isObject(value) && Object.keys(value).length > 0;

/** Copies of an object (or of a list, with its first object) that each broke one member. */
function* brokenMembers(value, breaking) {
    if (Array.isArray(value) && isObject(value[0])) {
        for (const first of brokenMembers(value[0], breaking)) yield [first, ...value.slice(1)];
    } else if (isObject(value)) {
        for (const name of Object.keys(value)) yield breaking(value, name);
    }
}
/** What may be null may be left out as well. */
const withoutNulls = (object) => Object.fromEntries(Object.entries(object ?? {}).filter(([, value]) => value !== null));
const lost = (object, name) => without(object, name);
const retyped = (object, name) => ({ ...object, [name]: odd(object[name]) });

/** Deepest object of GraphQL data, with one member lost. */
function* brokenData(value) {
    if (Array.isArray(value)) {
        for (const inner of brokenData(value[0])) yield [inner, ...value.slice(1)];
    } else if (isObject(value)) {
        const names = Object.keys(value);
        const nested = names.filter((name) => value[name] !== null && typeof value[name] === 'object');
        for (const name of nested) for (const inner of brokenData(value[name])) yield { ...value, [name]: inner };
        // An object without any could be of a type that none of the fragments is for.
        if (names.length > 1) for (const name of names) yield without(value, name);
    }
}

/** Ways to break an exchange: name, where it applies, the broken exchanges, and whether each must be caught or one. */
const MUTATIONS = [
    { name: 'unknown route', kind: 'rest', each: true, *make(one) { yield { ...one, path: `/nonsense${one.path}` }; } },
    { name: 'unknown query parameter', kind: 'rest', each: true, *make(one) { yield { ...one, query: `${one.query}&nonsense=1` }; } },
    { name: 'page that is no number', kind: 'rest', each: true, *make(one) { if (/per_page=\d/.test(one.query)) yield { ...one, query: one.query.replace(/per_page=\d+/, 'per_page=all') }; } },
    { name: 'request without a user agent', kind: 'rest', each: true, *make(one) { yield { ...one, sender: null, status: 200 }; } },
    { name: 'body that is form data', kind: 'rest', each: true, *make(one) { if (one.body_bytes > 0) yield { ...one, media: 'application/x-www-form-urlencoded' }; } },
    { name: 'unknown member in the request body', kind: 'rest', each: true, *make(one) { if (isObject(one.body)) yield { ...one, body: { ...one.body, nonsense: 1 } }; } },
    { name: 'wrong type in the request body', kind: 'rest', each: true, *make(one) { for (const body of brokenMembers(one.body, retyped)) yield { ...one, body }; } },
    { name: 'member missing in the request body', kind: 'rest', *make(one) { for (const body of brokenMembers(one.body, lost)) if (needsBody(one)) yield { ...one, body }; } },
    { name: 'status that is not described', kind: 'rest', each: true, *make(one) { if (one.status < 300) yield { ...one, status: 207 }; } },
    { name: 'answer of another media type', kind: 'rest', each: true, *make(one) { if (one.answer_media) yield { ...one, answer_media: 'text/html' }; } },
    { name: 'member missing in the answer', kind: 'rest', *make(one) { if (one.status < 300 && needsAnswer(one)) for (const answer of brokenMembers(one.answer, lost)) yield { ...one, answer }; } },
    { name: 'wrong type in the answer', kind: 'rest', *make(one) { if (one.status < 300) for (const answer of brokenMembers(one.answer, retyped)) yield { ...one, answer }; } },
    { name: 'unknown member in the answer', kind: 'rest', each: true, *make(one) { if (hasMembers(one.answer) && one.status < 300) yield { ...one, answer: { ...one.answer, nonsense: 1 } }; } },
    { name: 'unknown field in the document', kind: 'graphql', each: true, *make(one) { yield query(one, (text) => text.replace('{', '{ nonsense ')); } },
    { name: 'document that does not parse', kind: 'graphql', each: true, *make(one) { yield query(one, (text) => `${text} }`); } },
    { name: 'variable that is not declared', kind: 'graphql', each: true, *make(one) { yield variables(one, { ...one.body.variables, nonsense: 1 }); } },
    { name: 'variable of a wrong type', kind: 'graphql', each: true, *make(one) { for (const changed of brokenMembers(one.body.variables, retyped)) yield variables(one, changed); } },
    { name: 'variable that is missing', kind: 'graphql', each: true, *make(one) { for (const changed of brokenMembers(withoutNulls(one.body.variables), lost)) yield variables(one, changed); } },
    { name: 'field missing in the data', kind: 'graphql', each: true, *make(one) { for (const data of brokenData(one.answer?.data)) yield { ...one, answer: { ...one.answer, data } }; } },
    { name: 'field in the data that nobody asked for', kind: 'graphql', each: true, *make(one) { if (one.answer?.data) yield { ...one, answer: { ...one.answer, data: { ...one.answer.data, nonsense: 1 } } }; } },
    { name: 'wrong type in the data', kind: 'graphql', each: true, *make(one) { for (const data of brokenMembers(one.answer?.data, retyped)) yield { ...one, answer: { data } }; } },
    { name: 'header missing', kind: 'webhook', each: true, *make(one) { for (const name of Object.keys(one.headers ?? {})) if (name.startsWith('x-')) yield { ...one, headers: without(one.headers, name) }; } },
    { name: 'signature of another form', kind: 'webhook', each: true, *make(one) { if (one.headers) yield { ...one, headers: { ...one.headers, 'x-hub-signature-256': 'sha1=00' } }; } },
    { name: 'member missing in the payload', kind: 'webhook', *make(one) { for (const body of brokenMembers(one.body, lost)) yield { ...one, body }; } },
    { name: 'wrong type in the payload', kind: 'webhook', each: true, *make(one) { for (const body of brokenMembers(one.body, retyped)) if (one.body.action === body.action) yield { ...one, body }; } },
    { name: 'unknown member in the payload', kind: 'webhook', each: true, *make(one) { yield { ...one, body: { ...one.body, nonsense: 1 } }; } },
];

const query = (one, change) => ({ ...one, body: { ...one.body, query: change(one.body.query) } });
const variables = (one, changed) => ({ ...one, body: { ...one.body, variables: changed } });
/** Every member of a request for a token or a review may be left out. */
const needsBody = (one) => !/\/(access_tokens|reviews)$/.test(one.path);
/** And of the answer about the App's webhook. */
const needsAnswer = (one) => !/\/app\/hook\/config$/.test(one.path);

/** Breaks one sound exchange of every operation in every way, says what was not caught, and whether all was. */
function mutate(exchanges, bench) {
    const samples = new Map();
    for (const exchange of exchanges) {
        const verdict = bench.judge(exchange);
        const key = `${verdict.operation} ${exchange.enterprise}`;
        const sound = verdict.problems.length === 0 && !exchange.altered;
        const told = !verdict.operation.includes('(') && (exchange.kind === 'webhook' || exchange.status < 300);
        if (sound && told && !exchange.answer?.errors && !samples.has(key)) samples.set(key, exchange);
    }
    let uncaught = 0;
    for (const { name, kind, each, make } of MUTATIONS) {
        let made = 0;
        let caught = 0;
        for (const [operation, sample] of samples) {
            if (sample.kind !== kind) continue;
            const outcomes = [...make(sample)].map((broken) => bench.judge(broken).problems.length > 0);
            const missed = each ? outcomes.some((seen) => !seen) : outcomes.length > 0 && !outcomes.some((seen) => seen);
            made += outcomes.length;
            caught += outcomes.filter(Boolean).length;
            if (missed) {
                uncaught += 1;
                console.log(`NOT CAUGHT ${name}: ${operation}`);
            }
        }
        if (made === 0) {
            uncaught += 1;
            console.log(`NOT TRIED ${name}`);
        }
        const whole = each ? '' : ' (the others are optional; at least one for each operation)';
        console.log(`  ${String(caught).padStart(5)} of ${made} caught: ${kind}, ${name}${whole}`);
    }
    console.log(`broken exchanges of ${samples.size} operations in ${MUTATIONS.length} ways, ways not caught ${uncaught}`);
    return uncaught === 0;
}

module.exports = { mutate };
