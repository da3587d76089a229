// Random JSON schemas, texts that fit them and texts that do not, as ajv judges them; and what Espalier writes for the same schemas.
//
//   node schemas.mjs make PACKAGES COUNT SEED FILE       schemas with texts, one a line
//   ESPALIER_SCHEMA_CASES=FILE ./test --filter JudgedSchema      takes what fits, refuses what does not, and writes FILE.written
//   node schemas.mjs check PACKAGES FILE                 judges what FILE.written says was written; exit code 1 where it does not fit
//
// tests/golden/schemas/cases.jsonl is `make PACKAGES 200 1`.

import fs from "node:fs";
import path from "node:path";
import {createRequire} from "node:module";

const [action, packages, ...args] = process.argv.slice(2);
const require = createRequire(path.resolve(packages ?? ".", "x.js"));
const Ajv = require("ajv/dist/2020.js").default, formats = require("ajv-formats").default;
const ajv = new Ajv({strict: false, allErrors: false});
formats(ajv);
// ajv divides in float64, which says of 75911257247 that it is no multiple of 0.07: decimals are divided exactly here.
ajv.removeKeyword("multipleOf");
ajv.addKeyword({keyword: "multipleOf", type: "number", validate: (step, value) => isMultiple(value, step)});
// Parts of patterns, each with texts that it matches.
const pieces = [
    ["[a-c]+", "a", "cab"], ["\\d{2,4}", "12", "0987"], ["(?:foo|ba[rz])", "foo", "baz"], ["x?", "", "x"], ["\\p{Lu}", "Ä", "Z"], ["[^a-z\\n]", "A", "é", "\""],
    ["\\w*", "", "a_9"], ["\\s", " ", "\n", "\u00a0"], [".", "q", "\\"], ["(é|ß)", "é", "ß"], ["\\u{1F600}", "😀"], ["[\\u0430-\\u044f😀-😎]{1,2}", "б", "😃я"],
    ["(?<year>[12]\\d{3}){1,2}", "1999"], ["\\S+?", "abc", "\"x\""], ["-", "-"], ["\\.", "."], ["(ab)*", "", "abab"], ["[\\d.,]+", "1,2.3"], ["\\x41\\u0042", "AB"],
    ["\\t|\\/", "\t", "/"], ["\\P{L}", "1", "_"], ["[^\\W_]", "x", "7"], ["a{0,3}b", "b", "aaab"], ["[\\]\\-\\^]", "]", "-", "^"],
];

