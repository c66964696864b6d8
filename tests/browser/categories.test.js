// Every category of the catalogue from the form to its close, through the pages alone: its own questions, its formats
// with whoever signs them, an officer where the procedure has one, and the survey where it asks for one.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { accounts, leaving, publication, signed } from "./formats.js";
import { signIn, startBrowser, startHost, visitor, within } from "./harness.js";
import { AGENT, OFFICER, opened, sent } from "./people.js";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("./formats.js").Turn} Turn */

/**
 * What is particular to a category. `asks` are its own questions, by the names of their fields; `formats` who signs what,
 * by code: a format that nobody fills in has no turns;
 * `reports` whom the law asks to be told.
 * @typedef {{
 *   asks?: Record<string, string>,
 *   agent?: string,
 *   escalated?: boolean,
 *   survey?: boolean,
 *   reports?: string[],
 *   formats?: (requester: string, agent: string) => Record<string, Turn[]>,
 * }} Particulars
 */

const GUARD = "agente1.seguridad@uspec.gov.co";
const PRINTING = "agente1.impresion@uspec.gov.co";
const PAULA = { document: "1032456789", first: "Paula", last: "Rojas", email: "paula.rojas@uspec.gov.co" };
const JULIO = { document: "79456123", first: "Julio", last: "Mora", email: "julio.mora@uspec.gov.co" };

/** @type {Record<string, Particulars>} */
const CATEGORIES = {
	plataforma: { survey: true },
	ofimatica: { survey: true },
	desarrollo_software: { escalated: true },
	incidente_seguridad: {
		asks: { "incident.kind": "phishing", "incident.asset": "Mi buzón", "incident.personal_data": "no" },
		agent: GUARD,
		reports: ["csirt"],
	},
	publicacion_web: {
		asks: { "web_request.action": "publish" },
		escalated: true,
		formats: (requester) => ({ "A3-S1-FO-03": publication(requester) }),
	},
	redes: { escalated: true },
	aplicaciones: {},
	impresion: { agent: PRINTING },
	cuentas_equipos: {
		formats: (_, agent) => ({ "A3-S1-FO-01": accounts(PAULA, agent), "A3-FO-11": [] }),
	},
	desvinculacion: { escalated: true, formats: (_, agent) => ({ "A3-FO-12": leaving(JULIO, {}, agent) }) },
};

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {string} */
let url;

before(async () => {
	({ url } = await startHost());
	browser = await startBrowser();
});

/** @param {string} who @param {string} path */
async function at(who, path) {
	const visit = await visitor(browser, url);
	await signIn(visit.page, who, path);
	return visit;
}

/**
 * Answers a question of the form: a choice is checked, a list chosen from, anything else typed.
 * @param {Page} page
 * @param {string} name
 * @param {string} value
 */
async function answer(page, name, value) {
	const choice = page.locator(`#nueva input[type=radio][name="${name}"][value="${value}"]`);
	const field = page.locator(`#nueva [name="${name}"]`);
	if (await choice.count()) await choice.check();
	else if ((await field.evaluate((it) => it.localName)) === "select") await field.selectOption(value);
	else await field.fill(value);
}

/**
 * Takes a request, whoever has it: the agent that it was given to has it already.
 * @param {Page} page
 */
async function taken(page) {
	const take = page.getByRole("button", { name: /^Tomar/ });
	// What whoever is responsible may do, whatever it lacks.
	const his = page.locator("#escalate");
	await within("it may be taken, or is his", async () => {
		if (await take.count()) {
			await take.click();
			await page.waitForURL(/hecho=tomada$/);
			return true;
		}
		if (await his.count()) return true;
		await page.reload();
		return undefined;
	});
	assert.equal(await take.count(), 0);
}

