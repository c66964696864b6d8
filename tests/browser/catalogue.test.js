// The catalogue and the directory: changed by a coordinator in two steps, and read by whoever works here.

import assert from "node:assert/strict";
import { before, it } from "node:test";
import { accessible } from "./axe.js";
import { pictures, signIn, startBrowser, startHost, visitor } from "./harness.js";
import { AGENT, AUDITOR, ask, COORDINATOR, REQUESTER } from "./people.js";

/** @typedef {import("playwright-core").Page} Page */

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {string} */
let url;

before(async () => {
	({ url } = await startHost());
	browser = await startBrowser();
	const { page, context } = await visitor(browser, url);
	await signIn(page, REQUESTER);
	await ask(page, "No abre el correo");
	await context.close();
});

/** @param {Page} page */
const preview = (page) => page.getByRole("button", { name: "Ver qué cambia" }).click();

/** @param {Page} page @returns the version that is in force */
async function version(page) {
	const said = await page.getByText(/^Versión \d+, vigente desde/).textContent();
	return Number(/\d+/.exec(said ?? "")?.[0]);
}

/** @param {Page} page @param {string} minutes */
async function limit(page, minutes) {
	await page.goto("/catalogo/categorias/ficha?clave=redes");
	await page.getByLabel("Minutos de solución").fill(minutes);
	await preview(page);
	await page.getByText("Todavía no ha cambiado nada").waitFor();
}

it("a coordinator sees what a change does, makes it, and finds it among the versions", async () => {
	const { page, watch, context } = await visitor(browser, url);
	await signIn(page, COORDINATOR, "/hoy");
	await page.getByRole("link", { name: "Catálogo" }).click();
	await page.waitForURL(/\/catalogo\/personas$/);
	await page.getByRole("link", { name: "Agente 1 de Soporte" }).click();
	await page.getByText("No, está ausente").click();
	await preview(page);
	await page.getByText("Disponible: sí → no").waitFor();
	await page.getByText("Lo nuevo de Mesa de Ayuda va por turno a Agente 2 de Soporte y Agente 3 de Soporte.").waitFor();
	await accessible(page);
	await pictures(page, "catalogo-vista-previa");
	// Nothing has changed so far, for anybody.
	await page.getByRole("link", { name: "Descartar" }).click();
	await page.getByText("La versión que trae el producto").waitFor();
	assert.equal(await page.getByText("ausente", { exact: true }).count(), 0);

	await page.goto(`/catalogo/personas/ficha?clave=${AGENT}`);
	await page.getByText("No, está ausente").click();
	await preview(page);
	await page.getByText("Será la versión 1, a nombre de Coordinador de Mesa de Ayuda.").waitFor();
	await page.getByRole("button", { name: "Guardar" }).click();
	await page.getByText("Guardado: ya está vigente.").waitFor();
	await page.getByText("ausente", { exact: true }).waitFor();
	await limit(page, "45");
	await page.getByText("Solución: 30 min → 45 min").waitFor();
	// A double press is one version.
	await page.getByRole("button", { name: "Guardar" }).dblclick();
	await page.waitForURL(/\/catalogo\/categorias\?hecho=catalogo$/);
	assert.equal(await version(page), 2);
	await page.getByRole("link", { name: "Versiones" }).click();
	const versions = page.getByRole("list", { name: "Versiones" }).locator("> li");
	assert.equal(await versions.count(), 2);
	assert.match((await versions.first().textContent()) ?? "", /Coordinador de Mesa de Ayuda.*30 min → 45 min/s);
	assert.match((await versions.nth(1).textContent()) ?? "", /Agente 1 de Soporte.*Disponible: sí → no/s);
	await accessible(page);
	await pictures(page, "catalogo-versiones-dos");
	watch.quiet();
	await context.close();
});

