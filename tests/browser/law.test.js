// What the law asks for, through the pages: an incident that its group alone sees, and a petition that is passed on.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { accessible } from "./axe.js";
import { pictures, signIn, startBrowser, startHost, visitor } from "./harness.js";
import { AGENT, COORDINATOR, opened, sent } from "./people.js";

const ANA = "ana.perez@uspec.gov.co";
const GUARD = "agente1.seguridad@uspec.gov.co";
const OTHER = "agente2.seguridad@uspec.gov.co";

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {string} */
let url;

before(async () => {
	({ url } = await startHost());
	browser = await startBrowser();
});

/** @param {string} who @param {string} path @param {import("playwright-core").BrowserContextOptions} [options] */
async function at(who, path, options) {
	const visit = await visitor(browser, url, options);
	await signIn(visit.page, who, path);
	return visit;
}

describe("an incident", () => {
	/** @type {string} */
	let path;

	it("is asked what is known, at 360 px and without scripts", async () => {
		const { page, context, watch } = await at(ANA, "/solicitudes/nueva", {
			viewport: { width: 360, height: 780 },
			javaScriptEnabled: false,
		});
		const questions = page.locator("#incidente");
		assert.equal(await questions.isVisible(), false);
		await page.locator('input[name="category"][value="incidente_seguridad"]').check();
		await questions.waitFor();
		assert.equal(await page.locator("#copias").isVisible(), false, "its group alone sees it");
		await page.locator('[name="description"]').fill("Abrí un enlace que pedía la clave.");
		await page.getByRole("button", { name: "Enviar solicitud" }).click();
		await page.getByText("Falta algo por corregir").waitFor();
		for (const id of ["incidente-tipo", "incidente-activo", "incidente-datos"]) {
			await page.locator(`a[href="#${id}"]`).waitFor();
		}
		await page.locator("#incidente-tipo").selectOption("phishing");
		await page.locator("#incidente-activo").fill("Mi buzón");
		await page.locator('[name="incident.personal_data"][value="unknown"]').check();
		await page.locator("#incidente-contencion").fill("Cambié la contraseña.");
		await page.getByRole("button", { name: "Enviar solicitud" }).click();
		await page.waitForURL(/hecho=registrada$/);
		path = new URL(page.url()).pathname;
		// What was answered, and what not to wait with.
		await page.getByText("Mi buzón").waitFor();
		await page.getByRole("heading", { name: "Mientras tanto" }).waitFor();
		watch.mayHear(/422/);
		watch.quiet();
		await context.close();
	});

	it("says at each question what is missing", async () => {
		const { page, context, watch } = await at(ANA, "/solicitudes/nueva");
		await page.locator('input[name="category"][value="incidente_seguridad"]').check();
		await page.locator('[name="description"]').fill("Algo raro.");
		await page.getByRole("button", { name: "Enviar solicitud" }).click();
		await page.locator("#errores").waitFor();
		await page.locator("#incidente .field-error").first().waitFor();
		await accessible(page);
		await pictures(page, "incidente-error");
		watch.mayHear(/422/);
		watch.quiet();
		await context.close();
	});

	it("does not exist for anybody else", async () => {
		for (const who of [AGENT, "luis.rojas@uspec.gov.co"]) {
			const { page, context, watch } = await at(who, path);
			await page.getByText("No existe").first().waitFor();
			await page.goto(`${url}/cola?vista=abiertas`);
			assert.equal(await page.getByText("pedía la clave").count(), 0);
			watch.mayHear(/404|403/);
			await context.close();
		}
	});

	it("is described, reported and only then over", async () => {
		const { page, context, watch } = await at(COORDINATOR, path);
		await page.getByText("Antes de darla por terminada").waitFor();
		await page.getByText("Falta decir si el incidente afecta datos personales.").waitFor();
		const describe = await opened(page, "describeincident");
		assert.equal(await describe.locator('[name="asset"]').inputValue(), "Mi buzón");
		await describe.locator('[name="personal_data"]').selectOption("yes");
		await describe.locator('[name="people"]').fill("muchas");
		await describe.locator("button[type=submit]").click();
		await page.locator("#errores").waitFor();
		await describe.locator('[name="people"]').fill("12");
		await describe.locator('[name="severity"]').selectOption("high");
		await sent(describe);
		await page.getByText("Sí, de 12 personas").waitFor();
		await accessible(page);
		await pictures(page, "incidente");
		for (const authority of ["csirt", "sic"]) {
			const report = await opened(page, "recordreport");
			await report.locator('[name="authority"]').selectOption(authority);
			await report.locator('[name="outcome"]').selectOption(authority === "sic" ? "not_required" : "reported");
			await report.locator("textarea").fill("Caso 2026-0417.");
			await sent(report);
		}
		assert.equal(await page.getByText("Antes de darla por terminada").count(), 0);
		watch.mayHear(/422/);
		await context.close();
		// Whoever of its group has it solves it.
		for (const who of [GUARD, OTHER]) {
			const guard = await at(who, path);
			const resolve = guard.page.locator("#resolve");
			if (await resolve.count()) {
				const form = await opened(guard.page, "resolve");
				await form.locator("textarea").fill("Se bloqueó el remitente.");
				await sent(form);
			}
			await guard.context.close();
		}
		const ana = await at(ANA, path);
		await ana.page.getByText("Se bloqueó el remitente.").waitFor();
		assert.equal(await ana.page.getByText("Caso 2026-0417.").count(), 0, "whom it was reported to is not hers to know");
		ana.watch.quiet();
		await ana.context.close();
	});
});

it("a petition is marked, passed on, and whoever made it is told", async () => {
	const ana = await at(ANA, "/solicitudes/nueva");
	await ana.page.locator('input[name="category"][value="plataforma"]').check();
	await ana.page.locator('[name="description"]').fill("Pido copia del contrato 318 de 2026.");
	await ana.page.getByRole("button", { name: "Enviar solicitud" }).click();
	await ana.page.waitForURL(/hecho=registrada$/);
	const path = new URL(ana.page.url()).pathname;

	const { page, context, watch } = await at(COORDINATOR, path);
	assert.equal(await page.locator("#forward").count(), 0, "first somebody says that it is one");
	const mark = await opened(page, "markpetition");
	await mark.locator("textarea").fill("Pide copia de un contrato.");
	await sent(mark);
	await page.locator(".ticket-sub").getByText("Petición (PQRSD)").waitFor();
	await page.getByText("Traslado (PQRSD)").first().waitFor();
	await accessible(page);
	await pictures(page, "peticion");
	const forward = await opened(page, "forward");
	assert.equal(await forward.locator('[name="email"]').inputValue(), "atencion.ciudadano@uspec.gov.co");
	await forward.locator("textarea").fill("Lo responde Gestión Contractual.");
	await sent(forward);
	await page.locator(".ticket-sub").getByText("Trasladada").waitFor();
	watch.quiet();
	await context.close();

	await ana.page.goto(path);
	await ana.page.getByText("Se trasladó a Grupo de Atención al Ciudadano").waitFor();
	await ana.page.getByText("Lo responde Gestión Contractual.").waitFor();
	assert.equal(await ana.page.getByText("Pide copia de un contrato.").count(), 0);
	await ana.page.getByText("No estoy de acuerdo").first().waitFor();
	await accessible(ana.page);
	await pictures(ana.page, "peticion-trasladada");
	ana.watch.quiet();
	await ana.context.close();
});
