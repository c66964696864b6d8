// Officer, coordinator, auditor and colleague: what each may do, and what none of them may.

import assert from "node:assert/strict";
import { before, it } from "node:test";
import { accessible } from "./axe.js";
import { picture, pictures, signIn, startBrowser, startHost, visitor, within } from "./harness.js";
import { received } from "./mail.js";
import { AUDITOR, asked, COORDINATOR, OFFICER, opened, REQUESTER } from "./people.js";

const TELEPHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {string} */
let url;

before(async () => {
	({ url } = await startHost());
	browser = await startBrowser();
});

it("a colleague takes a request over, and whoever had it is told and keeps his text", async () => {
	const { path, has, other } = await asked(browser, url, "La lleva quien ya se fue");
	const former = await visitor(browser, url);
	former.watch.mayHear(/status of 409/);
	await signIn(former.page, has, path);
	await (await opened(former.page, "contact")).locator("textarea").fill("La estoy llamando.");
	// Not in the moment in which it was given to the first.
	const { page, watch } = await visitor(browser, url);
	await signIn(page, other, path);
	const take = page.getByRole("button", { name: /^Tomar de Agente/ });
	await within("it may be taken over", async () => {
		if (await take.count()) return true;
		await page.reload();
		return undefined;
	});
	await pictures(page, "tomar-de-otro");
	await page.keyboard.press("a");
	await page.waitForURL(/hecho=tomada$/);
	await page.getByText(/la tenía Agente/).waitFor();
	assert.equal(await page.getByRole("button", { name: /^Tomar/ }).count(), 0);
	await (await opened(page, "resolve")).waitFor();
	const told = await received(url, has, /Ya no está a su cargo/);
	assert.match(told.text, /tomó la solicitud/);

	await former.page.locator("#contact button[type=submit]").click();
	await former.page.getByText("Otra persona la cambió mientras usted escribía.").waitFor();
	assert.equal(await former.page.locator("#contact textarea").inputValue(), "La estoy llamando.");
	former.watch.quiet();
	watch.quiet();
});

it("an officer finds what is his on a telephone, and gives it back", async () => {
	const { path, has } = await asked(browser, url, "El servidor de archivos no responde");
	const agent = await visitor(browser, url);
	await signIn(agent.page, has, path);
	const escalate = await opened(agent.page, "escalate");
	await escalate.locator("select").selectOption(OFFICER);
	await escalate.locator("textarea").fill("El servidor es de la Oficina.");
	await escalate.locator("button[type=submit]:not([name])").click();
	await agent.page.waitForURL(/hecho=/);

	const { page, watch } = await visitor(browser, url, TELEPHONE);
	await signIn(page, OFFICER);
	await page.getByRole("link", { name: "El servidor de archivos no responde" }).click();
	await page.waitForURL(new RegExp(`${path}$`));
	await accessible(page);
	await picture(page, "oficial");
	const back = await opened(page, "return");
	await back.locator("textarea").fill("El servidor responde: es el equipo.");
	await back.locator("button[type=submit]").click();
	// It is the desk's again, and his no longer.
	await page.waitForURL(/hecho=/);
	await agent.page.goto(path);
	await agent.page.getByText("El servidor responde: es el equipo.").waitFor();
	await agent.page.locator("#resolve").waitFor({ state: "attached" });
	watch.quiet();
	agent.watch.quiet();
});

it("a coordinator gives a request to somebody else from what is due today", async () => {
	const { number, has, other } = await asked(browser, url, "Hay que repartirla");
	const { page, watch } = await visitor(browser, url);
	await signIn(page, COORDINATOR);
	await page.waitForURL(/\/hoy$/);
	await page.goto(`/solicitudes/${number}`);
	const assign = await opened(page, "assign");
	await assign.locator("select").selectOption(other);
	await assign.locator("button[type=submit]").click();
	await page.waitForURL(/hecho=asignada$/);
	await page.getByText(/la tenía Agente/).waitFor();
	await received(url, has, /Ya no está a su cargo/);
	watch.quiet();
});