it("two who change it at once: the later one sees what the other wrote, keeps his own, and goes on", async () => {
	const one = await visitor(browser, url);
	const other = await visitor(browser, url);
	other.watch.mayHear(/status of 409/);
	for (const { page } of [one, other]) await signIn(page, COORDINATOR, "/catalogo/categorias");
	await limit(one.page, "50");
	await limit(other.page, "60");
	await one.page.getByRole("button", { name: "Guardar" }).click();
	await one.page.waitForURL(/hecho=catalogo$/);
	const { page } = other;
	await page.getByRole("button", { name: "Guardar" }).click();
	await page.getByRole("heading", { name: "El catálogo cambió mientras usted escribía" }).waitFor();
	await page.getByText(/Solución: 45 min → 50 min/).waitFor();
	await page.getByText("Solución: 50 min → 1 h").waitFor();
	assert.equal(await page.getByLabel("Minutos de solución").inputValue(), "60");
	await accessible(page);
	await pictures(page, "catalogo-conflicto");
	await page.getByRole("button", { name: "Guardar" }).click();
	await page.waitForURL(/hecho=catalogo$/);
	for (const { watch, context } of [one, other]) {
		watch.quiet();
		await context.close();
	}
});

it("without scripts, mistakes stand at their fields and nothing typed is lost", async () => {
	const { page, watch, context } = await visitor(browser, url, { javaScriptEnabled: false });
	watch.mayHear(/status of 422/);
	await signIn(page, COORDINATOR, "/catalogo/calendarios/ficha?clave=habil");
	await page.getByLabel("Sábado").fill("de ocho a doce");
	await page.getByLabel("Motivo").first().fill("Receso de fin de año");
	await page.getByLabel("Desde").first().fill("12-24");
	await page.getByLabel("Hasta").first().fill("01-02");
	await page.getByLabel("Cada año").first().check();
	await preview(page);
	const summary = page.getByRole("alert");
	await summary.getByRole("link", { name: /^Sábado: «de ocho a doce» no es un horario/ }).click();
	assert.match(page.url(), /#f-hours-saturday$/);
	assert.equal(await page.getByLabel("Sábado").inputValue(), "de ocho a doce");
	assert.equal(await page.getByLabel("Motivo").first().inputValue(), "Receso de fin de año");
	await pictures(page, "catalogo-error");
	await page.getByLabel("Sábado").fill("08:00-12:00");
	await preview(page);
	await page.getByText("Sábado: cerrado → 08:00-12:00").waitFor();
	await page.getByText(/se agrega Receso de fin de año \(24 de diciembre a 2 de enero, cada año\)/).waitFor();
	await page.getByText("Rige también lo abierto", { exact: false }).waitFor();
	await page.getByRole("button", { name: "Guardar" }).click();
	await page.getByText("Guardado: ya está vigente.").waitFor();
	await page.getByText(/sábado de 08:00 a 12:00/).waitFor();
	// A new one, and gone again.
	await page.goto("/catalogo/proveedores");
	await page.getByRole("link", { name: "Agregar proveedor" }).click();
	await page.getByLabel("Nombre").fill("Proveedor de nube");
	await page.getByLabel("Correo").fill("soporte@nube.example.com");
	await preview(page);
	await page.getByRole("button", { name: "Agregar" }).click();
	await page.getByRole("link", { name: "Proveedor de nube" }).click();
	await page.getByRole("button", { name: "Quitar proveedor…" }).click();
	await page.getByText("Ninguna solicitud abierta lo usa", { exact: false }).waitFor();
	await page.getByRole("button", { name: "Quitar" }).click();
	await page.waitForURL(/hecho=catalogo$/);
	assert.equal(await page.getByText("Proveedor de nube").count(), 0);
	watch.quiet();
	await context.close();
});

it("a prepared text keeps its lines, and names no place that there is not", async () => {
	const lines = "Buen día, {solicitante}.\n\nVamos a su puesto hoy:\n- lleve su carné.";
	const { page, watch, context } = await visitor(browser, url);
	watch.mayHear(/status of 422/);
	await signIn(page, COORDINATOR, "/catalogo/textos");
	await page.getByRole("link", { name: "Agregar texto" }).click();
	await page.getByLabel("Nombre").fill("Visita al puesto");
	await page.getByLabel("Texto", { exact: true }).fill("Buen día, {nombre}.");
	await preview(page);
	await page
		.getByRole("alert")
		.getByRole("link", { name: /^Texto: / })
		.waitFor();
	await page.getByLabel("Texto", { exact: true }).fill(lines);
	await preview(page);
	await page.getByRole("button", { name: "Agregar" }).click();
	await page.getByRole("link", { name: "Visita al puesto" }).click();
	assert.equal(await page.getByLabel("Texto", { exact: true }).inputValue(), lines);
	watch.quiet();
	await context.close();
});

it("what is open keeps a category, which is retired and not taken out", async () => {
	const { page, watch, context } = await visitor(browser, url);
	watch.mayHear(/status of 422/);
	const entry = "/catalogo/categorias/ficha?clave=ofimatica";
	await signIn(page, COORDINATOR, entry);
	await page.getByRole("button", { name: "Quitar categoría…" }).click();
	await page.getByRole("alert").getByText("hay 1 solicitud abierta de esta categoría", { exact: false }).waitFor();
	await accessible(page);
	await pictures(page, "catalogo-en-uso");
	const open = await page.getByRole("link", { name: "Ver lo que está abierto" }).getAttribute("href");
	// It is retired where its removal was refused.
	await page.getByLabel("Retirado: nada nuevo le llega, lo abierto sigue").check();
	await preview(page);
	await page.getByText("Nada nuevo le llega. Tiene 1 solicitud abierta", { exact: false }).waitFor();
	await page.getByRole("button", { name: "Guardar" }).click();
	await page.waitForURL(/hecho=catalogo$/);
	await page.getByText("retirado", { exact: true }).waitFor();
	await accessible(page);
	await pictures(page, "catalogo-retirada");
	await page.goto("/solicitudes/nueva");
	await page.locator('input[name="category"][value="redes"]').waitFor();
	assert.equal(await page.locator('input[name="category"][value="ofimatica"]').count(), 0);
	// What is open is where the refusal said.
	assert.equal(open, "/cola?vista=abiertas&categoria=ofimatica");
	await page.goto(open);
	await page.getByRole("link", { name: "No abre el correo" }).first().waitFor();
	watch.quiet();
	await context.close();
});

it("a holiday that a law makes is added, with its years and its law", async () => {
	const { page, watch, context } = await visitor(browser, url);
	watch.mayHear(/status of 422/);
	await signIn(page, COORDINATOR, "/catalogo/festivos");
	await page.getByText("9 de julio, o el lunes que sigue").waitFor();
	await accessible(page);
	await pictures(page, "catalogo-festivos");
	await page.getByRole("link", { name: "Agregar festivo" }).click();
	await page.getByLabel("Nombre").fill("San Isidro");
	await page.getByLabel("Cómo se fija").selectOption("monday");
	await page.getByLabel("Día").fill("15 de mayo");
	await page.getByLabel("Primer año").fill("2100");
	await page.getByLabel("Norma").fill("Ley 9 de 2027");
	await preview(page);
	await page.getByRole("alert").getByText("Día: Debe ser un día del año", { exact: false }).waitFor();
	await page.getByLabel("Día").fill("05-15");
	await preview(page);
	await page.getByText("Lo guarda el calendario «habil».").waitFor();
	await accessible(page);
	await pictures(page, "catalogo-festivo-nuevo");
	await page.getByRole("button", { name: "Agregar" }).click();
	await page.waitForURL(/hecho=catalogo$/);
	await page.getByText("15 de mayo, o el lunes que sigue").waitFor();
	watch.quiet();
	await context.close();
});

it("the directory comes from a spreadsheet that is picked, without scripts, too", async () => {
	const { page, watch, context } = await visitor(browser, url, { javaScriptEnabled: false });
	watch.mayHear(/status of 422/);
	await signIn(page, COORDINATOR, "/catalogo/personas");
	await page.getByRole("link", { name: "Cargar una hoja" }).click();
	await page.getByRole("heading", { level: 1, name: "Personas desde una hoja" }).waitFor();
	await pictures(page, "catalogo-hoja");
	const titles = "correo;nombre;roles;equipos;dependencia\r\n";
	const broken = `${titles}ana.nueva@uspec.gov.co;;;;\r\nluis;Luis Ñáñez;rey;;\r\n`;
	await page.getByLabel("O pegue aquí las filas, con los títulos").fill(broken);
	await preview(page);
	const summary = page.getByRole("alert");
	await summary.getByRole("link", { name: "Línea 2, columna «nombre»: falta el nombre." }).waitFor();
	await summary.getByRole("link", { name: /^Línea 3, columna «roles»: «rey» no es una función/ }).waitFor();
	await pictures(page, "catalogo-hoja-error");
	// As a program of Windows saves it.
	const sheet = `${titles}ana.nueva@uspec.gov.co;Ana Ñáñez;agente;Mesa de Ayuda;Jurídica\r\n`;
	const file = { name: "gente.csv", mimeType: "text/csv", buffer: Buffer.from(sheet, "latin1") };
	await page.getByLabel("Archivo CSV").setInputFiles(file);
	await preview(page);
	await page.getByText("Todavía no ha cambiado nada").waitFor();
	await page.getByText("Persona «Ana Ñáñez» (ana.nueva@uspec.gov.co)").waitFor();
	await pictures(page, "catalogo-hoja-previa");
	await page.getByRole("button", { name: "Guardar el directorio" }).click();
	await page.getByText("Guardado: ya está vigente.").waitFor();
	await page.getByRole("link", { name: "Ana Ñáñez" }).waitFor();
	watch.quiet();
	await context.close();
});

it("the pages of the sheet and of the notice hold at every width", async () => {
	const { page, watch, context } = await visitor(browser, url);
	await page.goto("/privacidad");
	await page.getByRole("heading", { level: 1, name: "Aviso de privacidad" }).waitFor();
	await accessible(page);
	await pictures(page, "privacidad");
	await signIn(page, COORDINATOR, "/catalogo/personas/hoja");
	await accessible(page);
	await page.getByLabel("O pegue aquí las filas, con los títulos").fill("correo;nombre\nbeto@uspec.gov.co;Beto Díaz\n");
	await preview(page);
	await page.getByText("entra 1", { exact: false }).waitFor();
	await pictures(page, "catalogo-hoja-previa");
	await accessible(page);
	await page.goto("/catalogo/aviso/ficha?clave=privacy_notice");
	await page.getByLabel("Versión").waitFor();
	await accessible(page);
	await pictures(page, "catalogo-aviso");
	await page.goto("/catalogo/categorias/ficha?clave=redes");
	await page.getByLabel("Serie documental").waitFor();
	await pictures(page, "catalogo-categoria");
	watch.quiet();
	await context.close();
});

it("the auditor reads all of it and has nothing to press", async () => {
	const { page, watch, context } = await visitor(browser, url);
	await signIn(page, AUDITOR, "/catalogo");
	const parts = page.getByRole("navigation", { name: "Catálogo" }).getByRole("link");
	const names = await parts.allTextContents();
	assert.ok(names.length > 6, names.join());
	for (const name of names) {
		await parts.filter({ hasText: name }).click();
		await page.getByRole("heading", { level: 1, name }).waitFor();
		assert.equal(await page.locator("main form, main button").count(), 0, name);
	}
	await page.goto("/catalogo/categorias/ficha?clave=redes");
	await page.getByText("solución al 80 % a quien la tiene", { exact: false }).waitFor();
	assert.equal(await page.locator("main form, main button").count(), 0);
	watch.quiet();
	await context.close();
});

it("a session that ends while a form is filled in costs nothing of it", async () => {
	const { page, watch, context } = await visitor(browser, url);
	watch.mayHear(/status of 401/);
	await signIn(page, COORDINATOR, "/catalogo/proveedores/ficha");
	await page.getByLabel("Nombre").fill("Proveedor de datos");
	await page.getByLabel("Correo").fill("soporte@datos.example.com");
	const kept = await context.cookies();
	await context.clearCookies();
	await preview(page);
	await page.getByRole("link", { name: "Entre en otra pestaña" }).waitFor();
	await context.addCookies(kept);
	await page.getByRole("button", { name: "Enviar de nuevo" }).click();
	await page.getByText("Se agrega. Correo: soporte@datos.example.com").waitFor();
	watch.quiet();
	await context.close();
});
