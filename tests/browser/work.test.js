// What makes work at the desk lighter: canned texts by two colons, who else is at a request, and one's own views.

import assert from "node:assert/strict";
import { before, it } from "node:test";
import { accessible } from "./axe.js";
import { picture, signIn, startBrowser, startHost, visitor, within } from "./harness.js";
import { AGENT, ask, COLLEAGUE, COORDINATOR, REQUESTER } from "./people.js";

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {string} */
let url;
/** @type {number} */
let number;

before(async () => {
	// In working hours, whenever this runs: clocks have to go.
	({ url } = await startHost("--now", "2026-11-26T09:00:00-05:00"));
	browser = await startBrowser();
	const { page, context } = await visitor(browser, url);
	await signIn(page, REQUESTER);
	number = await ask(page, "No abre el correo");
	await context.close();
});

it("a canned text is found, chosen and sent by keys alone", async () => {
	const { page, context, watch } = await visitor(browser, url);
	await signIn(page, AGENT, `/solicitudes/${number}`);
	await page.getByRole("button", { name: "Todas las teclas" }).waitFor();
	await page.keyboard.press("r");
	const box = page.locator("#reply textarea");
	await page.keyboard.type("::");
	const list = page.getByRole("listbox", { name: "Textos preparados" });
	await list.waitFor();
	const all = await list.getByRole("option").count();
	assert.ok(all > 3);
	assert.equal(await box.getAttribute("aria-controls"), await list.getAttribute("id"));
	await accessible(page);
	await picture(page, "textos");
	// What is typed narrows it; the arrows choose, and come round.
	await page.keyboard.type("qued");
	const only = list.getByRole("option", { selected: true });
	await list.getByRole("option").nth(1).waitFor({ state: "detached" });
	assert.match((await only.textContent()) ?? "", /^Quedó resuelta/);
	for (const _ of "qued") await page.keyboard.press("Backspace");
	await list
		.getByRole("option")
		.nth(all - 1)
		.waitFor();
	await page.keyboard.press("ArrowUp");
	const last = list.getByRole("option").nth(all - 1);
	assert.equal(await last.getAttribute("aria-selected"), "true");
	assert.equal(await box.getAttribute("aria-activedescendant"), await last.getAttribute("id"));
	await page.keyboard.press("Enter");
	const text = await box.inputValue();
	assert.match(text, /^Buen día, [^{}]+\.\n\nSu solicitud #\d{6} quedó resuelta\./);
	assert.equal(await list.count(), 0);
	assert.equal(await box.getAttribute("aria-activedescendant"), null);
	// Taken back, it is gone as if it had never been typed; and put again.
	await page.keyboard.press("Control+z");
	assert.equal(await box.inputValue(), "::");
	await page.keyboard.press("Control+y");
	assert.equal(await box.inputValue(), text);
	await page.keyboard.press("Control+Enter");
	await page.waitForURL(/hecho=enviado$/);
	await page
		.locator(".talk")
		.getByText(/Su solicitud #\d{6} quedó resuelta\./)
		.waitFor();
	watch.quiet();
	await context.close();
});

it("two colons that mean themselves are left alone", async () => {
	const { page, context, watch } = await visitor(browser, url);
	await signIn(page, AGENT, `/solicitudes/${number}`);
	await page.getByRole("button", { name: "Todas las teclas" }).waitFor();
	const box = page.locator("#note textarea");
	const list = page.getByRole("listbox", { name: "Textos preparados" });
	await box.pressSequentially("La puerta fe80::1 y std::vec");
	assert.equal(await list.count(), 0);
	await box.pressSequentially(" ::");
	await list.waitFor();
	await page.keyboard.press("Escape");
	await list.waitFor({ state: "detached" });
	await page.keyboard.type("saludo");
	assert.equal(await list.count(), 0);
	await page.keyboard.press("Enter");
	assert.equal(await box.inputValue(), "La puerta fe80::1 y std::vec ::saludo\n");
	// A pointer takes one as well, and the focus stays in the box.
	await page.keyboard.type("::salu");
	await list.getByRole("option").first().click();
	assert.match(await box.inputValue(), /::saludo\nBuen día, [^{}]+ya la estamos revisando/);
	assert.equal(await box.evaluate((part) => part === document.activeElement), true);
	watch.quiet();
	await context.close();
});

it("without scripts the texts are there to be read and copied", async () => {
	const { page, context, watch } = await visitor(browser, url, { javaScriptEnabled: false });
	await signIn(page, AGENT, `/solicitudes/${number}`);
	await page.getByText("Textos preparados").click();
	await page.getByText("ya la estamos revisando").waitFor();
	watch.quiet();
	await context.close();
});

/**
 * Somebody at the request, whose clock can be put forward.
 * @param {string} who
 */
async function at(who) {
	const visit = await visitor(browser, url);
	await visit.page.clock.install();
	await signIn(visit.page, who, `/solicitudes/${number}`);
	await visit.page.getByRole("button", { name: "Todas las teclas" }).waitFor();
	return visit;
}

/**
 * Waits for what a page says of the others, while its time goes on.
 * @param {import("playwright-core").Page} page
 * @param {string} [text] nothing: nobody is there
 */
const told = (page, text) =>
	within(text ?? "nobody is there", async () => {
		await page.clock.fastForward(5_000);
		const lines = await page.locator(".presence").allTextContents();
		return (text ? lines.some((line) => line.startsWith(text)) : lines.length === 0) ? true : undefined;
	});

it("two people at one request see each other, and what is new is offered and moves nothing", async () => {
	const one = await at(AGENT);
	const other = await at(COLLEAGUE);
	// By itself it says that he is there; he writes, and it says that.
	await told(one.page);
	await told(other.page, "Agente 1 de Soporte tiene abierta esta solicitud");
	await one.page.locator("#note textarea").pressSequentially("Placa 20413.");
	await told(one.page, "Agente 2 de Soporte tiene abierta esta solicitud");
	await told(other.page, "Agente 1 de Soporte está escribiendo una nota interna");
	await other.page.locator("#reply textarea").pressSequentially("Ya lo reviso.");
	await told(one.page, "Agente 2 de Soporte está escribiendo una respuesta pública");
	assert.match((await one.page.locator(".presence").first().textContent()) ?? "", /\(hace \d+ s\)$/);
	assert.match((await one.page.locator("#avisos").textContent()) ?? "", /está escribiendo una respuesta pública/);
	await picture(one.page, "presencia");
	await accessible(one.page);
	// One sends; the other is told, and finds what he wrote after loading the page again.
	await one.page.locator("#note button[type=submit]").click();
	await one.page.waitForURL(/hecho=nota$/);
	await other.page.clock.fastForward(16_000);
	await other.page.locator(".fresh").getByText("Hay novedades en esta solicitud.").waitFor();
	assert.equal(await other.page.getByText("Placa 20413.").count(), 0);
	await picture(other.page, "novedades");
	await other.page.getByRole("button", { name: "Recargar" }).click();
	await other.page.getByText("Placa 20413.").waitFor();
	await within("the draft is back", async () =>
		(await other.page.locator("#reply textarea").inputValue()) === "Ya lo reviso." ? true : undefined,
	);
	// Who leaves is gone, without waiting for a minute to pass.
	await told(other.page, "Agente 1 de Soporte tiene abierta esta solicitud");
	await one.page.goto("/cola");
	await told(other.page);
	one.watch.quiet();
	other.watch.quiet();
	await one.context.close();
	await other.context.close();
});

it("a page that loses its connection lets the others go by themselves", async () => {
	const one = await at(AGENT);
	const other = await at(COLLEAGUE);
	other.watch.mayHear(/ERR_INTERNET_DISCONNECTED|Failed to load resource/);
	await told(one.page);
	await told(other.page, "Agente 1 de Soporte tiene abierta");
	await other.context.setOffline(true);
	await other.page.clock.fastForward(61_000);
	await other.page.locator(".presence").waitFor({ state: "detached" });
	one.watch.quiet();
	other.watch.quiet();
	await one.context.close();
	await other.context.close();
});

it("without scripts a page says who is there when it is opened", async () => {
	const one = await at(AGENT);
	await told(one.page);
	const { page, context, watch } = await visitor(browser, url, { javaScriptEnabled: false });
	await signIn(page, COLLEAGUE, `/solicitudes/${number}`);
	await page.locator(".presence").getByText("Agente 1 de Soporte tiene abierta").waitFor();
	one.watch.quiet();
	watch.quiet();
	await one.context.close();
	await context.close();
});

for (const javaScriptEnabled of [true, false]) {
	it(`a view gets a name, is found in the rail, and is taken back, scripts ${javaScriptEnabled ? "on" : "off"}`, async () => {
		const { page, context, watch } = await visitor(browser, url, { javaScriptEnabled });
		watch.mayHear(/status of 422/);
		await signIn(page, COORDINATOR, "/cola?vista=abiertas");
		const rail = page.getByRole("navigation", { name: "Mis vistas" });
		const name = page.getByRole("textbox", { name: "Guardar como vista" });
		assert.equal(await name.count(), 0);
		await page.getByRole("combobox", { name: "Equipo" }).selectOption({ label: "Mesa de Ayuda" });
		await page.getByRole("searchbox", { name: "Texto", exact: true }).fill("correo & más");
		await page.getByRole("button", { name: "Filtrar" }).click();
		// Without a name it is none.
		await name.waitFor();
		await page.getByRole("button", { name: "Guardar", exact: true }).click();
		await page.getByText("Es obligatorio y no puede estar vacío.").first().waitFor();
		if (javaScriptEnabled) {
			// What comes where no script sends it.
			await page.locator('form[action="/cola/vistas"]').evaluate((form) => HTMLFormElement.prototype.submit.call(form));
			await page.getByRole("heading", { name: "Guardar como vista" }).waitFor();
			await accessible(page);
			await picture(page, "vista-sin-nombre");
		}
		await page.getByRole("textbox", { name: /vista/ }).fill("Correo de la Mesa, lo que entró por la mañana");
		await page.getByRole("button", { name: "Guardar", exact: true }).click();
		await page.getByText("La vista quedó guardada.").waitFor();
		const link = rail.getByRole("link", { name: "Correo de la Mesa, lo que entró por la m" });
		assert.equal(await link.getAttribute("aria-current"), "page");
		assert.equal(await page.locator(".rail [aria-current]").count(), 1);
		if (javaScriptEnabled) {
			await picture(page, "vista-guardada");
			await accessible(page);
		}
		// From anywhere it leads there again, also from a page that another function draws.
		await page.goto("/cola?vista=abiertas");
		await link.click();
		assert.equal(await page.getByRole("searchbox", { name: "Texto", exact: true }).inputValue(), "correo & más");
		if (javaScriptEnabled) {
			await page.goto("/correo");
			await link.waitFor();
			await link.click();
		}
		await page.getByRole("button", { name: "Quitarla" }).click();
		await page.getByText("La vista ya no está entre las suyas.").waitFor();
		assert.equal(await rail.getByRole("link").count(), 0);
		await name.waitFor();
		watch.quiet();
		await context.close();
	});
}

it("who switches single letters off has them off on every machine", async () => {
	const here = await visitor(browser, url);
	await signIn(here.page, AGENT, "/cola?vista=abiertas");
	await here.page.getByRole("button", { name: "Todas las teclas" }).click();
	const toggle = here.page.getByRole("switch");
	await Promise.all([here.page.waitForResponse(/\/teclas$/), toggle.uncheck()]);
	await here.page.getByText("Teclas de una sola letra: apagadas").waitFor();
	const there = await visitor(browser, url);
	await signIn(there.page, AGENT, "/cola?vista=abiertas");
	await there.page.getByRole("button", { name: "Todas las teclas" }).waitFor();
	await there.page.keyboard.press("?");
	assert.equal(await there.page.getByRole("dialog").count(), 0);
	await there.page.getByRole("button", { name: "Todas las teclas" }).click();
	await Promise.all([there.page.waitForResponse(/\/teclas$/), there.page.getByRole("switch").check()]);
	await here.page.reload();
	await here.page.getByRole("button", { name: "Todas las teclas" }).waitFor();
	await here.page.keyboard.press("?");
	await here.page.getByRole("dialog", { name: "Teclas" }).waitFor();
	for (const { watch, context } of [here, there]) {
		watch.quiet();
		await context.close();
	}
});

it("the browser is asked for notices by a button alone, and tells of one's own before it is due", async () => {
	const { page, context, watch } = await visitor(browser, url);
	await page.clock.install();
	// The browser's question and the system's notice cannot be seen from here: what reaches them can.
	await page.addInitScript(() => {
		/** @type {NotificationPermission} */
		let permission = "default";
		/** @type {string[]} */
		const shown = [];
		class Notice {
			/** @param {string} _title @param {NotificationOptions} options */
			constructor(_title, options) {
				shown.push(options.body ?? "");
			}
			static get permission() {
				return permission;
			}
			static async requestPermission() {
				permission = "granted";
				return permission;
			}
		}
		Object.assign(window, { Notification: Notice, shown });
	});
	const shown = () => page.evaluate(() => /** @type {{ shown: string[] }} */ (/** @type {unknown} */ (window)).shown);
	await signIn(page, AGENT, "/cola?vista=mias");
	await page.getByRole("button", { name: "Todas las teclas" }).click();
	const state = page.getByText(/^Avisos 10 y 3 minutos antes de que venza una suya: /);
	assert.match((await state.textContent()) ?? "", /sin permitir\.$/);
	await page.getByRole("button", { name: "Permitir avisos" }).click();
	await page.getByText(/una suya: permitidos\.$/).waitFor();
	assert.equal(await page.getByRole("button", { name: "Permitir avisos" }).isVisible(), false);
	await accessible(page);
	await picture(page, "teclas-avisos");
	await page.getByRole("button", { name: "Cerrar" }).click();
	assert.deepEqual(await shown(), []);
	// In less than three minutes of the half hour that there is for a solution.
	await page.clock.fastForward("27:30");
	const [told = ""] = await within("a notice", async () => ((await shown()).length > 0 ? shown() : undefined));
	assert.match(told, /^#\d{6} Solución: faltan \d/);
	watch.quiet();
	await context.close();
});

it("hostile words in a view and its name are text, and lead nowhere else", async () => {
	const { page, context, watch } = await visitor(browser, url);
	await signIn(page, COLLEAGUE, "/cola?vista=abiertas");
	const hostile = "\"><img src=x onerror='window.caught=1'>";
	await page.getByRole("searchbox", { name: "Texto", exact: true }).fill(`${hostile}&vista=mias#x`);
	await page.getByRole("button", { name: "Filtrar" }).click();
	await page.getByRole("textbox", { name: "Guardar como vista" }).fill(hostile);
	await page.getByRole("button", { name: "Guardar", exact: true }).click();
	await page.getByText("La vista quedó guardada.").waitFor();
	for (const path of [`/solicitudes/${number}`, "/correo"]) {
		await page.goto(path);
		await page.getByRole("navigation", { name: "Mis vistas" }).getByRole("link", { name: hostile }).waitFor();
		assert.equal(await page.evaluate(() => "caught" in window), false, path);
		assert.equal(await page.locator("img").count(), 0, path);
	}
	await page.getByRole("link", { name: hostile }).click();
	await page.getByRole("heading", { name: "Todas las abiertas" }).waitFor();
	assert.equal(
		await page.getByRole("searchbox", { name: "Texto", exact: true }).inputValue(),
		`${hostile}&vista=mias#x`,
	);
	watch.quiet();
	await context.close();
});
