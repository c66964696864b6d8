// Pages that nobody hopes to see: what is not there, what cannot be shown, a sign-in that was refused, a link that has
// ended, a survey that was answered. Each says what is so and where it goes on, at every width and in both themes.

import assert from "node:assert/strict";
import { before, it } from "node:test";
import { accessible } from "./axe.js";
import { pictures, signIn, startBrowser, startHost, visitor } from "./harness.js";
import { received } from "./mail.js";
import { AGENT, asked, COORDINATOR, opened, REQUESTER, sent } from "./people.js";

/** @typedef {import("playwright-core").Page} Page */

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {string} */
let url;

before(async () => {
	({ url } = await startHost());
	browser = await startBrowser();
});

/**
 * Looks at a page as it stands.
 * @param {Page} page
 * @param {string} name
 */
async function looked(page, name) {
	await pictures(page, name);
	await accessible(page);
}

/** Where links of a mail lead. @param {string} text @param {RegExp} link */
const linked = (text, link) => new URL(link.exec(text)?.[0] ?? "").pathname;

/** Has calls of the table fail, or be answered again. @param {number} failed in ten thousandths */
async function broken(failed) {
	const body = JSON.stringify({ seed: 1, dynamodb: { failed } });
	const put = await fetch(`${url}/_local/faults`, {
		method: "PUT",
		headers: { "content-type": "application/json" },
		body,
	});
	assert.equal(put.status, 200, await put.text());
}

for (const [who, whom] of /** @type {[string, string][]} */ ([
	[REQUESTER, "solicitante"],
	[AGENT, "mesa"],
])) {
	it(`what is not there, or not to be seen: ${whom}`, async () => {
		const { page, watch } = await visitor(browser, url);
		watch.mayHear(/status of 40[34]/);
		await signIn(page, who);
		for (const path of ["/solicitudes/999999", "/no-hay-tal-pagina", "/solicitudes/1/formatos/A3-FO-99"]) {
			const answer = await page.goto(path);
			assert.equal(answer?.status(), 404, path);
		}
		await looked(page, `error-404-${whom}`);
		const answer = await page.goto("/matriz");
		assert.equal(answer?.status(), 403);
		await looked(page, `error-403-${whom}`);
		watch.quiet();
	});

	it(`the desk does not answer: ${whom}`, async () => {
		const { page, watch } = await visitor(browser, url);
		watch.mayHear(/status of 50[03]/);
		await signIn(page, who);
		await broken(10_000);
		const answer = await page.goto("/solicitudes");
		assert.equal(answer?.status(), 503);
		// Whom to call is said, and a way to try again leads to the same page.
		await page.getByText(/391/).waitFor();
		await looked(page, `error-503-${whom}`);
		await broken(0);
		await page.getByRole("link", { name: "Intentar de nuevo" }).click();
		await page.getByRole("heading", { name: "Mis solicitudes" }).or(page.locator(".mylist h1")).first().waitFor();
		assert.equal(new URL(page.url()).pathname, "/solicitudes");
		watch.quiet();
	});
}

it("a sign-in that was refused, or given up", async () => {
	const { page, watch } = await visitor(browser, url);
	watch.mayHear(/status of 4\d\d/);
	await page.goto("/entrar");
	await page.getByRole("button", { name: "Entrar", exact: true }).click();
	await page.locator('input[name="email"]').fill("alguien@example.com");
	await page.locator('input[name="email"]').press("Enter");
	await page.getByText("Su cuenta no es de la entidad ni está en el directorio.").waitFor();
	await looked(page, "entrar-rechazado");
	await page.getByRole("button", { name: "Entrar con otra cuenta" }).click();
	await page.waitForURL(/\/entrar/);
	await page.getByRole("button", { name: "Entrar", exact: true }).click();
	await page.getByRole("button", { name: "Cancelar" }).click();
	await page.getByRole("heading", { name: "No entró" }).waitFor();
	await looked(page, "entrar-cancelado");
	await page.goto("/entrar/vuelta?code=x&state=y");
	await page.getByRole("heading", { name: "Este ingreso ya no sirve" }).waitFor();
	await looked(page, "entrar-vencido");
	watch.quiet();
});

it("a link that was revoked, one that never was, and a survey that was answered", async () => {
	const { path, has } = await asked(browser, url, "Se califica, y después se mira otra vez");
	const first = await received(url, REQUESTER, /Se califica, y después/);
	const link = linked(first.text, /https?:\S+\/s\/\w+/);
	const agent = await visitor(browser, url);
	await signIn(agent.page, has, path);
	const resolve = await opened(agent.page, "resolve");
	await resolve.locator("textarea").fill("Se reinstaló Office.");
	await sent(resolve);
	const { text } = await received(url, REQUESTER, /resuelta: Se califica, y después/);
	const survey = linked(text, /https?:\S+\/surveys\/\w+/);

	const { page, watch } = await visitor(browser, url);
	watch.mayHear(/status of 404/);
	await page.goto(`${survey}?estrella=5`);
	await looked(page, "encuesta");
	await page.locator('label:has(input[name="solved"][value="true"])').click();
	await page.getByRole("button", { name: "Enviar" }).click();
	await page.getByRole("heading", { name: /Gracias/ }).waitFor();
	await looked(page, "encuesta-gracias");
	await page.goto(survey);
	await page.getByRole("heading", { name: /ya no espera respuesta/ }).waitFor();
	await looked(page, "encuesta-respondida");
	await page.goto(link);
	await looked(page, "enlace-cerrada");
	for (const nothing of ["/s/noexiste", "/surveys/noexiste"]) {
		assert.equal((await page.goto(nothing))?.status(), 404, nothing);
	}
	await looked(page, "enlace-no-existe");

	const coordinator = await visitor(browser, url);
	await signIn(coordinator.page, COORDINATOR, path);
	await (await opened(coordinator.page, "revokelink")).locator("button[type=submit]").click();
	await coordinator.page.waitForURL(/hecho=enlace$/);
	await page.goto(link);
	await page.getByText("Este enlace fue anulado.").waitFor();
	await looked(page, "enlace-anulado");
	for (const seen of [watch, agent.watch, coordinator.watch]) seen.quiet();
});
