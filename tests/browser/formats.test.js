// The formats of the procedure through the pages: five parties sign the one of accounts, each with his own account, one
// of them from a telephone and one without scripts; then the matrix, and what is wrong told at its field.

import assert from "node:assert/strict";
import { before, it } from "node:test";
import { accessible } from "./axe.js";
import { ADMINISTRATIVE, BOSS, CONTRACTING, fill, NEWCOMER, press } from "./formats.js";
import { picture, signIn, startBrowser, startHost, visitor, within } from "./harness.js";
import { AUDITOR, COORDINATOR, OFFICER, REQUESTER } from "./people.js";

const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {string} */
let url;

before(async () => {
	({ url } = await startHost());
	browser = await startBrowser();
});

/**
 * Opens a format as somebody, in a browser of his own.
 * @param {string} who
 * @param {string} path
 * @param {import("playwright-core").BrowserContextOptions} [options]
 */
async function as(who, path, options) {
	const { page, context, watch } = await visitor(browser, url, options);
	await signIn(page, who, path);
	return { page, context, watch };
}

it("is signed by five parties, each in his turn", async () => {
	const asks = await visitor(browser, url);
	await signIn(asks.page, REQUESTER);
	await asks.page.goto("/solicitudes/nueva");
	await asks.page.locator('input[name="category"][value="cuentas_equipos"]').check();
	await asks.page.locator('[name="title"]').fill("Cuenta y equipo para contratista nuevo");
	await asks.page.locator('[name="description"]').fill("Entra el lunes.");
	await asks.page.getByRole("button", { name: "Enviar solicitud" }).click();
	await asks.page.waitForURL(/hecho=registrada$/);
	const number = Number(/\/solicitudes\/(\d+)/.exec(asks.page.url())?.[1]);
	const path = `/solicitudes/${number}/formatos/A3-S1-FO-01`;

	// The office finds it in its list, and sees nothing else of the request.
	const office = await as(CONTRACTING, "/");
	assert.equal(new URL(office.page.url()).pathname, "/formatos");
	await picture(office.page, "formatos");
	await accessible(office.page);
	await office.page.getByRole("link", { name: /Gestión y entrega/ }).click();
	await office.page.waitForURL(`**${path}`);
	await accessible(office.page);
	office.watch.mayHear(/404/);
	assert.equal((await office.page.goto(`/solicitudes/${number}`))?.status(), 404);
	await office.page.goto(path);

	// What is wrong stands at its field, and all that was typed is there.
	await fill(office.page, {
		novelty: "entry",
		kind: "contractor",
		document_type: "CC",
		document_number: "52.345.618",
		first_names: "Ricardo",
		last_names: "Pérez",
		unit: "Supervisión de Contratos",
		position: "Apoyo jurídico",
		contract_number: "318",
		contract_start: "2026-01-01",
		contract_end: "2025-01-01",
		supervisor: COORDINATOR,
		boss: BOSS,
	});
	office.watch.mayHear(/422/);
	await press(office.page, "Firmar la sección 1");
	const summary = office.page.locator(".error-summary");
	await summary.waitFor();
	assert.equal(await summary.locator("li").count(), 2);
	assert.equal(await office.page.locator('[name="c.first_names"]').inputValue(), "Ricardo");
	await picture(office.page, "formato-error");
	await accessible(office.page);
	await fill(office.page, { document_number: "52345618", contract_end: "2090-05-31" });
	await press(office.page, "Firmar la sección 1");
	await office.page.getByText("Firmada. A quien le toca").waitFor();
	await picture(office.page, "formato-firmada");

	// The chief, without scripts: a row more is a draft that is kept.
	const boss = await as(BOSS, path, { ...PHONE, javaScriptEnabled: false });
	await fill(boss.page, {
		"accounts.0.system": "correo",
		"accounts.0.profile": "contratista",
		"accounts.0.justification": "Comunicarse",
		email_wanted: "yes",
		vpn: "no",
		equipment_wanted: "no",
	});
	await press(boss.page, "Añadir otra fila");
	assert.equal(await boss.page.locator('[name="c.accounts.0.system"]').inputValue(), "correo");
	await fill(boss.page, {
		"accounts.1.system": "orfeo",
		"accounts.1.profile": "radicador",
		"accounts.1.justification": "Radicar",
	});
	await picture(boss.page, "formato-telefono");
	await press(boss.page, "Firmar la sección 2");
	await boss.page.getByText("Firmada. A quien le toca").waitFor();
	assert.equal(await boss.page.getByText("52345618").count(), 0, "the number is covered");

	const stores = await as(ADMINISTRATIVE, path);
	await fill(stores.page, { no_equipment: true });
	await press(stores.page, "Firmar la sección 2");

	// The accounts that were asked for stand there to be filled in.
	const officer = await as(OFFICER, path);
	assert.equal(await officer.page.locator('[name="c.created.1.system"]').inputValue(), "orfeo");
	await fill(officer.page, {
		"created.0.outcome": "created",
		"created.0.username": NEWCOMER.email,
		"created.0.created_at": "2026-01-15",
		"created.0.by": "Tecnología",
		"created.1.outcome": "created",
		"created.1.username": "rperez",
		"created.1.created_at": "2026-01-15",
		"created.1.by": "Tecnología",
		user_email: NEWCOMER.email,
	});
	await picture(officer.page, "formato-creacion");
	await accessible(officer.page);
	await press(officer.page, "Firmar la sección 3");
	await officer.page.getByText("Firmada. A quien le toca").waitFor();

	// The coordinator delivers for the desk.
	const desk = await as(COORDINATOR, path);
	await fill(desk.page, {
		delivered_at: "2026-01-15",
		place: "Piso 3",
		"induction.0.given": "given",
		"induction.1.given": "given",
		induction_desk: true,
		induction_policy: true,
		induction_minutes: "40",
	});
	await press(desk.page, "Firmar la sección 4");
	await desk.page.getByText("Firmada. A quien le toca").waitFor();

	const user = await as(NEWCOMER.email, path);
	await fill(user.page, { received: true, policies_accepted: true, confidentiality_accepted: true });
	await press(user.page, "Firmar la sección 5");
	await user.page.getByText("el formato quedó completo").waitFor();
	await picture(user.page, "formato-completo");
	await accessible(user.page);

	// Who holds what, for those who oversee.
	const auditor = await as(AUDITOR, "/matriz");
	await within("the matrix has both accounts", async () => (await auditor.page.locator("tbody tr").count()) === 2);
	await picture(auditor.page, "matriz");
	await accessible(auditor.page);
	await desk.page.goto(`/solicitudes/${number}/formatos/A3-FO-11`);
	assert.equal(await desk.page.locator(".rowfacts li").count(), 2);
	await desk.page.goto(`/solicitudes/${number}`);
	await desk.page.getByRole("link", { name: "Gestión y entrega de cuentas" }).waitFor();
	for (const { watch } of [office, boss, stores, officer, desk, user, auditor]) watch.quiet();
});

it("is corrected with a reason, and keeps what it said", async () => {
	const office = await as(CONTRACTING, "/solicitudes/1/formatos/A3-S1-FO-01");
	await office.page.getByText("Pedir una corrección").first().click();
	await office.page.locator('textarea[name="motivo"]').first().fill("El contrato termina un mes antes.");
	await press(office.page, "Abrir para corregir");
	await office.page.getByText("La sección quedó abierta").waitFor();
	assert.equal(await office.page.locator('[name="c.first_names"]').inputValue(), "Ricardo");
	await picture(office.page, "formato-correccion");
	await accessible(office.page);
});
