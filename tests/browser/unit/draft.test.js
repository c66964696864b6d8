import assert from "node:assert/strict";
import { test } from "node:test";
import { draftKey, parse, place, stale } from "../../../shared/pages/assets/draft.js";

test("a draft belongs to a person, a place and a field", () => {
	const one = draftKey("ana@uspec.gov.co", "/solicitudes/12", "reply-body");
	assert.equal(one, "borrador:ana@uspec.gov.co:/solicitudes/12:reply-body");
	assert.notEqual(one, draftKey("luis@uspec.gov.co", "/solicitudes/12", "reply-body"));
	assert.notEqual(one, draftKey("ana@uspec.gov.co", "/solicitudes/12", "note-body"));
	assert.notEqual(one, draftKey("ana@uspec.gov.co", "/solicitudes/123", "reply-body"));
});

test("a request and its commands are one place", () => {
	assert.equal(place("/solicitudes/12/seguimientos"), "/solicitudes/12");
	assert.equal(place("/solicitudes/nueva"), "/solicitudes/nueva");
	assert.equal(place("/solicitudes/12/formatos/A3-FO-12"), "/solicitudes/12/formatos/A3-FO-12");
	assert.equal(place("/cola"), "/cola");
});

test("what is no draft is thrown away, and so is an old one", () => {
	const now = Date.UTC(2026, 10, 26);
	const day = 86_400_000;
	assert.equal(stale(parse(null), now), true);
	assert.equal(stale(parse("no es JSON"), now), true);
	assert.equal(stale(parse('{"text":7,"at":1}'), now), true);
	assert.equal(stale({ text: "hola", at: now - 13 * day }, now), false);
	assert.equal(stale({ text: "hola", at: now - 15 * day }, now), true);
	assert.deepEqual(parse('{"text":"hola","at":1}'), { text: "hola", at: 1 });
});
