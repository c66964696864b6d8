// Those who work at the desk.

import assert from "node:assert/strict";
import { before, it } from "node:test";
import { accessible } from "./axe.js";
import { pictures, signIn, startBrowser, startHost, visitor, within } from "./harness.js";
import { AGENT, asked, COLLEAGUE } from "./people.js";

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {string} */
let url;

before(async () => {
	({ url } = await startHost());
	browser = await startBrowser();
});

it("takes a request from the queue to its solution by keys alone", async () => {
	await asked(browser, url, "No abre el correo");
	const { page, watch } = await visitor(browser, url);
	await signIn(page, AGENT, "/cola?vista=abiertas");
	await within("the request is in the queue", async () => {
		if (await page.getByRole("link", { name: "No abre el correo" }).count()) return true;
		await page.reload();
		return undefined;
	});
	await page.getByRole("button", { name: "Todas las teclas" }).waitFor();
	await pictures(page, "cola");
	await page.keyboard.press("j");
	assert.equal(await page.locator(".row[aria-current=true] a").first().textContent(), "No abre el correo");
	await page.keyboard.press("Enter");
	await page.getByRole("heading", { name: "No abre el correo" }).waitFor();
	await page.getByRole("button", { name: "Todas las teclas" }).waitFor();
	// Whoever is not responsible takes it first.
	if (await page.locator('[data-key="a"]').count()) {
		await page.keyboard.press("a");
		await page.waitForURL(/hecho=tomada$/);
		await page.getByRole("button", { name: "Todas las teclas" }).waitFor();
	}
	await page.keyboard.press("n");
	await page.keyboard.type("Placa 20413, sin parches.");
	await page.keyboard.press("Control+Enter");
	await page.waitForURL(/hecho=nota$/);
	await page.getByRole("button", { name: "Todas las teclas" }).waitFor();
	await page.keyboard.press("e");
	await page.keyboard.type("Se renovó el certificado.");
	await page.keyboard.press("Control+Enter");
	await page.waitForURL(/hecho=resuelta$/);
	await page.getByText("Se renovó el certificado.").waitFor();
	await pictures(page, "solicitud-mesa");
	// Until when it may be rated is a day and an hour, which is long.
	await accessible(page);
	watch.quiet();
});

it("two agents on one request: nobody overwrites, both texts are shown", async () => {
	const { number } = await asked(browser, url, "La impresora no imprime");
	const one = await visitor(browser, url);
	const other = await visitor(browser, url);
	for (const { watch } of [one, other]) watch.mayHear(/status of 409/);
	await signIn(one.page, AGENT, `/solicitudes/${number}`);
	await signIn(other.page, COLLEAGUE, `/solicitudes/${number}`);
	await within("it is somebody's", async () => {
		await Promise.all([one.page.reload(), other.page.reload()]);
		return (await one.page.locator(".side").getByText("Sin asignar").count()) === 0 ? true : undefined;
	});
	await other.page.locator("#reply").getByLabel("Respuesta").fill("Mi respuesta, más lenta.");
	await one.page.locator("#reply").getByLabel("Respuesta").fill("La primera respuesta.");
	await one.page.locator("#reply button[type=submit]").click();
	await one.page.waitForURL(/hecho=enviado$/);
	await other.page.locator("#reply button[type=submit]").click();
	await other.page.getByText("Otra persona la cambió mientras usted escribía.").waitFor();
	await other.page.getByRole("button", { name: "Ver lo que cambió y decidir" }).click();
	await other.page.getByText("La primera respuesta.").waitFor();
	assert.equal(await other.page.locator('textarea[name="body"]').inputValue(), "Mi respuesta, más lenta.");
	await accessible(other.page);
	await pictures(other.page, "conflicto");
	await other.page.locator('form:has(textarea[name="body"]) button[type=submit]').click();
	await other.page.waitForURL(/hecho=enviado$/);
	await other.page.getByText("Mi respuesta, más lenta.").waitFor();
	one.watch.quiet();
	other.watch.quiet();
});

it("a list that is open learns of a new request without being loaded again", async () => {
	const { page, watch } = await visitor(browser, url);
	await signIn(page, AGENT, "/cola?vista=abiertas");
	await page.evaluate(() => document.body.setAttribute("data-same", ""));
	await asked(browser, url, "Llega mientras se mira");
	await page.getByRole("link", { name: "Llega mientras se mira" }).waitFor();
	assert.equal(await page.locator("body[data-same]").count(), 1);
	watch.quiet();
});
