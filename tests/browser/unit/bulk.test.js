import assert from "node:assert/strict";
import { test } from "node:test";

import { ACTS, chosenWords, outcome } from "../../../shared/pages/assets/bulk.js";

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

test("what is sent is public only where it says so", () => {
	assert.deepEqual(ACTS.responder?.fixed, { visibility: "public" });
	assert.equal(ACTS.tomar?.fixed, undefined);
});