// Of each format some that are good, and some that are not.
const samples = {
    date: ["2024-02-29", "1999-12-31", "2023-02-29", "1900-02-29", "2000-02-29", "2024-13-01", "2024-04-31", "24-01-01"],
    time: ["12:34:56Z", "23:59:59.123+02:00", "24:00:00Z", "12:60:00Z", "12:34:56", "00:00:00-00:30"],
    "date-time": ["2024-02-29T12:34:56Z", "2025-02-29T12:34:56Z", "2024-01-01 12:00:00", "1985-04-12T23:20:50.52Z"],
    duration: ["P1Y2M3D", "PT5H", "P3W", "P", "PT", "P1Y2M", "P1DT12H30M5S", "1D"],
    email: ["a@example.org", "a.b+c@sub.example.org", "a@@b", "@example.org", "a b@example.org", ".a@example.org", "a@-b.org"],
    hostname: ["example.org", "a", "-a.org", "a-.org", "xn--nxasmq6b.example", "a..b", "a_b"],
    ipv4: ["127.0.0.1", "255.255.255.255", "256.0.0.1", "1.2.3", "01.2.3.4", "1.2.3.4.5"],
    ipv6: ["::1", "::", "2001:db8::8a2e:370:7334", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7", "1::2::3", "::ffff:192.0.2.128", "12345::", "1:2:3:4:5:6:7::"],
    uuid: ["123e4567-e89b-12d3-a456-426614174000", "123e4567e89b12d3a456426614174000", "123e4567-e89b-12d3-a456-42661417400g"],
};

if (action === "make") make(Number(args[0]), Number(args[1]), args[2]);
else if (action === "check") check(args[0]);
else {
    console.error("schemas: make or check; the first lines of this file say more");
    process.exit(2);
}

function make(count, seed, file) {
    const any = random(seed), lines = [];
    while (lines.length < count) {
        const schema = schemaOf(any, 0), fits = ajv.compile(schema);
        const texts = new Map();
        for (let i = 0; i < 12; i++) {
            const value = valueOf(schema, any);
            if (value === undefined) continue;
            texts.set(JSON.stringify(value), fits(value));
            // What a change of it comes to is kept where it fits no longer: whether else it would be written is another question.
            const other = changed(structuredClone(value), any);
            if (!fits(other)) texts.set(JSON.stringify(other), false);
        }
        const judged = [...texts].filter(([text]) => text.length < 400);
        if (judged.some(([, fits]) => fits)) lines.push(JSON.stringify({schema, texts: judged}));
        ajv.removeSchema();
    }
    fs.writeFileSync(file, lines.map(line => line + "\n").join(""));
    console.log(`${lines.length} schemas, ${lines.map(line => JSON.parse(line).texts).flat().length} texts`);
}

function check(file) {
    let wrong = 0, count = 0;
    const schemas = lines(file), written = lines(`${file}.written`);
    for (const {line, texts} of written) {
        const {schema} = schemas[line], fits = ajv.compile(schema);
        for (const text of texts) {
            count++;
            if (fits(JSON.parse(text))) continue;
            if (++wrong <= 20) console.log(`${JSON.stringify(schema)}\n    ${text}\n    ${ajv.errorsText(fits.errors)}`);
        }
        ajv.removeSchema();
    }
    console.log(`${count} texts of ${written.length} schemas, ${wrong} do not fit`);
    process.exitCode = wrong > 0 || count === 0 ? 1 : 0;
}

function schemaOf(any, depth) {
    const kinds = ["string", "pattern", "format", "integer", "number", "enum", "boolean"];
    const kind = any.of(depth < 3 ? [...kinds, "object", "object", "array", "oneOf", "anyOf", "nullable"] : kinds);
    switch (kind) {
        case "string": return {type: "string", ...lengths(any)};
        case "pattern": {
            // A name of a group may stand once.
            const parts = Array.from({length: 1 + any.below(4)}, () => any.of(pieces)).filter(([part], i, all) => !part.includes("<") || all.findIndex(one => one[0] === part) === i);
            const schema = {type: "string", pattern: (any.below(3) > 0 ? "^" : "") + parts.map(([expression]) => expression).join("") + (any.below(3) > 0 ? "$" : ""),
                ...(any.below(3) === 0 ? lengths(any) : {})};
            Object.defineProperty(schema, "parts", {value: parts, enumerable: false});
            return schema;
        }
        case "format": return {type: "string", format: any.of(Object.keys(samples))};
        case "integer": return {type: "integer", ...bounds(any, 0)};
        case "number": return {type: "number", ...bounds(any, 1 + any.below(3))};
        case "enum": return {enum: [1, "a", null, "b\"c", 2.5, ["x"]].slice(0, 2 + any.below(5))};
        case "object": {
            const names = ["name", "size", "kind", "ü"].slice(0, 1 + any.below(4));
            return {type: "object", properties: Object.fromEntries(names.map(name => [name, schemaOf(any, depth + 1)])),
                required: names.filter(() => any.below(2) === 0), additionalProperties: false};
        }
        case "array": {
            const least = any.below(3);
            return {type: "array", items: schemaOf(any, depth + 1), minItems: least, maxItems: least + any.below(3)};
        }
        case "oneOf": return {oneOf: ["a", "b", "c"].slice(0, 2 + any.below(2)).map(kind => ({type: "object",
            properties: {kind: {const: kind}, value: schemaOf(any, depth + 1)}, required: ["kind", "value"], additionalProperties: false}))};
        case "anyOf": return {anyOf: [schemaOf(any, depth + 1), schemaOf(any, depth + 1)]};
        case "nullable": return {oneOf: [{type: "null"}, {type: "integer", ...bounds(any, 0)}, {type: "string", ...lengths(any)}]};
        default: return {type: "boolean"};
    }
}

function lengths(any) {
    const least = any.below(4);
    return {...(least > 0 ? {minLength: least} : {}), ...(any.below(2) === 0 ? {maxLength: least + any.below(5)} : {})};
}

function bounds(any, digits) {
    const unit = 10 ** digits, size = any.of([5, 60, 2000, 100000]), number = n => Number((n / unit).toFixed(digits));
    const least = any.below(2 * size) - size, most = least + any.below(size), made = {};
    if (any.below(3) > 0) made[any.of(["minimum", "exclusiveMinimum"])] = number(least);
    if (any.below(3) > 0) made[any.of(["maximum", "exclusiveMaximum"])] = number(most);
    if (any.below(3) === 0) made.multipleOf = number(any.of([1, 2, 3, 5, 7, 10, 12, 25, 100, 250]));
    return made;
}

// A value that was meant to fit; undefined where none was found.
function valueOf(schema, any) {
    if (schema.enum) return any.of(schema.enum);
    if ("const" in schema) return schema.const;
    const ways = schema.anyOf ?? schema.oneOf;
    if (ways) return valueOf(any.of(ways), any);
    switch (schema.type) {
        case "object": {
            const made = {};
            for (const [name, inner] of Object.entries(schema.properties)) {
                if (!schema.required.includes(name) && any.below(2) === 0) continue;
                const value = valueOf(inner, any);
                if (value === undefined) return undefined;
                made[name] = value;
            }
            return made;
        }
        case "array": {
            const items = Array.from({length: schema.minItems + any.below(schema.maxItems - schema.minItems + 1)}, () => valueOf(schema.items, any));
            return items.includes(undefined) ? undefined : items;
        }
        case "boolean": return any.below(2) === 0;
        case "null": return null;
        case "string": return stringOf(schema, any);
        default: return numberOf(schema, any);
    }
}

function stringOf(schema, any) {
    if (schema.format) return any.of(samples[schema.format]);
    if (schema.pattern) {
        const body = schema.parts.map(([, ...texts]) => any.of(texts)).join("");
        return (schema.pattern.startsWith("^") ? "" : any.of(["", "z", "\n9"])) + body + (schema.pattern.endsWith("$") ? "" : any.of(["", "é", "\""]));
    }
    const length = (schema.minLength ?? 0) + any.below(Math.min(4, (schema.maxLength ?? 9) - (schema.minLength ?? 0) + 1));
    return Array.from({length}, () => any.of(["a", "é", "😀", "\"", "\\", "\n", " ", "0"])).join("");
}

// Places are few, so that bounds are met; a multiple of the step near one of them.
function numberOf(schema, any) {
    const least = schema.minimum ?? schema.exclusiveMinimum ?? (schema.maximum ?? schema.exclusiveMaximum ?? 0) - 50;
    const most = schema.maximum ?? schema.exclusiveMaximum ?? least + 100;
    const step = schema.multipleOf ?? (schema.type === "integer" ? 1 : any.of([1, 0.5, 0.01]));
    const near = any.of([least, most, least + (most - least) * any.below(100) / 100]);
    const found = Number((Math.round(near / step) * step + any.of([0, 0, step, -step])).toFixed(6));
    const isWhole = schema.type === "integer";
    // JSON writes no minus before 0, and -0 is the integer 0.
    return (isWhole ? Math.round(found) : found) + 0 || 0;
}

function changed(value, any) {
    if (Array.isArray(value)) return any.below(2) === 0 ? [...value, null] : value.map((one, i) => i === 0 ? changed(one, any) : one);
    if (value !== null && typeof value === "object") {
        const names = Object.keys(value);
        if (names.length === 0 || any.below(3) === 0) return {...value, other: 1};
        const name = any.of(names);
        if (any.below(3) === 0) delete value[name];
        else value[name] = changed(value[name], any);
        return value;
    }
    if (typeof value === "number") return any.of([value + 1, value - 1, value + 0.001, value * 10, -value, String(value)]);
    if (typeof value === "string") return any.of([value + "a", value.slice(1), "Z" + value, value.replace(/\d/, "x"), value + "0", value + "\n", [...value].reverse().join("")]);
    return any.of([0, "x", !value]);
}

function isMultiple(value, step) {
    const parts = [value, step].map(number => {
        const [digits, exponent = "0"] = String(number).split("e"), [whole, fraction = ""] = digits.split(".");
        return {digits: BigInt(whole + fraction), scale: fraction.length - Number(exponent)};
    });
    const scale = Math.max(...parts.map(part => part.scale));
    const [a, b] = parts.map(part => part.digits * 10n ** BigInt(scale - part.scale));
    return a % b === 0n;
}

function random(seed) {
    let state = seed * 2 + 1;
    const below = most => (state = (state * 48271) % 2147483647) % most;
    return {below, of: list => list[below(list.length)]};
}

function lines(file) {
    return fs.readFileSync(file, "utf8").split("\n").filter(line => line !== "").map(line => JSON.parse(line));
}
