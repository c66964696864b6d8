import assert from "node:assert/strict";
import { test } from "node:test";
import { names, sentence } from "../../../shared/pages/assets/form.js";

test("whatever goes wrong, it says that nothing typed is lost", () => {
	for (const [status, code] of /** @type {[number, string][]} */ ([
		[0, ""],
		[401, "signed_out"],
		[403, "forbidden"],
		[409, "version_conflict"],
		[429, "too_many_requests"],
		[503, "unavailable"],
	])) {
		const { lead, rest } = sentence(status, { code, detail: "Por esto." });
		assert.match(`${lead} ${rest}`, /sigue aquí/, code);
	}
});

test("each has its way on", () => {
	assert.equal(sentence(401, { code: "signed_out" }).way, "enter");
	assert.equal(sentence(409, { code: "version_conflict" }).way, "compare");
	assert.equal(sentence(0, {}).way, undefined);
	assert.match(sentence(403, { detail: "Solo su responsable puede resolverla." }).rest, /^Solo su responsable/);
});

test("a field of a problem is looked for by its own name, then by what it lies in", () => {
	assert.deepEqual(names("solution"), ["solution"]);
	assert.deepEqual(names("web_request.action"), ["web_request.action", "web_request"]);
	assert.deepEqual(names("observers[0]"), ["observers"]);
});
