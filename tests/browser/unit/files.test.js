import assert from "node:assert/strict";
import { test } from "node:test";

import { named } from "../../../shared/pages/assets/files.js";
import { progress, size } from "../../../shared/pages/assets/upload.js";

test("sizes are written as the pages write them", () => {
	for (const [bytes, words] of /** @type {const} */ ([
		[0, "0 B"],
		[999, "999 B"],
		[1000, "1 kB"],
		[188416, "188 kB"],
		[999999, "999 kB"],
		[14250000, "14,2 MB"],
	])) {
		assert.equal(size(bytes), words);
	}
});

test("what is left is said once it can be told", () => {
	assert.equal(progress(0, 100, 0), "0 %");
	assert.equal(progress(62, 100, 0.5), "62 %");
	assert.equal(progress(62, 100, 13), "62 %, faltan 8 s");
	assert.equal(progress(10, 100, 20), "10 %, faltan 3 min");
	assert.equal(progress(100, 100, 20), "100 %");
});

test("a screenshot is called by its time, and a file by its name", () => {
	const at = new Date(2026, 10, 27, 8, 5, 9);
	const shot = named(new File(["x"], "image.png", { type: "image/png" }), at);
	assert.equal(shot.name, "captura-080509.png");
	assert.equal(shot.type, "image/png");
	const file = new File(["x"], "pantalla.png", { type: "image/png" });
	assert.equal(named(file, at), file);
});
