// The formats of the procedure through the pages: five parties sign the one of accounts, each with his own account, one
// of them from a telephone and one without scripts; then the matrix, and what is wrong told at its field.

import assert from "node:assert/strict";
import { before, it } from "node:test";
import { accessible } from "./axe.js";
import {
	ADMINISTRATIVE,
	accounts,
	BOSS,
	CONTRACTING,
	fill,
	leaving,
	NEWCOMER,
	PERSONNEL,
	press,
	sign,
	signed,
} from "./formats.js";
import { picture, pictures, signIn, startBrowser, startHost, visitor, within } from "./harness.js";
import { AUDITOR, COORDINATOR, OFFICER, REQUESTER } from "./people.js";

/** @typedef {import("playwright-core").Page} Page */

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

/**
 * Asks for something that has a format, as somebody; gives where the request is.
 * @param {string} who
 * @param {string} category
 * @param {string} title
 */
async function asked(who, category, title) {
	const { page, context } = await as(who, "/solicitudes/nueva");
	await page.locator(`input[name="category"][value="${category}"]`).check();
	await page.locator('[name="title"]').fill(title);
	await page.locator('[name="description"]').fill("Con lo que dice el formato.");
	await page.getByRole("button", { name: "Enviar solicitud" }).click();
	await page.waitForURL(/hecho=registrada$/);
	const { pathname } = new URL(page.url());
	await context.close();
	return pathname;
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
	await pictures(office.page, "formatos");
	await accessible(office.page);
	await office.page.getByRole("link", { name: /Cuenta y equipo para contratista nuevo/ }).click();
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
	await pictures(office.page, "formato-error");
	await accessible(office.page);
	await fill(office.page, { document_number: "52345618", contract_end: "2090-05-31" });
	await press(office.page, "Firmar la sección 1");
	await office.page.getByText("Firmada. A quien le toca").waitFor();
	await pictures(office.page, "formato-firmada");

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
	await pictures(officer.page, "formato-creacion");
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
	await pictures(user.page, "formato-completo");
	await accessible(user.page);

	// Who holds what, for those who oversee.
	const auditor = await as(AUDITOR, "/matriz");
	await within("the matrix has both accounts", async () => (await auditor.page.locator("tbody tr").count()) === 2);
	await pictures(auditor.page, "matriz");
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
	await pictures(office.page, "formato-correccion");
	await accessible(office.page);
});

it("lets nobody leave while one of his accounts is active, and ends with the clearance", async () => {
	const request = await asked(PERSONNEL, "desvinculacion", "Termina el contrato de Ricardo Pérez");
	const path = `${request}/formatos/A3-FO-12`;
	const [reports, disables, receives, hands, closes] = leaving(NEWCOMER);
	assert.ok(reports && disables && receives && hands && closes);
	await signed(browser, url, path, [reports]);

	// His active accounts stand there, each with its row. One that is said nothing of is refused at its place.
	const officer = await as(OFFICER, path);
	officer.watch.mayHear(/422/);
	const rows = officer.page.getByRole("group", { name: /^Cuenta \d$/ });
	assert.equal(await rows.count(), 2);
	assert.equal(await officer.page.locator('[name="c.disabled.1.system"]').inputValue(), "orfeo");
	/** @param {number} row */
	const gone = (row) => ({
		[`disabled.${row}.outcome`]: "disabled",
		[`disabled.${row}.disabled_at`]: "2026-01-30T16:30",
		[`disabled.${row}.by`]: "Tecnología",
	});
	await fill(officer.page, { ...disables.fields, ...gone(0), "disabled.1.system": "", "disabled.1.username": "" });
	await press(officer.page, "Firmar la sección 2");
	const list = officer.page.locator("#c-disabled");
	await list.locator("> .field-error").getByText(/Orfeo/).waitFor();
	await officer.page.locator(".error-summary").getByRole("link", { name: /Orfeo/ }).click();
	assert.equal(await list.evaluate((part) => part === document.activeElement), true);
	assert.equal(await officer.page.locator('[name="c.disabled.0.by"]').inputValue(), "Tecnología");
	await pictures(officer.page, "formato-cuenta-activa");
	await accessible(officer.page);
	const auditor = await as(AUDITOR, "/matriz");
	assert.equal(await auditor.page.getByText(/^Deshabilitada/).count(), 0, "nothing is taken before it is signed");

	await fill(officer.page, { "disabled.1.system": "orfeo", "disabled.1.username": "rperez", ...gone(1) });
	await press(officer.page, "Firmar la sección 2");
	await officer.page.getByText("Firmada. A quien le toca").waitFor();
	await within("the matrix says so", async () => {
		await auditor.page.reload();
		return (await auditor.page.getByText(/^Deshabilitada el/).count()) === 2 ? true : undefined;
	});
	await pictures(auditor.page, "matriz-deshabilitadas");

	await signed(browser, url, path, [receives, hands]);
	const desk = await as(COORDINATOR, path);
	await sign(desk.page, closes);
	await desk.page.getByText("Paz y salvo tecnológico expedido.").waitFor();
	assert.match((await desk.page.locator(".notice code").textContent()) ?? "", /^\S{8,}$/);
	await pictures(desk.page, "formato-paz-y-salvo");
	await accessible(desk.page);
	// Whoever asked sees it, too.
	const asks = await as(PERSONNEL, path);
	await asks.page.getByText("Paz y salvo tecnológico expedido.").waitFor();
	for (const { watch } of [officer, auditor, desk, asks]) watch.quiet();
});

