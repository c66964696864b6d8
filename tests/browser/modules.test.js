// The modules one by one, over a page of their own: what ticks, what is taken over and what is not, what is sent and kept.

import assert from "node:assert/strict";
import { before, beforeEach, describe, it } from "node:test";
import { startBrowser, visitor, within } from "./harness.js";
import { Stage } from "./stage.js";

/** @typedef {import("playwright-core").Page} Page */

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {Stage} */
let stage;
/** @type {Page} */
let page;
/** @type {import("./harness.js").Watch} */
let watch;

before(async () => {
	browser = await startBrowser();
	stage = await new Stage().start();
});

beforeEach(async () => {
	stage.outcome = [200, {}];
	stage.up = true;
	stage.title = "Cola";
	stage.asked = [];
	stage.sent = [];
	stage.rows = [
		{ number: 1, title: "Una", left: -240 },
		{ number: 2, title: "Dos", left: 602, own: true },
		{ number: 3, title: "Tres", left: 7560 },
	];
	await page?.context().close();
	({ page, watch } = await visitor(browser, stage.url, { permissions: ["clipboard-read", "clipboard-write"] }));
});

/** A page whose scripts have begun. @param {string} path */
async function opened(path) {
	await page.goto(path);
	// The last thing that the last module adds.
	await page.getByRole("button", { name: "Todas las teclas" }).waitFor();
}

/** @param {string} selector @param {RegExp} text */
const said = (selector, text) =>
	page.locator(selector).filter({ hasText: text }).first().waitFor({ state: "attached" });

const ids = () => page.locator(".row").evaluateAll((rows) => rows.map((row) => row.id));

const focused = () => page.evaluate(() => document.activeElement?.id || document.activeElement?.textContent);