it("the link of a mail is revoked, and the next mail has another", async () => {
	const { path } = await asked(browser, url, "El correo lo leyó otra persona");
	const link = async (/** @type {RegExp} */ subject) => {
		const mail = await received(url, REQUESTER, subject);
		return new URL(/https?:\S+\/s\/\w+/.exec(mail.text)?.[0] ?? "").pathname;
	};
	const first = await link(/El correo lo leyó otra persona/);
	const stranger = await visitor(browser, url, { javaScriptEnabled: false, ...TELEPHONE });
	stranger.watch.mayHear(/status of 404/);
	await stranger.page.goto(first);
	await stranger.page.getByRole("heading", { name: "El correo lo leyó otra persona" }).waitFor();

	const { page, watch } = await visitor(browser, url);
	await signIn(page, COORDINATOR, path);
	const revoke = await opened(page, "revokelink");
	await pictures(page, "anular-enlace");
	await revoke.locator("button[type=submit]").click();
	await page.waitForURL(/hecho=enlace$/);
	await page.getByText("Enlace anulado").waitFor();
	await stranger.page.goto(first);
	await stranger.page.getByText("Este enlace fue anulado.").waitFor();
	assert.equal(await stranger.page.getByText("El correo lo leyó otra persona").count(), 0);

	await page.locator("#reply textarea").fill("Ya quedó anulado el enlace.");
	await page.locator("#reply button[type=submit]").click();
	await page.waitForURL(/hecho=enviado$/);
	const second = await link(/Nuevo seguimiento: El correo lo leyó otra persona/);
	assert.notEqual(second, first);
	await stranger.page.goto(second);
	await stranger.page.getByText("Ya quedó anulado el enlace.").waitFor();
	watch.quiet();
	stranger.watch.quiet();
});

it("an auditor reads everything and changes nothing", async () => {
	const { path } = await asked(browser, url, "La mira la auditoría");
	const { page, watch } = await visitor(browser, url);
	watch.mayHear(/status of 40[34]/);
	await signIn(page, AUDITOR);
	for (const place of [path, "/cola?vista=abiertas", "/hoy", "/correo"]) {
		const answer = await page.goto(place);
		assert.equal(answer?.status(), 200, place);
		const forms = await page.locator("main form[method=post]").count();
		assert.equal(forms, 0, `${place} offers an act`);
	}
	await page.goto(path);
	const told = await page.evaluate(async (address) => {
		const body = new URLSearchParams({ body: "Yo no escribo.", visibility: "public" });
		return (await fetch(`${address}/seguimientos`, { method: "POST", body })).status;
	}, path);
	assert.equal(told, 403);
	watch.quiet();
});

it("from the mail to the rating without signing in and without scripts, on a telephone", async () => {
	const { path, has } = await asked(browser, url, "Se califica desde el correo");
	const agent = await visitor(browser, url);
	await signIn(agent.page, has, path);
	const resolve = await opened(agent.page, "resolve");
	await resolve.locator("textarea").fill("Se reinstaló Office.");
	await resolve.locator("button[type=submit]:not([name])").click();
	await agent.page.waitForURL(/hecho=resuelta$/);
	const mail = await received(url, REQUESTER, /resuelta: Se califica desde el correo/);
	const [survey] = /https?:\S+\/surveys\/\w+/.exec(mail.text) ?? [""];
	const [link] = /https?:\S+\/s\/\w+/.exec(mail.text) ?? [""];

	const { page, watch } = await visitor(browser, url, { javaScriptEnabled: false, ...TELEPHONE });
	watch.mayHear(/status of 422/);
	await page.goto(new URL(link).pathname);
	await page.getByText("Se reinstaló Office.").first().waitFor();
	await picture(page, "enlace");
	await page.goto(`${new URL(survey).pathname}?estrella=4`);
	assert.equal(await page.locator('input[name="rating"][value="4"]').isChecked(), true);
	await page.getByText("Todavía no se ha guardado nada").waitFor();
	await picture(page, "encuesta");
	// Looking is not answering.
	await page.reload();
	await page.getByText("Todavía no se ha guardado nada").waitFor();
	// A low star says nothing of whether it is solved, and what was chosen stays.
	await page.goto(`${new URL(survey).pathname}?estrella=2`);
	await page.getByRole("button", { name: "Enviar" }).click();
	await page.locator(".error-summary").waitFor();
	assert.equal(await page.locator('input[name="rating"][value="2"]').isChecked(), true);
	await page.locator('label:has(input[name="solved"][value="true"])').click();
	await page.getByLabel("¿Algo que debamos saber?").fill("Gracias.");
	await page.getByRole("button", { name: "Enviar" }).click();
	await page.getByRole("heading", { name: /Gracias/ }).waitFor();
	await page.goto(new URL(link).pathname);
	await page.locator(".steps .done").getByText("Cerrada").waitFor();
	watch.quiet();

	// For everybody, in every width and light.
	for (const place of [new URL(link).pathname, new URL(survey).pathname]) {
		const seen = await visitor(browser, url);
		await seen.page.goto(place);
		await accessible(seen.page);
		seen.watch.quiet();
		await seen.context.close();
	}
});
