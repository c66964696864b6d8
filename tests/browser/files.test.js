// Files that go with what is written: chosen, dropped, pasted, given up, tried again; on a telephone, and without scripts.

import assert from "node:assert/strict";
import { before, it } from "node:test";
import { accessible } from "./axe.js";
import { held, picture, pictures, signIn, startBrowser, startHost, visitor } from "./harness.js";
import { ask, asked, OFFICER, opened, REQUESTER } from "./people.js";

/** @typedef {import("playwright-core").Page} Page */

const TELEPHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };

const PNG = Buffer.from(
	"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
	"base64",
);

/** @param {string} name */
const screenshot = (name) => ({ name, mimeType: "image/png", buffer: PNG });

/** Where files go, which is another origin. */
const ELSEWHERE = /request elsewhere: http:\/\/127\.0\.0\.1:\d+\/filesbucket\/uploads\//;
const UPLOADS = /\/filesbucket\/uploads\//;

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {string} */
let url;

before(async () => {
	({ url } = await startHost());
	browser = await startBrowser();
});

/**
 * Somebody who may send files, and is heard of nothing else.
 * @param {string} who
 * @param {string} path
 * @param {import("playwright-core").BrowserContextOptions} [options]
 */
async function sender(who, path, options) {
	const { page, watch } = await visitor(browser, url, options);
	watch.mayHear(ELSEWHERE);
	await signIn(page, who, path);
	return { page, watch };
}

/** @param {import("playwright-core").Locator} form */
const rows = (form) => form.locator("[data-files] .files li");

/**
 * A file for a drop or a paste, in the page.
 * @param {Page} page
 * @param {string} name
 */
const carried = (page, name) =>
	page.evaluateHandle(
		({ name, bytes }) => {
			const data = new DataTransfer();
			data.items.add(new File([new Uint8Array(bytes)], name, { type: "image/png" }));
			return data;
		},
		{ name, bytes: Array.from(PNG) },
	);

it("what is chosen with a new request is there with it, and comes back as it was", async () => {
	const { page, watch } = await sender(REQUESTER, "/solicitudes/nueva");
	const form = page.locator("#nueva");
	await form.locator('input[name="category"][value="ofimatica"]').check();
	await form.getByLabel("Archivos (opcional)").setInputFiles([screenshot("pantalla.png"), screenshot("Oficio 12.png")]);
	await form.getByText("Listo").nth(1).waitFor();
	await form.locator('[name="description"]').fill("Así sale en la pantalla.");
	await accessible(page);
	await pictures(page, "archivos-nueva");
	await form.getByRole("button", { name: "Enviar solicitud" }).click();
	await page.waitForURL(/hecho=registrada$/);
	const message = page.locator(".msg", { hasText: "Así sale en la pantalla." });
	const link = message.getByRole("link", { name: "pantalla.png" });
	await message.getByRole("link", { name: "Oficio 12.png" }).waitFor();
	const [download] = await Promise.all([page.waitForEvent("download"), link.click()]);
	assert.equal(download.suggestedFilename(), "pantalla.png");
	const stream = await download.createReadStream();
	const chunks = [];
	for await (const chunk of stream) chunks.push(chunk);
	assert.deepEqual(Buffer.concat(chunks), PNG);
	watch.mayHear(/filesbucket\/tickets\//);
	watch.quiet();
});

it("files are dropped and pasted where one writes", async () => {
	const { path } = await asked(browser, url, "Con archivos soltados");
	const { page, watch } = await sender(REQUESTER, path);
	const form = page.locator("#reply");
	// Once there is somewhere to drop them.
	await form.locator(".drop").waitFor();
	const dropped = await carried(page, "soltado.png");
	await form.dispatchEvent("dragover", { dataTransfer: dropped });
	await form.locator(".drop[data-over]").waitFor();
	await picture(page, "archivos-soltar");
	await form.dispatchEvent("drop", { dataTransfer: dropped });
	assert.equal(await form.locator(".drop[data-over]").count(), 0);
	await rows(form).filter({ hasText: "soltado.png" }).getByText("Listo").waitFor();
	// A screenshot has no name of its own.
	const pasted = await carried(page, "image.png");
	await form
		.locator("textarea")
		.evaluate(
			(box, clipboardData) => box.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true })),
			/** @type {any} */ (pasted),
		);
	await rows(form)
		.filter({ hasText: /captura-\d{6}\.png/ })
		.getByText("Listo")
		.waitFor();
	// Words with a picture of them are words.
	const words = await page.evaluateHandle(() => {
		const data = new DataTransfer();
		data.setData("text/plain", "un texto");
		data.items.add(new File(["x"], "image.png", { type: "image/png" }));
		return data;
	});
	await form
		.locator("textarea")
		.evaluate(
			(box, clipboardData) => box.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true })),
			/** @type {any} */ (words),
		);
	assert.equal(await rows(form).count(), 2);
	await form.locator("textarea").fill("Van dos.");
	await form.getByRole("button", { name: "Enviar" }).click();
	await page.waitForURL(/hecho=enviado$/);
	const message = page.locator(".msg", { hasText: "Van dos." });
	assert.equal(await message.locator(".files li").count(), 2);
	watch.quiet();
});

