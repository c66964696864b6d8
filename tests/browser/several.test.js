// A call, a refused mail, and several requests at once.

import assert from "node:assert/strict";
import { before, it } from "node:test";
import { accessible } from "./axe.js";
import { pictures, signIn, startBrowser, startHost, visitor, within } from "./harness.js";
import { post } from "./mail.js";
import { AGENT, ask, COORDINATOR, REQUESTER } from "./people.js";

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {string} */
let url;
/** @type {number} */
let smtpPort;

before(async () => {
	({ url, smtpPort } = await startHost());
	browser = await startBrowser();
});

it("a call is registered and attended by keys alone", async () => {
	const { page, watch } = await visitor(browser, url);
	await signIn(page, AGENT, "/cola");
	await page.getByRole("button", { name: "Todas las teclas" }).waitFor();
	await page.keyboard.press("c");
	await page.waitForURL(/\/llamada$/);
	await page.getByLabel("¿Quién llama?").fill("luis@uspec.gov.co");
	await page.keyboard.press("Enter");
	await page.waitForURL(/quien=/);
	await page.locator("#nombre").fill("Luis Rojas");
	// What he tells comes first, and there the keyboard is; from a choice it is sent, too.
	await page.getByText("Título, extensión y dependencia").click();
	await page.getByLabel("Título").fill("El puesto 214 está sin red");
	await page.getByLabel("Lo que cuenta").fill("Probó con otro cable.");
	await page.getByLabel("Configuración de redes").check();
	await page.keyboard.press("Control+Enter");
	await page.waitForURL(/\/solicitudes\/\d+\?hecho=atendida$/);
	await page.getByText("Se atendió por teléfono al registrarla.").waitFor();
	assert.match((await page.locator("#relojes").locator("..").textContent()) ?? "", /Atención: cumplida en 0 s/);
	// What was said of one search is gone with the next; what it said of him is not typed twice.
	await page.goto("/llamada?quien=402");
	assert.equal(await page.getByLabel("Extensión (opcional)").inputValue(), "402");
	const nobody = page.getByText("Nadie del directorio tiene la extensión 402.");
	await nobody.waitFor();
	await page.locator("#quien").fill("lu");
	await nobody.waitFor({ state: "detached" });
	// The next time nothing is asked that he has said already.
	await page.goto("/llamada?quien=luis@uspec.gov.co");
	assert.equal(await page.locator("#nombre").count(), 0);
	await page.getByRole("link", { name: "El puesto 214 está sin red" }).waitFor();
	watch.quiet();
});

it("what is written of one caller is not said of another", async () => {
	const { page, watch } = await visitor(browser, url);
	await signIn(page, AGENT, "/llamada");
	const told = page.getByLabel("Lo que cuenta");
	// Whoever is in a hurry writes first, and asks who it is then.
	await told.fill("El monitor se queda negro");
	await page.getByLabel("¿Quién llama?").fill("luis@uspec.gov.co");
	await page.keyboard.press("Enter");
	await page.waitForURL(/quien=luis/);
	assert.equal(await told.inputValue(), "El monitor se queda negro");
	for (const other of ["/llamada", `/llamada?quien=${encodeURIComponent(REQUESTER)}`]) {
		await page.goto(other);
		assert.equal(await told.inputValue(), "", other);
	}
	const his = "/llamada?quien=luis@uspec.gov.co";
	await page.goto(his);
	assert.equal(await told.inputValue(), "El monitor se queda negro");
	// What was chosen and written besides comes back as well, seen, and the next key leads on from the text.
	await told.focus();
	await page.keyboard.press("Tab");
	await page.keyboard.press("3");
	const office = page.getByLabel("Ofimática");
	assert.ok(await office.isChecked());
	await page.getByText("Título, extensión y dependencia").click();
	await page.getByLabel("Título").fill("Monitor");
	await page.goto(his);
	assert.ok(await office.isChecked());
	assert.equal(await page.getByLabel("Título").inputValue(), "Monitor");
	assert.ok(await page.getByLabel("Título").isVisible());
	await accessible(page);
	// What is written of nobody yet does not take the place of it.
	await page.goto("/llamada");
	await told.fill("hola");
	await page.goto(his);
	assert.equal(await told.inputValue(), "El monitor se queda negro");
	await page.getByRole("button", { name: "Descartar" }).click();
	for (const field of [told, page.getByLabel("Título")]) assert.equal(await field.inputValue(), "");
	assert.equal(await office.isChecked(), false);
	await page.evaluate(() => {
		for (const [key, text] of Object.entries(localStorage).filter(([key]) => key.startsWith("borrador:")))
			localStorage.setItem(key, JSON.stringify({ ...JSON.parse(text), at: Date.now() - 11 * 60_000 }));
	});
	// After ten minutes it is nobody's.
	await page.goto(his);
	assert.equal(await told.inputValue(), "");
	await page.goto("/llamada");
	assert.equal(await told.inputValue(), "");
	// Ctrl+Enter sends from the button as well.
	await page.goto(his);
	await told.fill("El monitor se queda negro");
	await office.check();
	// A digit alone chooses.
	await page.keyboard.press("Control+0");
	assert.ok(await office.isChecked());
	await page.getByRole("button", { name: "Registrar y atender" }).focus();
	await page.keyboard.press("Control+Enter");
	await page.waitForURL(/hecho=atendida$/);
	watch.quiet();
});

