// What every browser test stands on: a local host of its own with nothing in it, a browser, people who sign in as people
// do, and a watch over what the browser has to say. Nothing here waits for a while; it waits for something to be seen.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("playwright-core").Browser} Browser */
/** @typedef {import("playwright-core").BrowserContextOptions} ContextOptions */

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Where pictures of the pages are left to be looked at. */
const SCREENS = resolve(ROOT, "target/screens");

/** Debug builds, unless they were built elsewhere. */
const BINARIES = resolve(ROOT, process.env.BINARIES ?? join(process.env.CARGO_TARGET_DIR ?? "target", "debug"));

/** What ends with the tests of a file, the latest first. @type {(() => unknown)[]} */
const endings = [];

after(async () => {
	for (const end of endings.toReversed()) await end();
});

/** @param {() => unknown} end */
export const atTheEnd = (end) => endings.push(end);

/** How long anything may take to be seen, in milliseconds; a machine that builds meanwhile is slow. */
const PATIENCE = 20_000;

/**
 * What a look finds, once it finds something.
 * @template T
 * @param {string} what
 * @param {() => T | undefined | Promise<T | undefined>} look
 * @returns {Promise<T>}
 */
export async function within(what, look) {
	const end = Date.now() + PATIENCE;
	for (;;) {
		const found = await look();
		if (found !== undefined) return found;
		if (Date.now() > end) assert.fail(`after ${PATIENCE} ms still not: ${what}`);
		await pause(20);
	}
}

/**
 * A local host on free ports, which ends with the tests of the file.
 * @param {string[]} options
 * @returns {Promise<{ url: string, smtpPort: number, data: string }>}
 */
export async function startHost(...options) {
	const data = mkdtempSync(join(tmpdir(), "mesa-"));
	const log = openSync(join(data, "host.log"), "w");
	const ports = ["--port", "0", "--aws-port", "0", "--smtp-port", "0"];
	const limits = ["Requests", "Public", "SignIns"].flatMap((routes) => [
		"--parameter",
		`${routes}PerSecond=100000`,
		"--parameter",
		`${routes}AtOnce=100000`,
	]);
	const child = spawn(
		join(BINARIES, "local"),
		["--binaries", BINARIES, "--data", join(data, "kept"), "--sync", "normal", ...ports, ...limits, ...options],
		{ stdio: ["ignore", "ignore", log] },
	);
	closeSync(log);
	const gone = new Promise((settle) => child.once("exit", settle));
	atTheEnd(async () => {
		child.kill("SIGTERM");
		await gone;
		const log = readFileSync(join(data, "host.log"), "utf8");
		rmSync(data, { recursive: true, force: true });
		// What a role lacks may come to no more than a page with less on it.
		assert.doesNotMatch(log, /its role does not allow it/);
	});
	const told = () => {
		assert.equal(child.exitCode, null, `the host ended: ${readFileSync(join(data, "host.log"), "utf8").slice(-2000)}`);
		try {
			const host = JSON.parse(readFileSync(join(data, "kept", "host.json"), "utf8"));
			return host.pid === child.pid ? host : undefined;
		} catch {
			return undefined;
		}
	};
	const { port, smtp_port } = await within("the host listens", told);
	const url = `http://127.0.0.1:${port}`;
	await within("the pages answer", async () => {
		const answer = await fetch(`${url}/entrar`).catch(() => undefined);
		return answer?.ok ? true : undefined;
	});
	return { url, smtpPort: smtp_port, data };
}

/** Debian's browser, which ends with the tests of the file. @returns {Promise<Browser>} */
export async function startBrowser() {
	const browser = await chromium.launch({
		executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
		// Its sandbox wants what a container's root may not do; only our own pages are shown.
		args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
	});
	atTheEnd(() => browser.close());
	return browser;
}