describe("goes from the form to its close", { concurrency: 3 }, () => {
	for (const [category, { asks = {}, agent = AGENT, escalated, survey, formats, reports = [] }] of Object.entries(
		CATEGORIES,
	)) {
		it(category, async () => {
			const who = `pide.${category.replaceAll("_", ".")}@uspec.gov.co`;
			const requester = await at(who, "/solicitudes/nueva");
			await answer(requester.page, "category", category);
			for (const [name, value] of Object.entries(asks)) await answer(requester.page, name, value);
			await requester.page.locator('[name="title"]').fill(`De principio a fin: ${category}`);
			await requester.page.locator('[name="description"]').fill("Lo que hace falta, en una frase.");
			await requester.page.getByRole("button", { name: "Enviar solicitud" }).click();
			await requester.page.waitForURL(/hecho=registrada$/);
			const path = new URL(requester.page.url()).pathname;

			const desk = await at(agent, path);
			const { page } = desk;
			await taken(page);
			const contact = await opened(page, "contact");
			await contact.locator("textarea").fill("Se le llamó.");
			await sent(contact);
			if (escalated) {
				const escalate = await opened(page, "escalate");
				await escalate.locator("select").selectOption(OFFICER);
				await escalate.locator("textarea").fill("Es de la Oficina de Tecnología.");
				await sent(escalate);
			} else if (formats) {
				assert.equal(await page.locator("#resolve").count(), 0, "there is no solution before all have signed");
				await page.getByText("Para resolverla faltan firmas").waitFor();
			}

			for (const [code, turns] of Object.entries(formats?.(who, agent) ?? {})) {
				await signed(browser, url, `${path}/formatos/${code}`, turns);
				await page.goto(`${path}/formatos/${code}`);
				await page.getByText("Completo", { exact: true }).waitFor();
			}

			if (escalated) {
				const officer = await at(OFFICER, path);
				const report = await opened(officer.page, "report");
				await report.locator("textarea").fill("Se hizo lo que se pedía.");
				await sent(report);
				officer.watch.quiet();
				await officer.context.close();
				await page.goto(path);
				await page.getByText("Se hizo lo que se pedía.").first().waitFor();
			} else await page.goto(path);
			for (const authority of reports) {
				assert.equal(await page.locator("#resolve").count(), 0, "it is not over before it is reported");
				const report = await opened(page, "recordreport");
				await report.locator('[name="authority"]').selectOption(authority);
				await report.locator('[name="outcome"]').selectOption("reported");
				await report.locator("textarea").fill("Caso 17.");
				await sent(report);
			}
			const resolve = await opened(page, "resolve");
			await resolve.locator("textarea").fill("Quedó hecho.");
			await sent(resolve);

			await requester.page.goto(path);
			await requester.page.getByText("Quedó hecho.").first().waitFor();
			const rate = requester.page.getByRole("link", { name: "Calificar la atención" });
			if (survey) {
				assert.equal(await page.locator("#close").count(), 0, "nobody closes it before it was rated");
				await rate.click();
				await requester.page.locator('input[name="solved"][value="true"]').check();
				await requester.page.locator('input[name="rating"][value="5"]').check();
				await requester.page.getByRole("button", { name: "Enviar" }).click();
				await requester.page.getByRole("heading", { name: /Gracias/ }).waitFor();
			} else {
				await sent(page.locator("#close"));
			}
			await within("it is closed", async () => {
				await requester.page.goto(path);
				return (await requester.page.locator(".steps .done").getByText("Cerrada").count()) === 1 ? true : undefined;
			});
			for (const { watch, context } of [requester, desk]) {
				watch.quiet();
				await context.close();
			}
		});
	}
});

it("and there is no other", async () => {
	const { page, context, watch } = await at("pide@uspec.gov.co", "/solicitudes/nueva");
	const offered = await page
		.locator('input[name="category"]')
		.evaluateAll((all) => all.map((each) => each.getAttribute("value")));
	assert.deepEqual(offered.toSorted(), Object.keys(CATEGORIES).toSorted());
	watch.quiet();
	await context.close();
});