it("takes what was signed on paper from the desk alone, with the scan", async () => {
	const person = { document: "80123456", first: "Elvia", last: "Suárez", email: "elvia.suarez@uspec.gov.co" };
	const request = await asked(REQUESTER, "cuentas_equipos", "Cuenta para Elvia Suárez, que no tiene equipo");
	const path = `${request}/formatos/A3-S1-FO-01`;
	await signed(browser, url, path, accounts(person).slice(0, -1));

	const desk = await as(COORDINATOR, path);
	desk.watch.mayHear(/422/);
	desk.watch.mayHear(/request elsewhere: .*\/filesbucket\/uploads\//);
	const paper = desk.page.getByText("La persona firmó en papel");
	await pictures(desk.page, "formato-espera-al-usuario");
	await paper.click();
	await fill(desk.page, { received: true, policies_accepted: true, confidentiality_accepted: true });
	await press(desk.page, "Dar fe de la firma en papel");
	const scan = desk.page.getByLabel("Hoja firmada, escaneada");
	await desk.page
		.locator(".error-summary")
		.getByText(/Adjunte primero/)
		.waitFor();
	assert.equal(await scan.getAttribute("aria-invalid"), "true");
	assert.equal(await desk.page.locator('[name="c.received"]').isChecked(), true, "what was ticked stays");
	await pictures(desk.page, "formato-papel-sin-hoja");
	await accessible(desk.page);

	// It goes up with a note on the request, and is chosen then.
	await desk.page.getByRole("link", { name: "Adjúntela con una nota interna" }).click();
	await desk.page.waitForURL(/#note$/);
	const note = desk.page.locator("#note");
	const file = { name: "FO-01 firmado.pdf", mimeType: "application/pdf", buffer: Buffer.from("%PDF-1.4\n%%EOF\n") };
	await note.locator("input[type=file]").setInputFiles(file);
	await note.getByText("Listo").waitFor();
	await note.locator("textarea").fill("La hoja que firmó la señora Suárez.");
	await note.getByRole("button", { name: "Guardar nota" }).click();
	await desk.page.waitForURL(/hecho=nota$/);
	await desk.page.goto(path);
	await paper.click();
	await fill(desk.page, { received: true, policies_accepted: true, confidentiality_accepted: true });
	await scan.selectOption({ label: "FO-01 firmado.pdf" });
	await press(desk.page, "Dar fe de la firma en papel");
	await desk.page.getByText("el formato quedó completo").waitFor();
	await desk.page.getByText("que da fe de la firma en papel").waitFor();
	await pictures(desk.page, "formato-papel");

	// Who signs with his own account is asked for no paper, and nobody but the desk is.
	const other = await asked(REQUESTER, "cuentas_equipos", "Otra cuenta");
	await signed(browser, url, `${other}/formatos/A3-S1-FO-01`, accounts(person).slice(0, -1));
	for (const who of [person.email, OFFICER]) {
		const { page, context, watch } = await as(who, `${other}/formatos/A3-S1-FO-01`);
		await page.getByRole("heading", { name: "5. Recibo a satisfacción" }).waitFor();
		assert.equal(await page.locator('[name="on_paper"]').count(), 0);
		watch.quiet();
		await context.close();
	}
	desk.watch.quiet();
});

it("loses nothing typed: a closed browser, an ended session, a desk that does not answer", async () => {
	const request = await asked(REQUESTER, "cuentas_equipos", "Se escribe y se pierde la conexión");
	const path = `${request}/formatos/A3-S1-FO-01`;
	const { page, context, watch } = await as(CONTRACTING, path);
	watch.mayHear(/status of (?:401|503)/);
	const typed = { novelty: "transfer", kind: "contractor", unit: "Almacén" };
	/** @param {Page} page */
	const there = async (page) => {
		assert.equal(await page.locator('[name="c.unit"]').inputValue(), typed.unit);
		assert.equal(await page.locator('[name="c.contract_start"]').inputValue(), "2026-01-01");
		assert.equal(await page.locator('[name="c.kind"][value="contractor"]').isChecked(), true);
		assert.equal(await page.locator('[name="c.novelty"][value="transfer"]').isChecked(), true);
	};
	// What does not apply is not asked for.
	const appointment = page.locator('[name="c.start_date"]');
	const contract = page.locator('[name="c.contract_number"]');
	await page.locator('[data-when="c.kind"][hidden]').first().waitFor({ state: "attached" });
	assert.deepEqual([await appointment.isVisible(), await contract.isVisible()], [false, false]);
	await fill(page, { ...typed, document_number: "52345618" });
	assert.deepEqual([await appointment.isVisible(), await contract.isVisible()], [false, true]);
	// By keys, as people do: the same in each order of day and month.
	await page.locator('[name="c.contract_start"]').pressSequentially("01012026");
	await page.close();

	const again = await context.newPage();
	await again.goto(path);
	await again.getByText(/^Lo escrito quedó en este equipo a las/).waitFor();
	await there(again);
	// But what copies do not show is not left behind in a browser.
	assert.equal(await again.locator('[name="c.document_number"]').inputValue(), "");

	// Nobody answers: the browser shows a page of its own, and the way back has all of it.
	await again.route(`**${path}`, (route) => route.fulfill({ status: 503, body: "No responde." }));
	await press(again, "Guardar borrador");
	await again.getByText("No responde.").waitFor();
	await again.unroute(`**${path}`);
	await again.goto(path);
	await again.getByText(/^Lo escrito quedó en este equipo a las/).waitFor();
	await there(again);

	// The session is over: the page that says so sends it, once somebody has signed in.
	await context.clearCookies();
	await again.getByRole("button", { name: "Guardar borrador" }).click();
	await again.getByText("Entre de nuevo; lo que escribió no se ha perdido.").waitFor();
	await pictures(again, "formato-sesion-terminada");
	const [other] = await Promise.all([
		context.waitForEvent("page"),
		again.getByRole("link", { name: "Entre en otra pestaña" }).click(),
	]);
	await signIn(other, CONTRACTING);
	await other.close();
	await again.getByRole("button", { name: "Enviar de nuevo" }).click();
	await again.waitForURL(/hecho=borrador$/);
	await there(again);
	assert.equal(await again.getByText(/^Lo escrito quedó en este equipo/).count(), 0, "it is the desk's now");
	// By keys it is a draft that is kept, and nothing that is signed.
	await again.locator('[name="c.unit"]').fill("Archivo");
	await again.getByText(/^Lo escrito quedó en este equipo/).waitFor();
	await pictures(again, "formato-en-este-equipo");
	await Promise.all([again.waitForEvent("load"), again.locator('[name="c.unit"]').press("Control+Enter")]);
	await again.waitForURL(/hecho=borrador$/);
	assert.equal(await again.locator('[name="c.unit"]').inputValue(), "Archivo");
	watch.quiet();
});
