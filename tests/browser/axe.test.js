// Every page and state, at three widths, light and dark.

import { before, it } from "node:test";
import { accessible } from "./axe.js";
import { picture, pictures, signIn, startBrowser, startHost, visitor, within } from "./harness.js";
import { AGENT, AUDITOR, ask, COORDINATOR, OFFICER, REQUESTER } from "./people.js";

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
	number = await ask(
		page,
		"Restablecer los permisos de la carpeta compartida de supervisores del contrato 225 de 2026",
	);
	await ask(page, "Otra");
	await context.close();
});

/** @type {[name: string, who: string, path: () => string][]} */
const PAGES = [
	["mis-solicitudes", REQUESTER, () => "/solicitudes"],
	["nueva", REQUESTER, () => "/solicitudes/nueva"],
	["solicitud", REQUESTER, () => `/solicitudes/${number}`],
	["no-hay", REQUESTER, () => "/solicitudes/999999"],
	["cola", AGENT, () => "/cola?vista=abiertas"],
	["cola-vacia", AGENT, () => "/cola?vista=cerradas"],
	["solicitud-mesa", AGENT, () => `/solicitudes/${number}`],
	["mias-de-agente", AGENT, () => "/solicitudes"],
	["llamada", AGENT, () => "/llamada"],
	["llamada-de-alguien", AGENT, () => `/llamada?quien=${encodeURIComponent(REQUESTER)}`],
	["correo-vacio", AGENT, () => "/correo"],
	["hoy", COORDINATOR, () => "/hoy"],
	["cola-oficial", OFFICER, () => "/cola?vista=abiertas"],
	["cola-coordinacion", COORDINATOR, () => "/cola?vista=abiertas"],
	["catalogo-personas", COORDINATOR, () => "/catalogo/personas"],
	["catalogo-categorias", COORDINATOR, () => "/catalogo/categorias"],
	["catalogo-calendarios", AUDITOR, () => "/catalogo/calendarios"],
	["catalogo-festivos-auditoria", AUDITOR, () => "/catalogo/festivos"],
	["catalogo-festivo", COORDINATOR, () => "/catalogo/festivos/ficha?clave=chiquinquira"],
	["catalogo-textos", AUDITOR, () => "/catalogo/textos"],
	["catalogo-versiones", AUDITOR, () => "/catalogo/versiones"],
	["catalogo-persona", COORDINATOR, () => `/catalogo/personas/ficha?clave=${AGENT}`],
	["catalogo-persona-nueva", COORDINATOR, () => "/catalogo/personas/ficha"],
	["catalogo-equipo", COORDINATOR, () => "/catalogo/equipos/ficha?clave=soporte"],
	["catalogo-categoria", COORDINATOR, () => "/catalogo/categorias/ficha?clave=redes"],
	["catalogo-categoria-auditoria", AUDITOR, () => "/catalogo/categorias/ficha?clave=redes"],
	["catalogo-calendario", COORDINATOR, () => "/catalogo/calendarios/ficha?clave=habil"],
	["catalogo-texto", COORDINATOR, () => "/catalogo/textos/ficha?clave=saludo"],
	["solicitud-auditoria", AUDITOR, () => `/solicitudes/${number}`],
];

for (const [name, who, path] of PAGES) {
	it(`${name} holds for everybody`, async () => {
		const { page, context, watch } = await visitor(browser, url);
		watch.mayHear(/status of 404/);
		await signIn(page, who, path());
		await pictures(page, name);
		await accessible(page);
		watch.quiet();
		await context.close();
	});
}

it("the help and everything that unfolds holds for everybody", async () => {
	const { page, watch } = await visitor(browser, url);
	await signIn(page, AGENT, `/solicitudes/${number}`);
	await page.getByRole("button", { name: "Todas las teclas" }).waitFor();
	for (const part of await page.locator("main details:not([name])").all()) {
		await part.evaluate((details) => details.setAttribute("open", ""));
	}
	for (const part of await page.locator("main details[name]").all()) {
		await part.evaluate((details) => details.setAttribute("open", ""));
		await accessible(page);
	}
	await page.keyboard.press("?");
	await page.getByRole("dialog", { name: "Teclas" }).waitFor();
	await accessible(page);
	await picture(page, "teclas");
	watch.quiet();
});

it("every stop of the tabulator is seen, and none hides under what stays in sight", async () => {
	for (const [who, path] of /** @type {[string, string][]} */ ([
		[AGENT, "/cola?vista=abiertas"],
		[AGENT, `/solicitudes/${number}`],
		[REQUESTER, "/solicitudes/nueva"],
		[COORDINATOR, "/catalogo/categorias/ficha?clave=redes"],
		[COORDINATOR, `/catalogo/personas/ficha?clave=${AGENT}`],
	])) {
		const { page, context, watch } = await visitor(browser, url, { viewport: { width: 1280, height: 500 } });
		await signIn(page, who, path);
		await page.locator("body").press("Tab");
		const seen = new Set();
		for (;;) {
			const stop = await page.evaluate(() => {
				const at = document.activeElement;
				if (!at || at === document.body) return undefined;
				const { left, top, width, height } = at.getBoundingClientRect();
				const over = document.elementFromPoint(left + width / 2, top + Math.min(height, 20) / 2);
				const { outlineStyle } = getComputedStyle(at.closest(".choice, .star") ?? at);
				const hidden = !(over && (at.contains(over) || over.contains(at) || over.closest("label")?.contains(at)));
				return {
					name: at.outerHTML.slice(0, 100),
					fault: hidden ? "hidden" : outlineStyle === "none" ? "no ring" : "",
				};
			});
			if (!stop || seen.has(stop.name)) break;
			seen.add(stop.name);
			if (stop.fault) throw new Error(`${path}: ${stop.fault}: ${stop.name}`);
			await page.keyboard.press("Tab");
		}
		await within("there were stops", () => (seen.size > 5 ? true : undefined));
		watch.quiet();
		await context.close();
	}
});
