// What a requester is told of his request, and what his answer does: declined, waited for, copied; and names that are
// longer than anything they stand in.

import assert from "node:assert/strict";
import { before, it } from "node:test";
import { accessible } from "./axe.js";
import { pictures, signIn, startBrowser, startHost, visitor, within } from "./harness.js";
import { received } from "./mail.js";
import { AGENT, asked, COORDINATOR, opened, REQUESTER } from "./people.js";

/** @typedef {import("playwright-core").Page} Page */

const TELEPHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, javaScriptEnabled: false };

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {string} */
let url;

before(async () => {
	({ url } = await startHost());
	browser = await startBrowser();
});

/**
 * Fills a form of whoever has a request, and sends it.
 * @param {string} who
 * @param {string} path
 * @param {string} form
 * @param {string} text
 */
async function does(who, path, form, text) {
	const { page, context } = await visitor(browser, url);
	await signIn(page, who, path);
	const part = await opened(page, form);
	await part.locator("textarea").fill(text);
	await part.locator("button[type=submit]:not([name])").click();
	await page.waitForURL(/hecho=/);
	await context.close();
}

/** Where the button of a mail leads. @param {RegExp} subject */
async function button(subject) {
	const mail = await received(url, REQUESTER, subject);
	const link = new URL(/https?:\S+\/s\/\w+#\S+/.exec(mail.text)?.[0] ?? "");
	return link.pathname + link.hash;
}

it("a declined request is said to be, everywhere, and its mail leads to where one objects", async () => {
	const { path, has } = await asked(browser, url, "Rediseñar la portada");
	await does(has, path, "decline", "El diseño no lo cubre el procedimiento (numeral 5).");

	const agent = await visitor(browser, url);
	await signIn(agent.page, has, "/cola?vista=resueltas");
	await agent.page.getByRole("rowheader", { name: /^Declinadas 1/ }).waitFor();
	await pictures(agent.page, "cola-declinadas");
	await accessible(agent.page);
	await agent.page.goto(path);
	await agent.page.locator(".ticket-sub").getByText("Declinada", { exact: true }).waitFor();

	const { page, watch } = await visitor(browser, url, TELEPHONE);
	await page.goto(await button(/fuera del alcance: Rediseñar/));
	await page.getByText("Fue declinada: la Mesa de Ayuda no puede atenderla.").waitFor();
	// It is open without a script, and in sight.
	const why = page.getByLabel("Por qué no está de acuerdo");
	await within("the form is in sight", async () => {
		const box = await why.boundingBox();
		return box && box.y > 0 && box.y + box.height < 740 ? true : undefined;
	});
	await pictures(page, "objetar");
	await why.fill("Es publicar el menú que ya está aprobado.");
	await page.getByRole("button", { name: "Reabrir la solicitud" }).click();
	await page.getByText("La solicitud vuelve a la Mesa de Ayuda.").waitFor();
	await page.getByText("No está de acuerdo", { exact: true }).waitFor();
	await received(url, COORDINATOR, /Rediseñar la portada/);
	watch.quiet();
	agent.watch.quiet();
});

it("whoever is waited for is told so, and his answer from the mail ends the wait", async () => {
	const { path, has } = await asked(browser, url, "El escáner no envía");
	await does(has, path, "hold", "¿Qué dirección tiene puesta?");
	const { page, watch } = await visitor(browser, url, TELEPHONE);
	await page.goto(await button(/Necesitamos algo de usted/));
	await page.getByText("Esperamos su respuesta.").waitFor();
	await page.getByText("Con su respuesta termina la espera y la Mesa de Ayuda sigue con su solicitud.").waitFor();
	await page.getByLabel("Escribir a la Mesa de Ayuda").fill("La de tesorería.");
	await page.getByRole("button", { name: "Enviar" }).click();
	await page.waitForURL(/hecho=enviado$/);
	assert.equal(await page.getByText("Esperamos su respuesta.").count(), 0);
	const agent = await visitor(browser, url);
	await signIn(agent.page, has, path);
	await agent.page.locator(".ticket-sub").getByText("En curso (asignada)").waitFor();
	watch.quiet();
	agent.watch.quiet();
});

it("whoever was copied finds it, is not taken for its requester, and leaves", async () => {
	const { page, context } = await visitor(browser, url);
	await signIn(page, "luis@uspec.gov.co", "/solicitudes/nueva");
	await page.locator('input[name="category"][value="redes"]').check();
	await page.locator('[name="description"]').fill("Falta una toma de red en la sala 5.");
	await page.locator('[name="observers"]').fill(REQUESTER);
	await page.getByRole("button", { name: "Enviar solicitud" }).click();
	await page.waitForURL(/hecho=registrada$/);
	await context.close();

	const hers = await visitor(browser, url, { viewport: { width: 360, height: 740 } });
	await signIn(hers.page, REQUESTER);
	await hers.page.getByRole("link", { name: "Falta una toma de red en la sala 5" }).click();
	await hers.page.getByText("La leen quien pidió la solicitud y quien la atiende.").waitFor();
	await accessible(hers.page);
	await pictures(hers.page, "en-copia");
	await hers.page.getByRole("button", { name: /^Dejar de recibir copia/ }).click();
	await hers.page.getByText("Ya no recibe los correos de esa solicitud.").waitFor();
	hers.watch.quiet();
});

it("a title of two hundred letters without a blank pushes nothing aside", async () => {
	const { number } = await asked(browser, url, "reporte_de_ejecucion_".repeat(10).slice(0, 200));
	const pages = [
		[REQUESTER, "/solicitudes"],
		[REQUESTER, `/solicitudes/${number}`],
		[AGENT, "/cola?vista=abiertas"],
		[AGENT, `/llamada?quien=${REQUESTER}`],
		[COORDINATOR, "/hoy"],
	];
	// Beside another of hers.
	const { path } = await asked(browser, url, "Otra");
	pages.push([COORDINATOR, path]);
	for (const [who, at] of /** @type {[string, string][]} */ (pages)) {
		const { page, context, watch } = await visitor(browser, url);
		await signIn(page, who, at);
		for (const width of [360, 1280]) {
			await page.setViewportSize({ width, height: 900 });
			const found = await page.evaluate(() => document.documentElement.scrollWidth);
			assert.equal(found, width, `${at} is ${found} px wide at ${width}`);
		}
		watch.quiet();
		await context.close();
	}
});