/**
 * What a page had to say, and what it fetched.
 * @typedef {{
 *   requests: { path: string, type: string, status: number, bytes: number }[],
 *   mayHear: (message: RegExp) => void,
 *   quiet: () => void,
 * }} Watch
 */

/**
 * Listens to everything that the browser says of a page: every message of the console, which is where a policy's reports
 * and Trusted Types' go too, every error, and every request that leaves for elsewhere.
 * @param {Page} page
 * @param {string} origin
 * @returns {Watch}
 */
function watch(page, origin) {
	/** @type {string[]} */
	const heard = [];
	/** @type {RegExp[]} */
	const expected = [];
	/** @type {Watch["requests"]} */
	const requests = [];
	page.on("console", (message) => heard.push(`${message.type()}: ${message.text()} (${message.location().url})`));
	page.on("pageerror", (error) => heard.push(`error: ${error.stack ?? error.message}`));
	page.on("request", (request) => {
		const { protocol, origin: to } = new URL(request.url());
		if (protocol.startsWith("http") && to !== origin) heard.push(`request elsewhere: ${request.url()}`);
	});
	page.on("requestfinished", async (request) => {
		const [response, sizes] = await Promise.all([request.response(), request.sizes()]).catch(() => []);
		if (!response || !sizes) return;
		requests.push({
			path: new URL(request.url()).pathname,
			type: request.resourceType(),
			status: response.status(),
			bytes: sizes.responseHeadersSize + sizes.responseBodySize,
		});
	});
	return {
		requests,
		mayHear: (message) => expected.push(message),
		quiet: () =>
			assert.deepEqual(heard.filter((said) => !expected.some((message) => message.test(said))).splice(0), []),
	};
}

/** The layers of the styles, in the order in which the build puts them together. */
const LAYERS = ["tokens", "base", "components", "pages"];

/**
 * Styles and scripts as they are in the source, whatever was built: for whoever works on them.
 * @param {import("playwright-core").BrowserContext} context
 */
async function unbuilt(context) {
	const assets = join(ROOT, "shared/pages/assets");
	await context.route("**/recursos/*/*", async (route) => {
		const name = new URL(route.request().url()).pathname.split("/").at(-1) ?? "";
		if (name !== "mesa.css") return route.fulfill({ path: join(assets, name), contentType: "text/javascript" });
		const styles = LAYERS.map((layer) => readFileSync(join(assets, `${layer}.css`), "utf8")).join("");
		return route.fulfill({ body: styles, contentType: "text/css" });
	});
}

/**
 * Has what is fetched there wait until it may go on.
 * @param {Page} page
 * @param {RegExp} where
 */
export async function held(page, where) {
	/** @type {() => void} */
	let release = () => {};
	const free = new Promise((go) => {
		release = () => go(undefined);
	});
	await page.route(where, async (route) => {
		await free;
		await route.fallback().catch(() => {});
	});
	return () => release();
}

/**
 * Waits until a page is whole, with what its scripts add.
 * @param {Page} page
 */
export const whole = (page) =>
	page.locator("html[data-whole], html:not(:has(script[type='module']))").waitFor({ state: "attached" });

/**
 * Whoever comes to a page looks at it before he does anything: it is whole by then. Who is in a hurry waits for its first
 * bytes alone (`commit`).
 * @param {Page} page
 */
function patient(page) {
	const look = () => whole(page);
	const { goto, reload, waitForURL } = page;
	Object.assign(page, {
		/** @param {Parameters<Page["goto"]>} to */
		goto: async (...to) => {
			const response = await goto.apply(page, to);
			if (to[1]?.waitUntil !== "commit") await look();
			return response;
		},
		/** @param {Parameters<Page["reload"]>} how */
		reload: async (...how) => {
			const response = await reload.apply(page, how);
			await look();
			return response;
		},
		/** @param {Parameters<Page["waitForURL"]>} to */
		waitForURL: async (...to) => {
			await waitForURL.apply(page, to);
			await look();
		},
	});
}