it("what is chosen is done one by one, and what fails stays chosen and says why", async () => {
	const { page: hers, context } = await visitor(browser, url);
	await signIn(hers, REQUESTER);
	const [one, other] = [await ask(hers, "Excel se cierra"), await ask(hers, "Word se cierra")];
	await context.close();
	const { page, watch } = await visitor(browser, url);
	watch.mayHear(/status of 409/);
	await signIn(page, COORDINATOR, "/cola?vista=abiertas");
	const row = page.locator(`#r${one}`);
	await row.waitFor();
	const before = await row.boundingBox();
	for (const number of [one, other]) await page.locator(`#r${number} .pick input`).check();
	await page.getByText("2 elegidas").waitFor();
	assert.deepEqual(await row.boundingBox(), before, "the row moved under the pointer");
	await accessible(page);
	await pictures(page, "cola-elegidas");
	// Nothing of theirs is solved: none of them can be closed.
	assert.equal(await page.locator('#elegidas button[value="cerrar"]').isVisible(), false);
	const assign = async () => {
		await page.getByLabel("A quién se asignan").selectOption(AGENT);
		await page.getByRole("button", { name: "Asignar", exact: true }).click();
	};
	await assign();
	const assigned = /asignadas? a Agente 1 de Soporte: (?:su|el primer) tiempo de solución vence (?:el .* )?a las \d/;
	await page.locator("#resultados").getByText(assigned).waitFor();
	for (const number of [one, other]) await page.locator(`#r${number} .pick input`).check();
	await assign();
	await page.getByText("0 asignadas; 2 no: siguen elegidas.").waitFor();
	assert.equal(await page.locator(".pick input:checked").count(), 2);
	await page.locator("#elegidas summary").click();
	await page.getByLabel("Respuesta para cada solicitante").fill("Hay una falla de Office; avisamos.");
	await page.getByRole("button", { name: "Enviar a cada una" }).click();
	await page.getByText("2 respondidas.").waitFor();
	assert.equal(await page.locator(".pick input:checked").count(), 0);
	await page.goto(`/solicitudes/${one}`);
	await page.getByText("Hay una falla de Office; avisamos.").waitFor();
	watch.quiet();
});

it("the rail beside the refused mail has its counts, too", async () => {
	const { page, watch } = await visitor(browser, url);
	await signIn(page, COORDINATOR, "/correo");
	await page.locator('[data-count="abiertas"]').getByText(/^\d+$/).waitFor();
	watch.quiet();
});

it("a refused mail is read and accepted without scripts", async () => {
	await post(smtpPort, "practicante@example.com", "No puedo entrar a la nomina");
	const { page, watch } = await visitor(browser, url, { javaScriptEnabled: false });
	await signIn(page, AGENT, "/correo");
	const link = page.getByRole("link", { name: /No puedo entrar a la nomina/ });
	await within("the mail is in the list", async () => {
		if (await link.count()) return true;
		await page.reload();
		return undefined;
	});
	// Pages of the desk's own have the count without scripts.
	const waiting = page.locator('[data-count="correo"]');
	await page.goto("/cola");
	assert.equal(await waiting.textContent(), "1");
	await page.goto("/correo");
	await link.click();
	await page.getByText("No puedo entrar.", { exact: true }).waitFor();
	await pictures(page, "correo");
	await page.getByLabel("Categoría").selectOption("redes");
	await page.getByRole("button", { name: "Aceptar" }).click();
	await page.waitForURL(/\/solicitudes\/\d+\?hecho=aceptada$/);
	await page.getByRole("heading", { name: "No puedo entrar a la nomina" }).waitFor();
	// It is on the day's list still, and waits for nobody.
	assert.equal(await waiting.textContent(), "0");
	watch.quiet();
});