it("one writes on while a file goes up, cancels it, or waits for it", async () => {
	const { path } = await asked(browser, url, "Con archivos lentos");
	const { page, watch } = await sender(REQUESTER, path);
	const form = page.locator("#reply");
	await form.locator(".drop").waitFor();
	const release = await held(page, UPLOADS);
	await form.getByLabel("Archivos (opcional)").setInputFiles([screenshot("uno.png"), screenshot("dos.png")]);
	await form.getByRole("progressbar", { name: "Subiendo uno.png" }).waitFor();
	await form.locator("textarea").fill("Va uno.");
	await accessible(page);
	await pictures(page, "archivos-subiendo");
	await form.getByRole("button", { name: "Cancelar dos.png" }).click();
	await rows(form).filter({ hasText: "dos.png" }).waitFor({ state: "detached" });
	// The focus is where the next one is chosen.
	assert.equal(
		await form.getByLabel("Archivos (opcional)").evaluate((input) => input === document.activeElement),
		true,
	);
	// Sent too early, it goes once all of it is there.
	await form.getByRole("button", { name: "Enviar" }).click();
	await form.getByRole("button", { name: "Enviando…" }).waitFor();
	assert.match(page.url(), /\/solicitudes\/\d+$/);
	release();
	await page.waitForURL(/hecho=enviado$/);
	const message = page.locator(".msg", { hasText: "Va uno." });
	await message.getByRole("link", { name: "uno.png" }).waitFor();
	assert.equal(await page.getByText("dos.png").count(), 0);
	watch.quiet();
});

it("what did not arrive is tried again, and nothing is sent without it", async () => {
	const { path } = await asked(browser, url, "Con la red caída");
	const { page, watch } = await sender(REQUESTER, path);
	watch.mayHear(/net::ERR_FAILED|status of 4\d\d/);
	const form = page.locator("#reply");
	let broken = true;
	await page.route(UPLOADS, (route) => (broken ? route.abort() : route.continue()));
	await form.getByLabel("Archivos (opcional)").setInputFiles([screenshot("pantalla.png"), screenshot("otra.png")]);
	const bad = form.locator(".files .bad");
	await bad.nth(1).getByText("La conexión se cortó.").waitFor();
	await form.locator("textarea").fill("Con la pantalla.");
	await form.getByRole("button", { name: "Enviar" }).click();
	await form.getByText("Un archivo no subió: reinténtelo o quítelo.").waitFor();
	await accessible(page);
	await pictures(page, "archivos-fallidos");
	broken = false;
	await form.getByRole("button", { name: "Quitar otra.png" }).click();
	await form.getByRole("button", { name: "Reintentar pantalla.png" }).click();
	await rows(form).getByText("Listo").waitFor();
	await form.getByRole("button", { name: "Enviar" }).click();
	await page.waitForURL(/hecho=enviado$/);
	const message = page.locator(".msg", { hasText: "Con la pantalla." });
	await message.getByRole("link", { name: "pantalla.png" }).waitFor();
	watch.quiet();
});

it("what is not taken says why, before it goes up or once it was looked at", async () => {
	const { path } = await asked(browser, url, "Con archivos malos");
	const { page, watch } = await sender(REQUESTER, path);
	watch.mayHear(/status of 422/);
	const form = page.locator("#reply");
	const program = { name: "instalar.exe", mimeType: "application/octet-stream", buffer: Buffer.from("MZ") };
	const markup = { name: "informe.pdf", mimeType: "application/pdf", buffer: Buffer.from("<html ><body>") };
	await form.getByLabel("Archivos (opcional)").setInputFiles([program, markup, screenshot("bien.png")]);
	await form
		.locator(".bad")
		.getByText(/Es un programa/)
		.waitFor();
	await form.getByText("Listo").nth(1).waitFor();
	await form.getByRole("button", { name: "Quitar instalar.exe" }).click();
	await form.locator("textarea").fill("Van tres.");
	await form.getByRole("button", { name: "Enviar" }).click();
	await page
		.locator(".error-summary")
		.getByText("informe.pdf: Dice ser un PDF, y por dentro es una página web.")
		.waitFor();
	const bad = form.locator(".files .bad", { hasText: "informe.pdf" });
	await bad.getByText("Dice ser un PDF, y por dentro es una página web.", { exact: true }).waitFor();
	assert.equal(await form.getByRole("button", { name: /^Reintentar/ }).count(), 0);
	await accessible(page);
	await pictures(page, "archivos-rechazados");
	await form.getByRole("button", { name: "Quitar informe.pdf" }).click();
	assert.equal(await form.locator("textarea").inputValue(), "Van tres.");
	await form.getByRole("button", { name: "Enviar" }).click();
	await page.waitForURL(/hecho=enviado$/);
	assert.equal(await page.locator(".msg", { hasText: "Van tres." }).locator(".files li").count(), 1);
	watch.quiet();
});

