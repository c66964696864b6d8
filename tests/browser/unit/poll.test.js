import assert from "node:assert/strict";
import { test } from "node:test";
import { pause } from "../../../shared/pages/assets/poll.js";

test("who looks is answered at once, who does not ever more seldom", () => {
	assert.equal(pause(10, 60, "answered", false), 10);
	assert.equal(pause(10, 10, "answered", true), 20);
	assert.equal(pause(10, 40, "answered", true), 60);
	assert.equal(pause(10, 60, "answered", true), 60);
});

test("what fails is asked ever more seldom", () => {
	assert.equal(pause(10, 10, "failed", false), 20);
	assert.equal(pause(10, 60, "failed", false), 60);
	// A page that asks seldom by itself is not asked more often for that.
	assert.equal(pause(120, 120, "failed", false), 120);
});
