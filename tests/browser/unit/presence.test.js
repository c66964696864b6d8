import assert from "node:assert/strict";
import { test } from "node:test";

import { doing, pause } from "../../../shared/pages/assets/presence.js";

test("who has typed a moment ago writes, and in which box says what", () => {
	const typed = { form: "reply", ago: 5, text: "Buen día" };
	assert.equal(doing(undefined), "viewing");
	assert.equal(doing(typed), "answering");
	assert.equal(doing({ ...typed, form: "note" }), "noting");
	assert.equal(doing({ ...typed, form: "resolve" }), "solving");
	assert.equal(doing({ ...typed, form: "hold" }), "acting");
	assert.equal(doing({ ...typed, text: " " }), "viewing");
	assert.equal(doing({ ...typed, ago: 61 }), "viewing");
});

test("signs come as often as the page asks for, more seldom from whoever does nothing, and never too seldom to be seen", () => {
	assert.equal(pause(15, 45, "answered", false), 15);
	let seconds = 15;
	for (const next of [30, 45, 45]) {
		seconds = pause(15, seconds, "answered", true);
		assert.equal(seconds, next);
	}
});

test("what fails is tried ever more seldom", () => {
	assert.equal(pause(15, 15, "failed", false), 30);
	assert.equal(pause(15, 240, "failed", true), 300);
});
