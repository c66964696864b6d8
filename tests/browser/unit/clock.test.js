import assert from "node:assert/strict";
import { test } from "node:test";
import { amount, oneMore, passed, state, told, words } from "../../../shared/pages/assets/clock.js";

test("an amount is what a glance has to tell", () => {
	for (const [seconds, said] of /** @type {[number, string][]} */ ([
		[0, "0 s"],
		[59, "59 s"],
		[60, "1 min"],
		[3599, "59 min"],
		[3600, "1 h"],
		[7500, "2 h 5 min"],
		[86_399, "23 h 59 min"],
		[86_400, "1 día"],
		[200_000, "2 días"],
	])) {
		assert.equal(amount(seconds), said);
	}
});

test("words say on which side of the hour a clock is", () => {
	assert.equal(words(360), "faltan 6 min");
	assert.equal(words(40), "faltan 40 s");
	assert.equal(words(7500), "faltan 2 h 5 min");
	assert.equal(words(0), "faltan 0 s");
	assert.equal(words(-1), "vencida hace 1 s");
	assert.equal(words(-240), "vencida hace 4 min");
});

test("the last ten minutes are soon, and a second after the end is overdue", () => {
	assert.deepEqual([601, 600, 0, -1].map(state), ["run", "soon", "soon", "overdue"]);
});

test("one is told once at each limit, also where seconds were slept through", () => {
	assert.equal(told(601, 600), true);
	assert.equal(told(600, 599), false);
	assert.equal(told(181, 180), true);
	assert.equal(told(1, 0), false);
	assert.equal(told(0, -1), true);
	assert.equal(told(-1, -2), false);
	assert.equal(told(900, 30), true);
	assert.equal(told(300, 300), false);
});

test("a machine that slept is believed by its wall clock, one that was set back is not", () => {
	assert.equal(passed(5000, 5100), 5000);
	assert.equal(passed(5000, 65_000), 65_000);
	assert.equal(passed(5000, -3_600_000), 5000);
});

test("the title counts one more", () => {
	assert.equal(oneMore("Cola · Mesa de Ayuda"), "(1) Cola · Mesa de Ayuda");
	assert.equal(oneMore("(6) Cola · Mesa de Ayuda"), "(7) Cola · Mesa de Ayuda");
});
