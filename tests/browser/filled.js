// A desk with a great many of everything, written into its table: copies of what came about through the pages, each under
// another id. Nothing of them is due, so that nobody works them off meanwhile.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** @typedef {Record<string, { S?: string, N?: string }>} Row */
/** @typedef {(row: Row, n: number) => Row} Copy */

/** The digits of a ticket's id. */
const DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** Rows of one request. */
const BATCH = 25;

/** What people write, short and long. */
const TITLES = [
	"No abre el correo",
	"Restablecer los permisos de la carpeta compartida de los supervisores del contrato interadministrativo 225 de 2026, que se perdieron el viernes",
	"El puesto 214 está sin red",
	"Actualización_del_módulo_de_correspondencia_que_no_deja_radicar_memorandos.docx no se puede abrir",
	"Impresora",
];

/** @type {[name: string, unit: string | undefined][]} */
const PEOPLE = [
	["Ana Ruiz", "Oficina Jurídica"],
	["María del Pilar Rodríguez de la Hoz y Santacruz-Montenegro", "Dirección de Gestión Contractual y de Convenios"],
	["luis.fernando.castellanos.bermudez@uspec.gov.co", undefined],
	["Jo Vo", "Almacén"],
];

/** @template T @param {T[]} list @param {number} n @returns {T} */
const each = (list, n) => /** @type {T} */ (list[n % list.length]);

/** @param {{ data: string }} host */
function cloudOf(host) {
	const { aws_port: port } = JSON.parse(readFileSync(join(host.data, "kept", "host.json"), "utf8"));
	/** @param {string} call @param {unknown} body */
	return async (call, body) => {
		const answer = await fetch(`http://127.0.0.1:${port}/`, {
			method: "POST",
			headers: { "x-amz-target": `DynamoDB_20120810.${call}`, "content-type": "application/x-amz-json-1.0" },
			body: JSON.stringify(body),
		});
		assert.equal(answer.status, 200, call);
		return answer.json();
	};
}

/** @param {string} base a ticket's id @param {number} n */
function idOf(base, n) {
	const places = Array.from({ length: 10 }, (_, place) => DIGITS[(n >> (5 * (9 - place))) & 31]);
	return base.slice(0, 16) + places.join("");
}

/** Moves every moment in a document. @param {unknown} value @param {number} by in milliseconds @returns {unknown} */
function moved(value, by) {
	if (typeof value === "string" && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value)) {
		return new Date(Date.parse(value) + by).toISOString();
	}
	if (Array.isArray(value)) return value.map((one) => moved(one, by));
	if (typeof value !== "object" || value === null) return value;
	return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, moved(one, by)]));
}

/** @param {Row} row @param {string} name */
const text = (row, name) => row[name]?.S ?? "";

/** A ticket's row, and what it waits for: one every twenty seconds. @type {Copy} */
function ticket(row, n) {
	const base = text(row, "pk").replace("TICKET#", "");
	const by = (n - 300) * 20_000;
	const copy = /** @type {Row} */ (JSON.parse(JSON.stringify(row).replaceAll(base, idOf(base, n))));
	for (const name of ["team_sk", "assignee_sk"]) {
		const [at = "", ...rest] = text(copy, name).split("#");
		if (copy[name]) copy[name] = { S: [moved(at, by), ...rest].join("#") };
	}
	delete copy.due_pk;
	delete copy.due_sk;
	if (!row.doc) return copy;
	const doc = /** @type {any} */ (moved(JSON.parse(text(copy, "doc")), by));
	const [name, unit] = each(PEOPLE, n);
	Object.assign(doc, { number: n + 2, title: each(TITLES, n) });
	Object.assign(doc.requester, { name, ...(unit && { unit }) });
	copy.doc = { S: JSON.stringify(doc) };
	return copy;
}

/** Somebody of the matrix. @type {Copy} */
function holder(row, n) {
	const doc = JSON.parse(text(row, "doc"));
	const id = n.toString(16).padStart(32, "f");
	const [name, unit] = each(PEOPLE, n);
	const sort = text(row, "requester_sk").replace(doc.id, id);
	Object.assign(doc, { id, name, unit, document_number: String(10_000_000 + n) });
	const until = ["2090-05-31", "2026-12-05", "2026-11-20", undefined][n % 4];
	for (const account of doc.accounts) account.valid_until = until;
	return { ...row, pk: { S: `HOLDER#${id}` }, requester_sk: { S: sort }, doc: { S: JSON.stringify(doc) } };
}

/** The id of a mail, of as many letters. @param {string} id @param {number} n */
const mailId = (id, n) => id.slice(0, -5) + n.toString().padStart(5, "0");

/** A mail on record. @type {Copy} */
function mail(row, n) {
	const id = text(row, "pk").replace("INBOUND#", "");
	const copy = /** @type {Row} */ (JSON.parse(JSON.stringify(row).replaceAll(id, mailId(id, n))));
	const doc = JSON.parse(text(copy, "doc"));
	copy.doc = { S: JSON.stringify({ ...doc, subject: each(TITLES, n) }) };
	return copy;
}

/** Its line among those of its day. @type {Copy} */
function ofTheDay(row, n) {
	const [outcome, at = "", id = ""] = text(row, "sk").split("#");
	const earlier = new Date(Date.parse(at) - n * 1000).toISOString();
	return { ...row, sk: { S: `${outcome}#${earlier}#${mailId(id, n)}` } };
}

/** Which rows are copied, and how. @type {[test: (row: Row) => boolean, copy: Copy][]} */
const KINDS = [
	[(row) => text(row, "pk").startsWith("TICKET#") && /^(?:TICKET$|AWAITS#)/.test(text(row, "sk")), ticket],
	[(row) => text(row, "pk").startsWith("HOLDER#"), holder],
	[(row) => text(row, "pk").startsWith("INBOUND#") && text(row, "sk") === "MAIL", mail],
	[(row) => text(row, "pk").startsWith("MAILDAY#"), ofTheDay],
];

/**
 * Fills the table of a host: each ticket, person of the matrix and mail that is there, so many times.
 * @param {{ data: string }} host
 * @param {number} many
 */
export async function fillTable(host, many) {
	const cloud = cloudOf(host);
	const {
		TableNames: [table],
	} = await cloud("ListTables", {});
	const { Items: rows } = await cloud("Scan", { TableName: table });
	const copies = KINDS.flatMap(([test, copy]) =>
		rows.filter(test).flatMap((/** @type {Row} */ row) => Array.from({ length: many }, (_, n) => copy(row, n))),
	);
	const batches = Array.from({ length: Math.ceil(copies.length / BATCH) }, (_, n) =>
		copies.slice(n * BATCH, (n + 1) * BATCH),
	);
	const write = async () => {
		for (let batch = batches.pop(); batch; batch = batches.pop()) {
			const puts = batch.map((Item) => ({ PutRequest: { Item } }));
			const { UnprocessedItems: left } = await cloud("BatchWriteItem", { RequestItems: { [table]: puts } });
			assert.deepEqual(left, {});
		}
	};
	await Promise.all(Array.from({ length: 4 }, write));
}

/**
 * People for the directory, as its catalogue has them.
 * @param {number} many
 */
export const people = (many) =>
	Array.from({ length: many }, (_, n) => {
		const [name, unit] = each(PEOPLE, n);
		return { email: `persona${n}@uspec.gov.co`, name, roles: [], ...(unit && { unit }) };
	});
