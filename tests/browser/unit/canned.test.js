import assert from "node:assert/strict";
import { test } from "node:test";

import { asked, narrowed, offer } from "../../../shared/pages/assets/canned.js";

test("two colons that begin a word ask for a text", () => {
	for (const [before, words] of /** @type {[string, string | undefined][]} */ ([
		["::", ""],
		["Buen día. ::sal", "sal"],
		["Una línea\n::pedir datos", "pedir datos"],
		["(::x", "x"],
		["", undefined],
		[":", undefined],
		["La dirección es fe80::1", undefined],
		["std::vec", undefined],
		["::sal\notra línea", undefined],
		["::a:b", undefined],
		[`::${"a".repeat(41)}`, undefined],
	])) {
		assert.equal(asked(before), words, before);
	}
});

test("a text is found by any of its words, with and without accents", () => {
	const texts = ["Contraseña: cómo se entrega", "Conexión remota", "Quedó resuelta"].map((name) => ({
		name,
		text: "",
	}));
	/** @param {string} words */
	const found = (words) => narrowed(texts, words).map(({ name }) => name);
	assert.equal(found("").length, 3);
	assert.deepEqual(found("QUEDO"), ["Quedó resuelta"]);
	assert.deepEqual(found("contraseña"), ["Contraseña: cómo se entrega"]);
	assert.deepEqual(found("rem con"), ["Conexión remota"]);
	assert.deepEqual(found("remota no"), []);
});

test("how many there are is said in words", () => {
	assert.equal(offer(1), "1 texto preparado");
	assert.equal(offer(8), "8 textos preparados");
});
