// Every button of a request, pressed twice: what it does is done once. With scripts, and without them.

import assert from "node:assert/strict";
import { before, it } from "node:test";
import { signIn, startBrowser, startHost, visitor } from "./harness.js";
import { ask, COORDINATOR, OFFICER, REQUESTER, responsible } from "./people.js";

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {string} */
let url;

before(async () => {
	({ url } = await startHost());
	browser = await startBrowser();
});

/** Who presses, which form, and what is filled in before. @type {[who: "agent" | "coordinator" | "officer" | "requester", form: string, filled: [string, string][]][]} */
const ACTS = [
	["agent", "reply", [["textarea", "Lo estamos mirando."]]],
	["agent", "note", [["textarea", "Puede ser el certificado."]]],
	["agent", "contact", [["textarea", "Se le llamó."]]],
	["agent", "hold", [["textarea", "¿En qué oficina está?"]]],
	["agent", "resume", [["textarea", "En la 302."]]],
	[
		"agent",
		"escalate",
		[
			["select", OFFICER],
			["textarea", "Es de la Oficina."],
		],
	],
	[
		"officer",
		"askprovider",
		[
			["select", "redes_externo"],
			["textarea", "Favor revisar."],
		],
	],
	["officer", "providerreplied", [["textarea", "Está bien."]]],
	["officer", "report", [["textarea", "Quedó."]]],
	["officer", "return", [["textarea", "Es suya otra vez."]]],
	["agent", "recategorise", [["select", "redes"]]],
	["agent", "resolve", [["textarea", "Quedó."]]],
	["requester", "reject", [["textarea", "Sigue igual."]]],
	["agent", "resolve", [["textarea", "Ahora sí."]]],
	["agent", "close", []],
	["coordinator", "revokelink", []],
];

for (const [way, javaScriptEnabled] of /** @type {[string, boolean][]} */ ([
	["with scripts", true],
	["without scripts", false],
])) {
	it(`what is pressed twice is done once, ${way}`, async () => {
		const options = { javaScriptEnabled };
		const requester = await visitor(browser, url, options);
		await signIn(requester.page, REQUESTER);
		const number = await ask(requester.page, `Todo dos veces (${way})`);
		const path = `/solicitudes/${number}`;
		const { has: agent } = await responsible(requester.page);
		/** @type {Record<string, Awaited<ReturnType<typeof visitor>>>} */
		const people = { requester };
		for (const [name, email] of Object.entries({ agent, officer: OFFICER, coordinator: COORDINATOR })) {
			people[name] = await visitor(browser, url, options);
			await signIn(/** @type {any} */ (people[name]).page, email);
		}
		const auditor = await visitor(browser, url);
		await signIn(auditor.page, COORDINATOR, path);
		const entries = async () => {
			await auditor.page.goto(path);
			return auditor.page.locator(".talk > li").count();
		};
		for (const [who, id, filled] of ACTS) {
			const page = people[who]?.page;
			assert.ok(page);
			const before = await entries();
			await page.goto(path);
			const form = page.locator(`#${id}`);
			await form.waitFor({ state: "attached" });
			const fold = page.locator(`details:has(#${id})`);
			if (await fold.count()) await fold.locator("summary").first().click();
			for (const [field, value] of filled) {
				const control = form.locator(field);
				await (field === "select" ? control.selectOption(value) : control.fill(value));
			}
			await form.locator("button[type=submit]:not([name])").dblclick();
			await page.waitForURL(/hecho=/);
			assert.equal(await entries(), before + 1, `${id}: ${way}`);
		}
		for (const { watch } of Object.values(people)) watch.quiet();
	});
}