/**
 * Modules come later than a page, as they do on a slow line: who did not wait for what they add fails at once, and not
 * once in a hundred runs.
 * @param {import("playwright-core").BrowserContext} context
 * @param {number} milliseconds
 */
async function late(context, milliseconds) {
	await context.route(/\/recursos\/.*(?<!mesa)\.js$/, async (route) => {
		await pause(milliseconds);
		await route.fallback().catch(() => {});
	});
}

/**
 * Somebody with a browser of his own: nothing of anybody else's is in it.
 * @param {Browser} browser
 * @param {string} url
 * @param {ContextOptions} [options]
 */
export async function visitor(browser, url, options = {}) {
	const context = await browser.newContext({
		baseURL: url,
		locale: "es-CO",
		timezoneId: "America/Bogota",
		viewport: { width: 1280, height: 900 },
		...options,
	});
	context.setDefaultTimeout(PATIENCE);
	if (process.env.ASSETS === "source") await unbuilt(context);
	if (process.env.LATE) await late(context, Number(process.env.LATE));
	if (options.javaScriptEnabled !== false) context.on("page", patient);
	const page = await context.newPage();
	return { context, page, watch: watch(page, url) };
}

/**
 * Signs in as people do: by the button, and by choosing who one is.
 * @param {Page} page
 * @param {string} email
 * @param {string} [to]
 */
export async function signIn(page, email, to = "/") {
	await page.goto(`/entrar?a=${encodeURIComponent(to)}`);
	await page.getByRole("button", { name: "Entrar", exact: true }).click();
	const known = page.locator(`button[name="email"][value="${email}"]`);
	const field = page.locator('input[name="email"]');
	await known.or(field).first().waitFor();
	if (await known.count()) await known.first().click();
	else {
		await field.fill(email);
		await field.press("Enter");
	}
	await page.waitForURL(
		(address) => !address.pathname.startsWith("/entrar") && !address.pathname.startsWith("/_local"),
	);
}

/**
 * Leaves a picture of a page to be looked at.
 * @param {Page} page
 * @param {string} name
 */
export async function picture(page, name) {
	mkdirSync(SCREENS, { recursive: true });
	const width = page.viewportSize()?.width ?? 0;
	const dark = await page.evaluate(() => matchMedia("(prefers-color-scheme: dark)").matches);
	const path = join(SCREENS, `${name}-${width}${dark ? "-dark" : ""}.png`);
	// From its beginning: what stays in sight would stand in the middle of it.
	await page.evaluate(() => scrollTo({ top: 0, behavior: "instant" }));
	// A change of theme fades in; what is looked at is what comes of it.
	await page.screenshot({ path, fullPage: true, animations: "disabled" });
}

/**
 * The same, narrow and wide, light and dark.
 * @param {Page} page
 * @param {string} name
 */
export async function pictures(page, name) {
	const size = page.viewportSize() ?? { width: 1280, height: 900 };
	for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
		await page.emulateMedia({ colorScheme });
		for (const width of [360, 1280]) {
			await page.setViewportSize({ width, height: size.height });
			await picture(page, name);
		}
	}
	await page.emulateMedia({ colorScheme: null });
	await page.setViewportSize(size);
}

/**
 * Changes the catalogue, as a program of the entity does.
 * @param {string} url
 * @param {(catalogue: any) => void} change
 */
export async function changed(url, change) {
	const json = { "content-type": "application/json" };
	const body = JSON.stringify({ email: "coordinador.mesa@uspec.gov.co" });
	const { token } = await (await fetch(`${url}/_local/token`, { method: "POST", headers: json, body })).json();
	const headers = { ...json, authorization: `Bearer ${token}` };
	const catalogue = await (await fetch(`${url}/catalog`, { headers })).json();
	change(catalogue);
	const put = await fetch(`${url}/catalog`, { method: "PUT", headers, body: JSON.stringify(catalogue) });
	assert.equal(put.status, 200, await put.text());
}