it("files that were chosen before the scripts came go up, too", async () => {
	const { path } = await asked(browser, url, "La red va lenta");
	const { page, watch } = await sender(REQUESTER, "/");
	const arrive = await held(page, /\/files\.js$/);
	await page.goto(path, { waitUntil: "commit" });
	const form = page.locator("#reply");
	await form.locator("input[type=file]").setInputFiles([screenshot("temprano.png")]);
	arrive();
	await rows(form).getByText("Listo").waitFor();
	await form.locator("textarea").fill("Va con ella.");
	await form.getByRole("button", { name: "Enviar" }).click();
	await page.waitForURL(/hecho=enviado$/);
	const message = page.locator(".msg", { hasText: "Va con ella." });
	await message.getByRole("link", { name: "temprano.png" }).waitFor();
	watch.quiet();
});

it("an officer shows on a telephone what he did, to the desk alone", async () => {
	const { path, has } = await asked(browser, url, "El disco del servidor");
	const agent = await sender(has, path);
	const escalate = await opened(agent.page, "escalate");
	await escalate.locator("select").selectOption(OFFICER);
	await escalate.locator("textarea").fill("El servidor es de la Oficina.");
	await escalate.locator("button[type=submit]:not([name])").click();
	await agent.page.waitForURL(/hecho=escalada$/);
	const { page, watch } = await sender(OFFICER, path, TELEPHONE);
	const report = await opened(page, "report");
	await report.locator("textarea").fill("Se cambió el disco.");
	await report.getByLabel("Archivos (opcional)").setInputFiles([screenshot("disco-nuevo.png")]);
	await report.getByText("Listo").waitFor();
	await accessible(page);
	await picture(page, "archivos-informe");
	await report.getByRole("button", { name: "Enviar a la Mesa de Ayuda" }).click();
	await page.waitForURL(/hecho=informada$/);
	const message = page.locator(".msg", { hasText: "Se cambió el disco." });
	await message.getByRole("link", { name: "disco-nuevo.png" }).waitFor();
	await picture(page, "archivos-informe-enviado");
	// The requester sees neither.
	const ana = await sender(REQUESTER, path, TELEPHONE);
	await ana.page.getByText("la revisa desde ahora").waitFor();
	assert.equal(await ana.page.getByText("disco-nuevo.png").count(), 0);
	// The desk's answer with its file she does.
	await agent.page.goto(path);
	const reply = agent.page.locator("#reply");
	await reply.locator("textarea").fill("Quedó como en la foto.");
	await reply.getByLabel("Archivos (opcional)").setInputFiles([screenshot("foto.png")]);
	await reply.getByText("Listo").waitFor();
	await pictures(agent.page, "archivos-mesa");
	await reply.locator("button[type=submit]:not([name])").click();
	await agent.page.waitForURL(/hecho=enviado$/);
	await ana.page.reload();
	const answer = ana.page.locator(".msg", { hasText: "Quedó como en la foto." });
	await answer.getByRole("link", { name: "foto.png" }).waitFor();
	await accessible(ana.page);
	await picture(ana.page, "archivos-conversacion");
	watch.quiet();
	agent.watch.quiet();
	ana.watch.quiet();
});

it("without scripts the form says where files go, and works", async () => {
	const { page, watch } = await visitor(browser, url, { javaScriptEnabled: false });
	await signIn(page, REQUESTER);
	await ask(page, "Sin scripts");
	const form = page.locator("#reply");
	await form.getByText("Para adjuntar archivos aquí hace falta JavaScript").waitFor();
	assert.equal(await form.locator("input[type=file]").isVisible(), false);
	await form.locator("textarea").fill("Va sin archivos.");
	await form.getByRole("button", { name: "Enviar" }).click();
	await page.waitForURL(/hecho=enviado$/);
	await page.getByText("Va sin archivos.").waitFor();
	watch.quiet();
});
