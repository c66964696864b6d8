// Nothing, one and five thousand of everything: what the lists look like, and that none of them bursts.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { accessible } from "./axe.js";
import { fillTable, people } from "./filled.js";
import { accounts, CONTRACTING, NEWCOMER, signed } from "./formats.js";
import { changed, pictures, signIn, startBrowser, startHost, visitor, within } from "./harness.js";
import { post } from "./mail.js";
import { AGENT, COORDINATOR, REQUESTER } from "./people.js";

const MANY = 5000;

/** @type {import("playwright-core").Browser} */
let browser;

before(async () => {
	browser = await startBrowser();
});

/** Lists, whose they are, and what stands in each where there is nothing. @type {[name: string, who: string, path: string][]} */
const LISTS = [
	["cola", AGENT, "/cola?vista=abiertas"],
	["cola-mias", AGENT, "/cola?vista=mias"],
	["cola-vencen", AGENT, "/cola?vista=vencen"],
	["hoy", COORDINATOR, "/hoy"],
	["mis-solicitudes", REQUESTER, "/solicitudes"],
	["formatos", CONTRACTING, "/formatos"],
	["matriz", COORDINATOR, "/matriz"],
	["correo", AGENT, "/correo"],
	["catalogo-personas", COORDINATOR, "/catalogo/personas"],
];

/** @param {string} url @param {string} size @param {boolean} whole whether axe looks at each, too */
async function looked(url, size, whole) {
	for (const [name, who, path] of LISTS) {
		const { page, context, watch } = await visitor(browser, url);
		await signIn(page, who, path);
		await pictures(page, `${name}-${size}`);
		if (whole) await accessible(page);
		watch.quiet();
		await context.close();
	}
}

describe("the lists", () => {
	/** @type {Awaited<ReturnType<typeof startHost>>} */
	let host;

	before(async () => {
		host = await startHost("--now", "2026-11-26T09:30:00-05:00");
	});

	it("say so where there is nothing", () => looked(host.url, "0", true));

	it("are no emptier with one of each", async () => {
		const { url, smtpPort } = host;
		const { page, context } = await visitor(browser, url);
		await signIn(page, REQUESTER, "/solicitudes/nueva");
		for (const _ of [1, 2]) {
			await page.goto("/solicitudes/nueva");
			await page.locator('input[name="category"][value="cuentas_equipos"]').check();
			await page.locator('[name="description"]').fill("Cuenta y equipo para quien llega el lunes.");
			await page.getByRole("button", { name: "Enviar solicitud" }).click();
			await page.waitForURL(/hecho=registrada$/);
		}
		// One waits for its first signature still; the other made somebody of the matrix.
		await signed(browser, url, "/solicitudes/1/formatos/A3-S1-FO-01", accounts(NEWCOMER).slice(0, 4));
		await context.close();
		await post(smtpPort, "practicante@example.com", "No puedo entrar a la nómina");
		const desk = await visitor(browser, url);
		await signIn(desk.page, AGENT, "/correo");
		await within("the mail is there", async () => {
			if (await desk.page.getByRole("link", { name: /No puedo entrar/ }).count()) return true;
			await desk.page.reload();
			return undefined;
		});
		await desk.context.close();
		await looked(url, "1", false);
	});

	it(`hold with ${MANY} of each`, async () => {
		await fillTable(host, MANY);
		await changed(host.url, (catalogue) => {
			catalogue.directory.push(...people(MANY));
		});
		await looked(host.url, String(MANY), true);
		const { page, context, watch } = await visitor(browser, host.url);
		await signIn(page, AGENT, "/cola?vista=abiertas");
		assert.equal(await page.locator(".row").count(), 50);
		await page.getByRole("link", { name: "Siguientes" }).click();
		await page.waitForURL(/cursor=/);
		assert.equal(await page.locator(".row").count(), 50);
		watch.quiet();
		await context.close();
	});
});
