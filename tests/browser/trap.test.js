// A trap for scripts: what strangers write is shown as it was written, and nothing of it runs, loads or leaves a mark.

import assert from "node:assert/strict";
import { before, it } from "node:test";
import { signIn, startBrowser, startHost, visitor, within } from "./harness.js";
import { AGENT, ask, COORDINATOR, REQUESTER } from "./people.js";

const HOSTILE = [
	"<script>window.caught = 1</script>",
	'"><img src=x onerror="window.caught = 1">',
	"</textarea></title></style><svg onload=window.caught=1>",
	"'-alert(1)-' javascript:alert(1) {{7*7}} <%= 7*7 %>",
	"😀 &lt;b&gt;&#x3c;i&#x3e; %3Cscript%3E --> ]]> \\u003cscript\\u003e",
];

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {string} */
let url;

before(async () => {
	({ url } = await startHost());
	browser = await startBrowser();
});

/**
 * Nothing of what strangers wrote runs, loads or leaves a mark on a page.
 * @param {import("playwright-core").Page} page
 * @param {string} path
 */
async function harmless(page, path) {
	await page.goto(path);
	await within("its scripts have begun", async () =>
		(await page.evaluate(() => document.readyState)) === "complete" ? true : undefined,
	);
	assert.equal(await page.evaluate(() => "caught" in window), false, path);
	const marks = "main script, main img, main [onload], main [onerror], main [style]";
	assert.equal(await page.locator(marks).count(), 0, path);
}

it("hostile titles and texts are text, on every page that shows them", async () => {
	const requester = await visitor(browser, url);
	await signIn(requester.page, REQUESTER);
	/** @type {number[]} */
	const numbers = [];
	for (const text of HOSTILE) {
		numbers.push(await ask(requester.page, text));
		await requester.page.locator("#reply textarea").fill(text);
		await requester.page.locator("#reply button[type=submit]").click();
		await requester.page.waitForURL(/hecho=enviado$/);
	}
	/** @type {[string, string[]][]} */
	const readers = [
		[REQUESTER, ["/solicitudes", ...numbers.map((number) => `/solicitudes/${number}`)]],
		[AGENT, ["/cola?vista=abiertas", ...numbers.map((number) => `/solicitudes/${number}`)]],
		[COORDINATOR, [`/cola?vista=abiertas&q=${encodeURIComponent(HOSTILE[0] ?? "")}`]],
	];
	for (const [who, paths] of readers) {
		const { page, watch, context } = await visitor(browser, url);
		await signIn(page, who);
		for (const path of paths) {
			await harmless(page, path);
		}
		watch.quiet();
		await context.close();
	}
	assert.equal(await requester.page.getByText(HOSTILE[2] ?? "").count(), 0, "the last page is of the last request");
	await requester.page.goto(`/solicitudes/${numbers[0]}`);
	await requester.page.getByRole("heading", { name: HOSTILE[0] ?? "" }).waitFor();
	requester.watch.quiet();
});

it("a hostile catalogue is text, on its own pages and on those that name its entries", async () => {
	const { page, watch, context } = await visitor(browser, url);
	watch.mayHear(/status of 422/);
	await signIn(page, COORDINATOR);
	const entries = [
		["categorias", "ofimatica"],
		["equipos", "soporte"],
		["proveedores", "redes_externo"],
		["textos", "saludo"],
		["personas", AGENT],
	];
	for (const [index, [part, key]] of entries.entries()) {
		// A name has 120 characters at the most, and places in a text are its own.
		const text = (HOSTILE[index] ?? "").slice(0, 110);
		await page.goto(`/catalogo/${part}/ficha?clave=${key}`);
		await page.getByLabel("Nombre", { exact: true }).fill(text);
		if (part === "textos") await page.getByLabel("Texto", { exact: true }).fill(HOSTILE[0] ?? "");
		await page.getByRole("button", { name: "Ver qué cambia" }).click();
		await page.getByText(`«${text}»`, { exact: false }).first().waitFor();
		await page.getByRole("button", { name: "Guardar" }).click();
		await page.waitForURL(/hecho=catalogo$/);
	}
	// Mistakes say what was typed.
	await page.goto("/catalogo/calendarios/ficha?clave=habil");
	await page.getByLabel("Lunes").fill(HOSTILE[1] ?? "");
	await page.getByRole("button", { name: "Ver qué cambia" }).click();
	await page.getByRole("alert").waitFor();
	const paths = ["personas", "equipos", "categorias", "proveedores", "calendarios", "festivos", "textos", "versiones"];
	const pages = [
		...paths.map((part) => `/catalogo/${part}`),
		...entries.map(([part, key]) => `/catalogo/${part}/ficha?clave=${key}`),
		"/solicitudes/nueva",
		"/cola?vista=abiertas",
		"/llamada",
		"/hoy",
		"/solicitudes/1",
	];
	for (const path of pages) {
		await harmless(page, path);
	}
	watch.quiet();
	await context.close();
});
