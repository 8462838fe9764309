// The sandbox's own GraphQL schema is a part of GitHub's: what it accepts and answers is not only as in the recorded
// queries, but as GitHub has it throughout.
'use strict';
const graphql = require('graphql');

const read = (text) => graphql.buildSchema(text, { assumeValidSDL: true });

/** Types and fields compared, and how the part differs from the whole. */
function compare(partText, wholeText) {
    const [part, whole] = [read(partText), read(wholeText)];
    const problems = [];
    let compared = 0;
    const same = (where, ours, theirs) => {
        compared += 1;
        if (!theirs) problems.push(`${where} is unknown to GitHub`);
        else if (ours.type && `${ours.type}` !== `${theirs.type}`) problems.push(`${where} is ${ours.type}, on GitHub ${theirs.type}`);
        else if (JSON.stringify(ours.defaultValue) !== JSON.stringify(theirs.defaultValue)) problems.push(`${where} has another default`);
        return theirs;
    };
    for (const type of Object.values(part.getTypeMap())) {
        if (type.name.startsWith('__') || graphql.isSpecifiedScalarType(type)) continue;
        const other = same(type.name, { name: type.name }, whole.getType(type.name));
        if (!other) continue;
        if (type.constructor !== other.constructor) {
            problems.push(`${type.name} is another kind of type`);
        } else if (graphql.isEnumType(type)) {
            for (const value of type.getValues()) same(`${type.name}.${value.name}`, {}, other.getValue(value.name));
        } else if (type.getFields) {
            for (const field of Object.values(type.getFields())) {
                const found = same(`${type.name}.${field.name}`, field, other.getFields()[field.name]);
                if (found) for (const arg of field.args ?? []) same(`${type.name}.${field.name}(${arg.name})`, arg, found.args.find((one) => one.name === arg.name));
            }
            for (const one of required(other)) if (!required(type).includes(one)) problems.push(`${type.name}: GitHub requires ${one}`);
        }
        for (const face of type.getInterfaces?.() ?? []) {
            if (!other.getInterfaces().some((one) => one.name === face.name)) problems.push(`${type.name} is no ${face.name} on GitHub`);
        }
    }
    return { compared, problems };
}

/** Members and arguments that cannot be left out. */
function required(type) {
    if (graphql.isInputObjectType(type)) return Object.values(type.getFields()).filter(graphql.isRequiredInputField).map((one) => one.name);
    return [];
}

/** Copies of a schema's text that GitHub's no longer covers. */
function* broken(text) {
    yield ['a field of another name', text.replace('nodeCount:', 'nodeCuont:')];
    yield ['a field of another type', text.replace('resetAt: DateTime!', 'resetAt: DateTime')];
    yield ['an argument of another type', text.replace('followRenames: Boolean =', 'followRenames: Boolean! =')];
    yield ['a type of another name', text.replaceAll('GitTimestamp', 'Timestamp')];
}

module.exports = { compare, broken };
