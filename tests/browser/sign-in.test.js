// Coming in, and going out.

import assert from "node:assert/strict";
import { before, it } from "node:test";
import { accessible } from "./axe.js";
import { pictures, signIn, startBrowser, startHost, visitor } from "./harness.js";
import { received } from "./mail.js";
import { AGENT, ask, REQUESTER } from "./people.js";

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {string} */
let url;

before(async () => {
	({ url } = await startHost());
	browser = await startBrowser();
});

it("somebody signs in by choosing who he is, and comes where he wanted to go", async () => {
	const { page, watch } = await visitor(browser, url);
	await page.goto("/solicitudes/nueva");
	assert.match(page.url(), /\/entrar\?a=/);
	await page.getByRole("button", { name: "Entrar", exact: true }).click();
	await page.locator(`button[name="email"][value="${AGENT}"]`).click();
	await page.waitForURL(/\/solicitudes\/nueva$/);
	watch.quiet();
});

it("the cookie of a session is kept from scripts, and from other sites", async () => {
	const { page, context, watch } = await visitor(browser, url);
	await signIn(page, REQUESTER);
	const [cookie] = (await context.cookies()).filter(({ name }) => name === "__Host-sesion");
	assert.equal(cookie?.httpOnly, true);
	assert.equal(cookie?.secure, true);
	assert.equal(cookie?.sameSite, "Lax");
	assert.equal(await page.evaluate(() => document.cookie), "");
	watch.quiet();
});

it("whoever signs out is out, also with the cookie that he had", async () => {
	const { page, context, watch } = await visitor(browser, url);
	await signIn(page, REQUESTER);
	const kept = await context.cookies();
	await page.getByRole("button", { name: "Salir" }).click();
	await page.waitForURL(/\/entrar/);
	await context.addCookies(kept);
	await page.goto("/solicitudes");
	assert.match(page.url(), /\/entrar\?a=/);
	watch.quiet();
});

it("the pages of coming in, and the mailbox of the local host, hold for everybody", async () => {
	const { page, watch } = await visitor(browser, url);
	await page.goto("/entrar");
	await accessible(page);
	await pictures(page, "entrar");
	await page.getByRole("button", { name: "Entrar", exact: true }).click();
	await page.locator('[name="email"]').first().waitFor();
	await accessible(page);
	await pictures(page, "quien");
	await signIn(page, REQUESTER);
	await ask(page, "Para que haya un correo");
	await received(url, REQUESTER, /registrada/);
	await page.goto("/_local/mail");
	await accessible(page);
	await pictures(page, "buzon");
	watch.quiet();
});
