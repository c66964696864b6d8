// People of the seed directory, and what they do on the pages.

import { within } from "./harness.js";

/** @typedef {import("playwright-core").Page} Page */

export const REQUESTER = "ana@uspec.gov.co";
export const AGENT = "agente1.soporte@uspec.gov.co";
export const COLLEAGUE = "agente2.soporte@uspec.gov.co";
export const OFFICER = "oficial1.tecnologia@uspec.gov.co";
export const COORDINATOR = "coordinador.mesa@uspec.gov.co";
export const AUDITOR = "auditor.interno@uspec.gov.co";

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
