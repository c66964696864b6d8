// Three tasks of every day, as many seconds and keys as they may take: registering a request, taking a call, and
// resolving the next one. The seconds are the keystroke-level model's (keystrokes.js).

import assert from "node:assert/strict";
import { before, it } from "node:test";
import { changed, signIn, startBrowser, startHost, visitor, whole, within } from "./harness.js";
import { Hands } from "./keystrokes.js";
import { AGENT, ask, REQUESTER } from "./people.js";

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {string} */
let url;

/** Somebody whom the directory knows, as it knows everybody once it was filled from a spreadsheet. */
const CALLER = {
	email: "luis.rojas@uspec.gov.co",
	name: "Luis Rojas",
	roles: [],
	unit: "Dirección Logística",
	extension: "330",
};

before(async () => {
	({ url } = await startHost("--now", "2026-11-26T09:00:00-05:00"));
	browser = await startBrowser();
	await changed(url, (catalogue) => {
		catalogue.directory.push(CALLER);
	});
});

/** @param {Hands} hands @param {string} title */
const told = (hands, title) => console.log(`\n${hands.table(title)}\n`);

for (const [where, viewport] of /** @type {[string, { width: number, height: number }][]} */ ([
	["on a wide screen", { width: 1280, height: 900 }],
	["on a small laptop", { width: 1366, height: 620 }],
])) {
	it(`a request is registered in under 45 s and six fields, ${where}`, async () => {
		const { page, watch, context } = await visitor(browser, url, { viewport });
		await signIn(page, REQUESTER, "/solicitudes");
		const hands = new Hands(page, "mouse");
		await hands.click("Nueva solicitud", page.getByRole("link", { name: "Nueva solicitud" }).last(), {
			until: () => page.locator("#descripcion").waitFor(),
		});
		const choice = page.locator("label.choice", { hasText: "No puedo imprimir" });
		await hands.click("what happens", choice, { field: true });
		await hands.click("into the text", page.locator("#descripcion"));
		await hands.type("the text", "La impresora del piso 3 no imprime a doble cara desde ayer");
		await hands.click("Enviar solicitud", page.getByRole("button", { name: "Enviar solicitud" }), {
			until: () => page.getByText("Su solicitud quedó registrada.").waitFor(),
		});
		told(hands, `Registers a request, ${where}`);
		assert.ok(hands.fields <= 6, `${hands.fields} fields`);
		assert.ok(hands.seconds < 45, `${hands.seconds} s`);
		watch.quiet();
		await context.close();
	});
}

it("a call is taken in under 20 s", async () => {
	const { page, watch, context } = await visitor(browser, url);
	await signIn(page, AGENT, "/cola");
	await page.getByRole("button", { name: "Todas las teclas" }).waitFor();
	const hands = new Hands(page, "keyboard");
	await hands.press("a call", ["c"], { until: () => page.locator("#quien:focus").waitFor() });
	await hands.type("his extension, as the telephone shows it", CALLER.extension);
	await hands.press("finds him", ["Enter"], {
		foreseen: true,
		until: () => page.locator("#descripcion:focus").waitFor(),
	});
	await page.getByRole("heading", { name: CALLER.name }).waitFor();
	await whole(page);
	await hands.type("what he says", "El puesto 214 está sin red");
	await hands.press("the category", ["Tab", "4"], { field: true });
	assert.equal(await page.locator('input[name="category"]:checked').getAttribute("value"), "redes");
	await hands.press("Registrar y atender", ["Control+Enter"], {
		until: () => page.waitForURL(/hecho=atendida$/),
	});
	told(hands, "Takes a call");
	assert.ok(hands.seconds < 20, `${hands.seconds} s`);
	await page.getByText("Se atendió por teléfono al registrarla.").waitFor();
	watch.quiet();
	await context.close();
});

it("the next request is resolved with at most six keys", async () => {
	const requester = await visitor(browser, url);
	await signIn(requester.page, REQUESTER);
	for (const title of ["Excel se cierra", "Word no abre", "El correo no llega"]) await ask(requester.page, title);
	await requester.context.close();
	const { page, watch, context } = await visitor(browser, url);
	await signIn(page, AGENT, "/cola?vista=abiertas");
	// All of them are his, whoever they were given to.
	for (;;) {
		const row = page.locator(".row:not(:has(.c-who b))").first();
		if (!(await row.count())) break;
		await row.locator(".c-what a").click();
		const take = page.getByRole("button", { name: /^Tomar/ });
		await within("it may be taken over", async () => {
			if (await take.count()) return true;
			await page.reload();
			return undefined;
		});
		await take.click();
		await page.waitForURL(/hecho=tomada$/);
		await page.goto("/cola?vista=abiertas");
	}
	await page.goto("/cola?vista=mias");
	await page.getByRole("button", { name: "Todas las teclas" }).waitFor();
	const mine = await page.locator(".row").count();
	assert.ok(mine >= 3);

	const box = page.locator("#resolve textarea:focus");
	const first = new Hands(page, "keyboard");
	await first.press("the first of the queue", ["j"]);
	await first.press("to be resolved", ["Shift+E"], { until: () => box.waitFor() });
	await first.type("the solution", "Se reinstaló Office y abre.");
	const before = page.url();
	await first.press("sends, and goes on", ["Control+Enter"], {
		until: () => page.waitForURL((address) => address.href !== before && /\/solicitudes\/\d+$/.test(address.pathname)),
	});
	told(first, "Resolves the first of the queue");
	assert.ok(first.keys <= 6, `${first.keys} keys`);

	await page.getByRole("button", { name: "Todas las teclas" }).waitFor();
	const there = page.url();
	const next = new Hands(page, "keyboard");
	await next.press("to be resolved", ["Shift+E"], { until: () => box.waitFor() });
	await next.type("the solution", "Se limpió el perfil y abre.");
	await next.press("sends, and goes on", ["Control+Enter"], {
		until: () => page.waitForURL((address) => address.href !== there && /\/solicitudes\/\d+$/.test(address.pathname)),
	});
	told(next, "Resolves the next");
	assert.ok(next.keys <= 6, `${next.keys} keys`);
	await page.goto("/cola?vista=mias");
	assert.equal(await page.locator(".row").count(), mine - 2);
	watch.quiet();
	await context.close();
});
