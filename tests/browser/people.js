// People of the seed directory, and what they do on the pages.

import { signIn, visitor, within } from "./harness.js";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("playwright-core").Browser} Browser */

export const REQUESTER = "ana@uspec.gov.co";
export const AGENT = "agente1.soporte@uspec.gov.co";
export const COLLEAGUE = "agente2.soporte@uspec.gov.co";
export const OFFICER = "oficial1.tecnologia@uspec.gov.co";
export const COORDINATOR = "coordinador.mesa@uspec.gov.co";
export const AUDITOR = "auditor.interno@uspec.gov.co";

const AGENTS = [AGENT, COLLEAGUE, "agente3.soporte@uspec.gov.co"];

/**
 * Asks for help by the form, and sees who has it; gives the number of the request.
 * @param {Page} page
 * @param {string} title
 */
export async function ask(page, title) {
	await page.goto("/solicitudes/nueva");
	await page.locator('input[name="category"][value="ofimatica"]').check();
	await page.locator('[name="title"]').fill(title);
	await page.locator('[name="description"]').fill(`${title}. Desde esta mañana, en el puesto 214.`);
	await page.getByRole("button", { name: "Enviar solicitud" }).click();
	await page.waitForURL(/\/solicitudes\/\d+\?hecho=registrada$/);
	// Somebody of the desk is found in the meantime, which is a version of its own.
	await within("somebody has the request", async () => {
		if ((await page.getByText(/^Asignada/).count()) > 0) return true;
		await page.reload();
		return undefined;
	});
	return Number(/\/solicitudes\/(\d+)/.exec(page.url())?.[1]);
}

/**
 * Who has the request that a page of its requester shows, and the next of his team.
 * @param {Page} page
 */
export async function responsible(page) {
	const said = await page
		.getByText(/a Agente \d de Soporte/)
		.first()
		.textContent();
	const index = Number(/Agente (\d)/.exec(said ?? "")?.[1]) - 1;
	return { has: AGENTS[index] ?? "", other: AGENTS[(index + 1) % AGENTS.length] ?? "" };
}

/**
 * A request of the requester's, in a browser of his own that is closed again, and who has it.
 * @param {Browser} browser
 * @param {string} url
 * @param {string} title
 */
export async function asked(browser, url, title) {
	const { page, context } = await visitor(browser, url);
	await signIn(page, REQUESTER);
	const number = await ask(page, title);
	const { has, other } = await responsible(page);
	await context.close();
	return { number, path: `/solicitudes/${number}`, has, other };
}

/**
 * What a page of a request offers to do, unfolded.
 * @param {Page} page
 * @param {string} form
 */
export async function opened(page, form) {
	await page.locator(`details:has(#${form}) > summary`).click();
	return page.locator(`#${form}`);
}

/**
 * Sends an unfolded form, and waits for the page that follows; not by the button that leads to the next request.
 * @param {import("playwright-core").Locator} form
 */
export async function sent(form) {
	// The address may say already what was done before: what counts is that the page was loaded anew.
	await Promise.all([form.page().waitForEvent("load"), form.locator("button[type=submit]:not([name])").click()]);
	await form.page().waitForURL(/hecho=/);
}
