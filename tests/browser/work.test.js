// What makes work at the desk lighter: canned texts by two colons, who else is at a request, and one's own views.

import assert from "node:assert/strict";
import { before, it } from "node:test";
import { accessible } from "./axe.js";
import { picture, signIn, startBrowser, startHost, visitor } from "./harness.js";
import { AGENT, ask, REQUESTER } from "./people.js";

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {string} */
let url;
/** @type {number} */
let number;

before(async () => {
	({ url } = await startHost());
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
