// Somebody who needs help: with and without scripts, on a screen and on a telephone.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { accessible } from "./axe.js";
import { held, picture, pictures, signIn, startBrowser, startHost, visitor } from "./harness.js";
import { ask, REQUESTER } from "./people.js";

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {string} */
let url;

before(async () => {
	({ url } = await startHost());
	browser = await startBrowser();
});

/** @type {[string, import("playwright-core").BrowserContextOptions][]} */
const WAYS = [
	["with scripts", {}],
	["without scripts", { javaScriptEnabled: false }],
	["on a telephone", { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true }],
];

for (const [way, options] of WAYS) {
	it(`asks, sees what happens next, and writes: ${way}`, async () => {
		const { page, watch } = await visitor(browser, url, options);
		await signIn(page, REQUESTER);
		const title = `El Excel se cierra (${way})`;
		const number = await ask(page, title);
		await page.getByText("Su solicitud quedó registrada.").waitFor();
		await page.getByRole("heading", { name: title }).waitFor();
		await page.locator("#reply").getByRole("textbox").fill("También pasa con otros libros.");
		await page.locator("#reply").getByRole("button", { name: "Enviar" }).click();
		await page.waitForURL(/hecho=enviado$/);
		await page.getByText(/^Enviado a (la Mesa de Ayuda|.+, que atiende la solicitud)\./).waitFor();
		await page.getByRole("link", { name: "Ver su mensaje" }).click();
		await page.locator(":target").getByText("También pasa con otros libros.").waitFor();
		await page.goto("/solicitudes");
		const mine = page.getByRole("link", { name: title });
		assert.equal(new URL((await mine.getAttribute("href")) ?? "", url).pathname, `/solicitudes/${number}`);
		await page
			.getByRole("article", { name: title })
			.getByText(/^La atiende Agente \d de Soporte$/)
			.waitFor();
		if (options.javaScriptEnabled !== false) await picture(page, "mis-solicitudes");
		watch.quiet();
	});
}

it("what is written next is seen at once on a usual screen, and no word moves when another page is current", async () => {
	const viewport = { width: 1366, height: 768 };
	const { page, watch } = await visitor(browser, url, { viewport });
	await signIn(page, "contratos@uspec.gov.co", "/solicitudes/nueva");
	/** @param {string} selector */
	const box = async (selector) => {
		const found = await page.locator(selector).boundingBox();
		assert.ok(found, selector);
		return found;
	};
	const { y } = await box("#descripcion");
	assert.ok(y < viewport.height - 40, `the text begins at ${y}`);
	for (const choice of await page.locator("#categoria .choice").all()) {
		assert.ok(((await choice.boundingBox())?.height ?? 0) >= 44);
	}
	const nav = await box(".topbar nav");
	assert.ok((await box(".topbar")).height < 70, "one line");
	const { width } = await box(".narrow");
	await page.goto("/solicitudes");
	assert.deepEqual(await box(".topbar nav"), nav);
	assert.equal((await box(".mylist")).width, width);
	watch.quiet();
});

it("whoever was copied finds it among his, apart from what he asked for", async () => {
	const copied = "luis@uspec.gov.co";
	const json = { "content-type": "application/json" };
	const who = await fetch(`${url}/_local/token`, {
		method: "POST",
		headers: json,
		body: JSON.stringify({ email: REQUESTER }),
	});
	const { token } = await who.json();
	const request = {
		title: "El proyector de la sala",
		description: "No prende.",
		category: "plataforma",
		observers: [copied],
	};
	const registered = await fetch(`${url}/tickets`, {
		method: "POST",
		headers: { ...json, authorization: `Bearer ${token}` },
		body: JSON.stringify(request),
	});
	assert.equal(registered.status, 201);
	const { page, watch } = await visitor(browser, url);
	await signIn(page, copied, "/solicitudes");
	await page.getByRole("heading", { name: "Con copia a usted" }).waitFor();
	await accessible(page);
	await pictures(page, "mis-solicitudes-con-copia");
	await page.getByRole("link", { name: "El proyector de la sala" }).click();
	await page.getByText("No prende.").waitFor();
	watch.quiet();
});

