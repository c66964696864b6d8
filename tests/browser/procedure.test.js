// The whole procedure through the pages: a requester, an agent, an officer and a provider, from the request to its close.

import assert from "node:assert/strict";
import { before, it } from "node:test";
import { signIn, startBrowser, startHost, visitor, within } from "./harness.js";
import { answer, received } from "./mail.js";
import { ask, OFFICER, opened, REQUESTER, responsible, sent } from "./people.js";

const PROVIDER = "soporte@proveedor-redes.example.com";

/** @typedef {import("playwright-core").Page} Page */

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {{ url: string, smtpPort: number }} */
let host;

before(async () => {
	host = await startHost();
	browser = await startBrowser();
});

it("goes from the request to its close", async () => {
	const { url, smtpPort } = host;
	const requester = await visitor(browser, url);
	const officer = await visitor(browser, url, {
		viewport: { width: 360, height: 740 },
		hasTouch: true,
		isMobile: true,
	});

	await signIn(requester.page, REQUESTER);
	const number = await ask(requester.page, "El enlace de la sede está caído");
	const path = `/solicitudes/${number}`;

	// Whom it was given to is on the requester's page.
	const { has } = await responsible(requester.page);
	const agent = await visitor(browser, url);
	await signIn(agent.page, has, path);
	const contact = await opened(agent.page, "contact");
	await contact.locator("textarea").fill("Se le llamó: sigue caído.");
	await sent(contact);
	const escalate = await opened(agent.page, "escalate");
	await escalate.locator("select").selectOption(OFFICER);
	await escalate.locator("textarea").fill("El enlace es de la Oficina de Tecnología.");
	await sent(escalate);

	await signIn(officer.page, OFFICER, path);
	const provider = await opened(officer.page, "askprovider");
	await provider.locator("select").selectOption("redes_externo");
	await provider.locator("textarea").fill("Favor revisar el enlace.");
	await sent(provider);
	await officer.page
		.getByText(/en pausa \(proveedor\)/)
		.first()
		.waitFor();

	const asked = await received(url, PROVIDER, /soporte externo/);
	await answer(smtpPort, asked, PROVIDER, "Se cambió el módulo óptico.");
	await within("the provider's answer is on the page, and what follows from it", async () => {
		await officer.page.reload();
		const said = await officer.page.getByText("Se cambió el módulo óptico.").count();
		return said > 0 && (await officer.page.locator("#report").count()) > 0 ? true : undefined;
	});
	const report = await opened(officer.page, "report");
	await report.locator("textarea").fill("El enlace funciona; se midió.");
	await sent(report);

	await agent.page.goto(path);
	await agent.page.getByText("El enlace funciona; se midió.").first().waitFor();
	const resolve = await opened(agent.page, "resolve");
	await resolve.locator("textarea").fill("El enlace ya funciona.");
	await sent(resolve);

	await requester.page.goto(path);
	await requester.page.getByText("El enlace ya funciona.").first().waitFor();
	assert.equal(
		await requester.page.getByText("Se cambió el módulo óptico.").count(),
		0,
		"what the provider wrote is the desk's",
	);
	await requester.page.getByRole("link", { name: "Calificar la atención" }).click();
	await requester.page.locator('input[name="solved"][value="true"]').check();
	await requester.page.locator('input[name="rating"][value="5"]').check();
	await requester.page.getByRole("button", { name: "Enviar" }).click();
	await requester.page.getByRole("heading", { name: /Gracias/ }).waitFor();

	// Who says that it is solved closes it.
	await within("it is closed", async () => {
		await requester.page.goto(path);
		return (await requester.page.locator(".steps .done").getByText("Cerrada").count()) === 1 ? true : undefined;
	});
	await agent.page.goto(path);
	assert.equal(await agent.page.locator("#resolve").count(), 0, "nothing is left to be done");
	for (const { watch } of [requester, agent, officer]) watch.quiet();
});
