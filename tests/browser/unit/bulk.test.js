import assert from "node:assert/strict";
import { test } from "node:test";

import { ACTS, chosenWords, outcome, whose } from "../../../shared/pages/assets/bulk.js";

test("how many are chosen", () => {
	assert.equal(chosenWords(1), "1 elegida");
	assert.equal(chosenWords(3), "3 elegidas");
});

test("what came of them", () => {
	assert.equal(outcome("tomada", 1, 0), "1 tomada.");
	assert.equal(outcome("tomada", 3, 0), "3 tomadas.");
	assert.equal(outcome("cerrada", 2, 1), "2 cerradas; 1 no: sigue elegida.");
	assert.equal(outcome("cerrada", 0, 2), "0 cerradas; 2 no: siguen elegidas.");
});

test("to whom they went, and until when", () => {
	assert.equal(outcome("asignada", 2, 0, " a Agente 2"), "2 asignadas a Agente 2.");
	assert.equal(whose("Agente 2", []), " a Agente 2");
	const due = ["2099-11-24T15:30:00Z", "2099-11-24T15:05:00Z"];
	assert.equal(
		whose("Agente 2", due),
		" a Agente 2: el primer tiempo de solución vence el martes 24 de noviembre a las 10:05",
	);
	assert.match(whose("Agente 2", due.slice(1)), /^ a Agente 2: su tiempo de solución vence /);
});

test("what is sent is public only where it says so", () => {
	assert.deepEqual(ACTS.responder?.fixed, { visibility: "public" });
	assert.equal(ACTS.tomar?.fixed, undefined);
});