describe("nothing typed is lost", () => {
	it("where something is missing", async () => {
		const { page, watch } = await visitor(browser, url);
		watch.mayHear(/status of 4\d\d/);
		await signIn(page, REQUESTER, "/solicitudes/nueva");
		await page.locator('[name="title"]').fill("Sin categoría ni texto");
		await page.getByRole("button", { name: "Enviar solicitud" }).click();
		const summary = page.locator(".error-summary");
		await summary.waitFor();
		assert.equal(await page.evaluate(() => document.activeElement?.classList.contains("error-summary")), true);
		assert.match(await page.title(), /^Error: /);
		assert.equal(await page.locator('[name="title"]').inputValue(), "Sin categoría ni texto");
		for (const link of await summary.getByRole("link").all()) {
			const target = (await link.getAttribute("href")) ?? "";
			assert.equal(await page.locator(target).count(), 1, target);
		}
		const lines = await summary.getByRole("link").allTextContents();
		assert.deepEqual(lines, [
			"¿Qué pasa? Elija una opción.",
			"Cuente qué necesita: Es obligatorio y no puede estar vacío.",
		]);
		await pictures(page, "nueva-con-errores");
		// What is mended is not wrong any more.
		assert.equal(await page.locator(".field--error").count(), 2);
		await page.locator('input[name="category"][value="ofimatica"]').check();
		assert.equal(await page.locator(".field--error").count(), 1);
		await page.locator('[name="description"]').fill("Se cierra.");
		assert.equal(await page.locator(".field--error, .field-error, [aria-invalid]").count(), 0);
		watch.quiet();
	});

	it("where the browser is closed", async () => {
		const { page, context, watch } = await visitor(browser, url);
		await signIn(page, REQUESTER, "/solicitudes/nueva");
		await page.locator('[name="description"]').pressSequentially("Un texto largo.");
		await page.close();
		const again = await context.newPage();
		await again.goto("/solicitudes/nueva");
		await again.getByText(/Borrador guardado a las/).waitFor();
		assert.equal(await again.locator('[name="description"]').inputValue(), "Un texto largo.");
		watch.quiet();
	});

	it("where it was typed before the scripts came", async () => {
		const { page, context, watch } = await visitor(browser, url);
		await signIn(page, REQUESTER);
		const arrive = await held(page, /\/draft\.js$/);
		await page.goto("/solicitudes/nueva", { waitUntil: "commit" });
		await page.locator('[name="description"]').fill("Muy de prisa.");
		arrive();
		await page.getByText(/Borrador guardado a las/).waitFor();
		await page.close();
		const again = await context.newPage();
		await again.goto("/solicitudes/nueva");
		assert.equal(await again.locator('[name="description"]').inputValue(), "Muy de prisa.");
		watch.quiet();
	});

	it("where the session ends in the middle of writing", async () => {
		const { page, context, watch } = await visitor(browser, url);
		watch.mayHear(/status of 401/);
		await signIn(page, REQUESTER);
		const number = await ask(page, "La sesión termina");
		await page.locator("#reply").getByRole("textbox").fill("Un texto largo.");
		await context.clearCookies();
		await page.locator("#reply").getByRole("button", { name: "Enviar" }).click();
		const line = page.getByText("Su sesión terminó.");
		await line.waitFor();
		const [other] = await Promise.all([
			context.waitForEvent("page"),
			page.getByRole("link", { name: "Entre en otra pestaña" }).click(),
		]);
		await signIn(other, REQUESTER);
		assert.equal(await page.locator("#reply").getByRole("textbox").inputValue(), "Un texto largo.");
		await page.locator("#reply").getByRole("button", { name: "Enviar" }).click();
		await page.waitForURL(new RegExp(`/solicitudes/${number}\\?hecho=enviado$`));
		assert.equal(await page.getByText("Un texto largo.").count(), 1);
		watch.quiet();
	});
});

it("a button that is pressed twice is one request", async () => {
	const { page, watch } = await visitor(browser, url);
	await signIn(page, REQUESTER, "/solicitudes/nueva");
	await page.locator('input[name="category"][value="ofimatica"]').check();
	await page.locator('[name="title"]').fill("Pulsada dos veces");
	await page.locator('[name="description"]').fill("Una sola.");
	await page.getByRole("button", { name: "Enviar solicitud" }).dblclick();
	await page.waitForURL(/hecho=registrada$/);
	await page.goto("/solicitudes");
	assert.equal(await page.getByRole("link", { name: "Pulsada dos veces" }).count(), 1);
	watch.quiet();
});

// Styles and scripts as they are in the source are not compressed, and what is held up is not kept by the browser.
const other = process.env.ASSETS === "source" || process.env.LATE;

it("the first page and the next weigh what they may, and come from here alone", { skip: Boolean(other) }, async () => {
	const { page, watch } = await visitor(browser, url);
	await signIn(page, REQUESTER, "/solicitudes");
	await page.waitForLoadState("networkidle");
	const own = (/** @type {string} */ path) => path.startsWith("/solicitudes") || path.startsWith("/recursos");
	const sum = () => watch.requests.filter(({ path }) => own(path)).reduce((all, { bytes }) => all + bytes, 0);
	const first = sum();
	assert.ok(first > 0 && first <= 35_000, `the first page: ${first} bytes`);
	watch.requests.splice(0);
	await page.goto("/solicitudes/nueva");
	await page.waitForLoadState("networkidle");
	const next = sum();
	assert.ok(next > 0 && next <= 15_000, `the next page: ${next} bytes`);
	watch.quiet();
});