describe("clocks", () => {
	it("tick in words by the server's hour, whatever this machine's is", async () => {
		await opened("/cola");
		await said("#r1", /vencida hace 4 min/);
		await said("#r3", /faltan 2 h 5 min/);
		assert.equal(await page.locator("#r1 .clock").getAttribute("data-state"), "overdue");
		assert.equal(await page.locator("#r1 use").getAttribute("href"), "#i-overdue");
		watch.quiet();
	});

	it("tell of one's own once it becomes urgent, and of nothing else", async () => {
		await opened("/cola");
		await said("#avisos", /^#2 Solución: faltan 10 min$/);
		assert.equal(await page.title(), "(1) Cola");
		assert.equal(await page.locator("#r2 .clock").getAttribute("data-state"), "soon");
		watch.quiet();
	});
});

describe("a list", () => {
	it("asks under a condition, and an answer that nothing changed changes nothing", async () => {
		await opened("/cola");
		await within("three questions", () => (stage.asked.length >= 4 ? true : undefined));
		const [, , second, third] = stage.asked;
		assert.match(second ?? "", /^".+"$/);
		assert.equal(third, second);
		assert.equal(await page.locator("#conexion").textContent(), "");
		watch.quiet();
	});

	it("takes over rows, order, counts and title, and rows stay the nodes that they were", async () => {
		await opened("/cola");
		const third = await page.locator("#r3").elementHandle();
		const [one, two, three] = /** @type {import("./stage.js").Row[]} */ (stage.rows);
		if (!one || !two || !three) throw new Error("no rows");
		stage.rows = [three, { ...one, title: "Una, con otro título" }, { number: 4, title: "Cuatro", left: 30 }, two];
		stage.title = "(2) Cola";
		await page.locator("#r4").waitFor();
		assert.deepEqual(await ids(), ["r3", "r1", "r4", "r2"]);
		assert.equal(await page.locator("#r1 a").textContent(), "Una, con otro título");
		assert.equal(await page.title(), "(2) Cola");
		assert.equal(await page.locator("[data-count]").textContent(), "4");
		assert.equal(await third?.evaluate((row) => row === document.querySelector(".row")), true);
		watch.quiet();
	});

	it("does not move a row that somebody aims at: it offers to", async () => {
		await opened("/cola");
		await page.locator("#r1 input").check();
		await page.locator("#r2 a").focus();
		stage.rows = stage.rows.toReversed().map((row) => (row.number === 1 ? { ...row, title: "Una, cambiada" } : row));
		await page.getByText("Hay cambios.").waitFor();
		assert.deepEqual(await ids(), ["r1", "r2", "r3"]);
		assert.equal(await page.locator("#r1 a").textContent(), "Una, cambiada");
		assert.equal(await focused(), "Dos");
		await page.getByRole("button", { name: "Actualizar" }).click();
		assert.deepEqual(await ids(), ["r3", "r2", "r1"]);
		assert.equal(await page.locator("#r1 input").isChecked(), true);
		assert.equal(await page.getByText("Hay cambios.").count(), 0);
		watch.quiet();
	});

	it("says that there is no connection, and that there is one again; the clocks go on", async () => {
		watch.mayHear(/Failed to load resource: net::ERR_/);
		await opened("/cola");
		stage.up = false;
		await said("#conexion", /^Sin conexión desde las \d{1,2}:\d\d; los relojes siguen$/);
		const before = await page.locator("#r2 .clock").textContent();
		await within("it ticks", async () =>
			(await page.locator("#r2 .clock").textContent()) !== before ? true : undefined,
		);
		stage.up = true;
		await within("it is silent", async () =>
			(await page.locator("#conexion").textContent()) === "" ? true : undefined,
		);
		watch.quiet();
	});
});

describe("keys", () => {
	it("go through the list, choose, and stay silent while somebody types", async () => {
		await opened("/cola");
		await page.keyboard.press("j");
		await page.keyboard.press("ArrowDown");
		assert.equal(await focused(), "Dos");
		await page.keyboard.press("k");
		assert.equal(await page.locator(".row[aria-current=true]").getAttribute("id"), "r1");
		await page.keyboard.press("x");
		assert.equal(await page.locator("#r1 input").isChecked(), true);
		await page.keyboard.press("/");
		await page.keyboard.type("jx?g");
		assert.equal(await page.getByRole("searchbox").inputValue(), "jx?g");
		assert.equal(await page.locator(".row[aria-current=true]").getAttribute("id"), "r1");
		watch.quiet();
	});

	it("are listed, and single letters can be switched off", async () => {
		await opened("/cola");
		await page.keyboard.press("?");
		const help = page.getByRole("dialog", { name: "Teclas" });
		await help.waitFor();
		const letters = help.getByRole("switch", { name: /Teclas de una sola letra/ });
		await letters.uncheck();
		await said("#teclas", /Teclas de una sola letra: apagadas/);
		await page.keyboard.press("Escape");
		await page.keyboard.press("j");
		assert.equal(await page.locator(".row[aria-current]").count(), 0);
		await page.reload();
		await page.getByRole("button", { name: "Todas las teclas" }).click();
		assert.equal(await letters.isChecked(), false);
		await page.keyboard.press("Escape");
		await page.keyboard.press("Control+k");
		await page.keyboard.type("aún");
		assert.equal(await page.getByRole("searchbox").inputValue(), "aún");
		watch.quiet();
	});

	it("are listed where they do something, and say so where they do nothing", async () => {
		await opened("/cola");
		await page.keyboard.press("j");
		await page.keyboard.press("Shift+A");
		await page.locator("#avisos").getByText("Asignarla a alguien: lo hace la coordinación.").waitFor();
		await page.keyboard.press("?");
		const help = page.getByRole("dialog", { name: "Teclas" });
		await help.getByText("Tomarla").waitFor();
		for (const absent of ["Asignarla a alguien", "Enviar", "Registrar una llamada"]) {
			assert.equal(await help.getByText(absent, { exact: true }).count(), 0, absent);
		}
		await opened("/solicitudes/12");
		await page.keyboard.press("h");
		await page.locator("#avisos").getByText("Dejar en espera: ahora no se puede aquí.").waitFor();
		await page.keyboard.press("?");
		await help.getByText("Enviar", { exact: true }).waitFor();
		assert.equal(await help.getByText("Resolver y siguiente", { exact: true }).count(), 2);
		for (const absent of ["Siguiente", "Elegir la fila", "Dejar en espera"]) {
			assert.equal(await help.getByText(absent, { exact: true }).count(), 0, absent);
		}
		assert.deepEqual(stage.sent, []);
		watch.quiet();
	});

	it("go through the requests of the list, leave a field before its page, and send from inside the text", async () => {
		await opened("/cola?vista=mias");
		await page.getByRole("link", { name: "Dos" }).click();
		for (const [key, number] of [
			["j", 3],
			["k", 2],
		]) {
			await page.getByRole("button", { name: "Todas las teclas" }).waitFor();
			await page.keyboard.press(`${key}`);
			await page.waitForURL(new RegExp(`/solicitudes/${number}$`));
		}
		await page.getByRole("button", { name: "Todas las teclas" }).waitFor();
		await page.keyboard.press("e");
		await page.keyboard.type("Ya quedó.");
		await page.keyboard.press("Escape");
		assert.notEqual(await focused(), "solucion");
		assert.equal(await page.locator("#solucion").inputValue(), "Ya quedó.");
		await page.keyboard.press("Escape");
		// Where he came from, and not just any list.
		await page.waitForURL(/\/cola\?vista=mias$/);
		await opened("/solicitudes/3");
		await page.keyboard.press("j");
		await page.locator("#avisos").getByText("Es la última de la lista.").waitFor();
		await page.keyboard.press("e");
		await page.keyboard.type("Ya quedó esta.");
		await page.keyboard.press("Control+Shift+Enter");
		await page.waitForURL(/\/solicitudes\/13$/);
		assert.equal(stage.sent[0]?.body.get("luego"), "siguiente");
		watch.quiet();
	});

	it("copy a number, go to a place, and open a part of the next page without doing anything there", async () => {
		await opened("/cola");
		await page.keyboard.press("j");
		await page.keyboard.press(".");
		await said("#avisos", /Copiado: #1/);
		assert.equal(await page.evaluate(() => navigator.clipboard.readText()), "#1");
		await page.keyboard.press("e");
		await page.waitForURL(/\/solicitudes\/1$/);
		await within("the part is open", async () => ((await focused()) === "solucion" ? true : undefined));
		assert.deepEqual(stage.sent, []);
		await page.keyboard.press("Escape");
		await page.keyboard.press("g");
		await page.keyboard.press("c");
		await page.waitForURL(/\/cola$/);
		watch.quiet();
	});
});

describe("a form", () => {
	const reply = () => page.getByLabel("Respuesta");
	const send = () => page.locator("#reply button[type=submit]");

	it("is sent once however often its button is pressed, which says so and keeps its width", async () => {
		await opened("/solicitudes/12");
		await reply().fill("Ya quedó.");
		const width = (await send().boundingBox())?.width;
		await page.route("**/seguimientos", async (route) => {
			assert.equal(await send().textContent(), "Enviando…");
			assert.equal((await send().boundingBox())?.width, width);
			await route.continue();
		});
		await send().evaluate((button) => {
			/** @type {HTMLElement} */ (button).click();
			/** @type {HTMLElement} */ (button).click();
		});
		await page.waitForURL(/hecho=enviado$/);
		assert.equal(stage.sent.length, 1);
		assert.equal(stage.sent[0]?.accept, "application/json");
		assert.equal(stage.sent[0]?.body.get("idempotency_key"), "una-vez");
		assert.equal(await reply().inputValue(), "");
		watch.quiet();
	});

	it("goes with Ctrl+Enter", async () => {
		await opened("/solicitudes/12");
		await page.keyboard.press("r");
		await page.keyboard.type("Va la r.");
		await page.keyboard.press("Control+Enter");
		await page.waitForURL(/hecho=enviado$/);
		assert.equal(stage.sent[0]?.body.get("body"), "Va la r.");
		watch.quiet();
	});

	it("says what is wrong at its field and above, where the focus goes", async () => {
		watch.mayHear(/status of 400/);
		await opened("/solicitudes/12");
		stage.outcome = [
			400,
			{ code: "invalid", errors: [{ field: "body", code: "required", detail: "Escriba la respuesta" }] },
		];
		await send().click();
		const summary = page.getByRole("alert");
		await summary.getByRole("link", { name: "Respuesta: Escriba la respuesta" }).waitFor();
		assert.equal(await focused(), "errores");
		assert.equal(await page.title(), "Error: Solicitud 12");
		assert.equal(await reply().getAttribute("aria-invalid"), "true");
		await summary.getByRole("link").click();
		assert.equal(await focused(), "reply-body");
		await reply().fill("Ahora sí.");
		stage.outcome = [200, {}];
		await send().click();
		await page.waitForURL(/hecho=enviado$/);
		watch.quiet();
	});

	for (const [outcome, text] of /** @type {[Stage["outcome"], RegExp][]} */ ([
		[[401, { code: "signed_out" }], /Su sesión terminó\. .*Entre en otra pestaña y vuelva a enviar\./],
		[[409, { code: "version_conflict" }], /Otra persona la cambió mientras usted escribía/],
		[
			[403, { code: "forbidden", detail: "Solo su responsable puede responder." }],
			/Solo su responsable puede responder/,
		],
		[[503, { code: "unavailable" }], /La Mesa de Ayuda no pudo recibirlo/],
		[undefined, /No hay conexión/],
	])) {
		it(`keeps what was typed: ${outcome?.[0] ?? "no network"}`, async () => {
			watch.mayHear(/status of \d{3}|net::ERR_/);
			await opened("/solicitudes/12");
			await reply().fill("Un texto largo.");
			stage.outcome = outcome;
			await send().click();
			await said("#reply [role=alert]", text);
			assert.equal(await reply().inputValue(), "Un texto largo.");
			assert.equal(await send().getAttribute("aria-disabled"), null);
			stage.outcome = [200, {}];
			await send().click();
			await page.waitForURL(/hecho=enviado$/);
			const bodies = new Set(stage.sent.map(({ body }) => body.toString()));
			assert.equal(bodies.size, 1, "the same command, under the same key");
			watch.quiet();
		});
	}

	it("leads from a conflict to the page with both texts", async () => {
		watch.mayHear(/status of 409/);
		await opened("/solicitudes/12");
		await reply().fill("Mi texto.");
		stage.outcome = [409, { code: "version_conflict" }];
		await send().click();
		await page.getByRole("button", { name: "Ver lo que cambió y decidir" }).click();
		await page.getByRole("heading", { name: "Mientras usted escribía" }).waitFor();
		assert.equal(stage.sent.at(-1)?.body.get("body"), "Mi texto.");
		watch.quiet();
	});
});

describe("a draft", () => {
	const reply = () => page.getByLabel("Respuesta");

	const drafts = () =>
		page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith("borrador:")).length);

	it("comes back to whoever wrote it, on the page where it was written", async () => {
		await opened("/solicitudes/12");
		await reply().pressSequentially("Un borrador.");
		await opened("/solicitudes/13");
		assert.equal(await reply().inputValue(), "");
		await opened("/solicitudes/12");
		assert.equal(await reply().inputValue(), "Un borrador.");
		await said("[data-saved]", /^Borrador guardado a las \d{1,2}:\d\d Descartar$/);
		await reply().fill("");
		await within("it is forgotten", async () => ((await drafts()) === 0 ? true : undefined));
		watch.quiet();
	});

	it("goes with whoever signs out", async () => {
		await opened("/solicitudes/12");
		await reply().pressSequentially("Un secreto.");
		await within("it is kept", async () => ((await drafts()) === 1 ? true : undefined));
		await page.getByRole("button", { name: "Salir" }).click();
		await page.waitForURL(/\/salir$/);
		await opened("/solicitudes/12");
		assert.equal(await drafts(), 0);
		assert.equal(await reply().inputValue(), "");
		watch.quiet();
	});
});

it("nothing fails where nothing may be kept", async () => {
	await page.addInitScript(() => {
		for (const name of ["localStorage", "sessionStorage"]) {
			Object.defineProperty(window, name, {
				get() {
					throw new DOMException("forbidden", "SecurityError");
				},
			});
		}
	});
	await opened("/solicitudes/12");
	await page.keyboard.press("r");
	await page.keyboard.type("Sin guardar.");
	await page.keyboard.press("Control+Enter");
	await page.waitForURL(/hecho=enviado$/);
	watch.quiet();
});
