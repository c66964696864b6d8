import assert from "node:assert/strict";
import { test } from "node:test";
import { acts, KEYS, match, pressed } from "../../../shared/pages/assets/keys.js";

const PLAIN = { key: "", ctrlKey: false, altKey: false, metaKey: false, shiftKey: false, isComposing: false };

test("a press is written as in the table", () => {
	assert.equal(pressed({ ...PLAIN, key: "j" }), "j");
	assert.equal(pressed({ ...PLAIN, key: "A", shiftKey: true }), "Shift+A");
	// With the capitals locked it is the same key.
	assert.equal(pressed({ ...PLAIN, key: "J" }), "j");
	assert.equal(pressed({ ...PLAIN, key: "?", shiftKey: true }), "?");
	assert.equal(pressed({ ...PLAIN, key: "K", ctrlKey: true }), "Control+k");
	assert.equal(pressed({ ...PLAIN, key: "Enter", ctrlKey: true }), "Control+Enter");
	assert.equal(pressed({ ...PLAIN, key: "Enter", ctrlKey: true, shiftKey: true }), "Control+Shift+Enter");
});

test("nothing is pressed while composing, nor with the keys of the browser and the system", () => {
	assert.equal(pressed({ ...PLAIN, key: "j", isComposing: true }), undefined);
	assert.equal(pressed({ ...PLAIN, key: "j", altKey: true }), undefined);
	assert.equal(pressed({ ...PLAIN, key: "k", metaKey: true }), undefined);
	assert.equal(pressed({ ...PLAIN, key: "K", ctrlKey: true, shiftKey: true }), undefined);
	assert.equal(match("Control+r", ""), undefined);
});

/** @param {string} press @param {string} [before] */
const what = (press, before = "") => {
	const found = match(press, before);
	return typeof found === "object" ? found.press : found;
};

test("two keys make one, and a second that does not belong counts by itself", () => {
	assert.equal(what("g"), "more");
	assert.equal(what("c", "g"), "g c");
	assert.equal(what("c"), "c");
	assert.equal(what("j", "g"), "j");
	assert.equal(what("q", "g"), undefined);
});

test("arrows go as j and k do", () => {
	assert.equal(what("ArrowDown"), "j");
	assert.equal(what("ArrowUp"), "k");
});

test("no single key acts while somebody types, and none where they are switched off", () => {
	const reading = { typing: false, letters: true };
	const writing = { typing: true, letters: true };
	const off = { typing: false, letters: false };
	for (const { press } of Object.values(KEYS).flat()) {
		assert.equal(acts(press, reading), true, press);
		assert.equal(acts(press, writing), press === "Escape" || press.startsWith("Control+"), press);
		assert.equal(acts(press, off), ["Enter", "Escape"].includes(press) || press.startsWith("Control+"), press);
	}
	assert.equal(acts("ArrowDown", off), true);
	assert.equal(acts("g", off), false);
});

test("every key is in the table once", () => {
	const all = Object.values(KEYS)
		.flat()
		.flatMap(({ press, also = [] }) => [press, ...also]);
	assert.equal(new Set(all).size, all.length);
});
