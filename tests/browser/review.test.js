// The quarterly review through the pages: a chief decides on the accounts of her people, from a telephone without
// scripts too, is told what is missing, signs, and sees which request takes away what she withdrew; others see who signed.

import assert from "node:assert/strict";
import { before, it } from "node:test";
import { accessible } from "./axe.js";
import { picture, signIn, startBrowser, startHost, visitor, within } from "./harness.js";
import { AUDITOR, OFFICER, REQUESTER } from "./people.js";

const PERSONNEL = "personal@uspec.gov.co";
const ADMINISTRATIVE = "administrativo@uspec.gov.co";
const BOSS = "jefa.juridica@uspec.gov.co";
const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };

/** @typedef {import("playwright-core").Page} Page */

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {string} */
let url;

/**
 * The API, as somebody: what the pages of the formats do is tested with them.
 * @param {string} who
 * @param {string} path
 * @param {unknown} body
 * @returns {Promise<any>}
 */
async function post(who, path, body) {
	const json = { "content-type": "application/json" };
	const signed = await fetch(`${url}/_local/token`, {
		method: "POST",
		headers: json,
		body: JSON.stringify({ email: who }),
	});
	const { token } = await signed.json();
	const headers = { ...json, authorization: `Bearer ${token}` };
	const answer = await fetch(`${url}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
	const text = await answer.text();
	assert.ok(answer.ok, `${path}: ${text}`);
	return JSON.parse(text);
}

/** A day so many days from now. @param {number} days */
const inDays = (days) =>
	new Date(Date.now() + days * 86_400_000).toLocaleDateString("en-CA", { timeZone: "America/Bogota" });

/**
 * Somebody of the chief's, with accounts until a day, or without an end.
 * @param {string} number
 * @param {[string, string]} names
 * @param {[string, string, string][]} accounts
 * @param {string} [until]
 */
async function granted(number, [first_names, last_names], accounts, until) {
	const request = { title: `Cuentas de ${first_names}`, description: "Entra hoy.", category: "cuentas_equipos" };
	const ticket = await post(REQUESTER, "/tickets", request);
	/** @param {string} who @param {string} section @param {object} fields */
	const sign = (who, section, fields) =>
		post(who, `/tickets/${ticket.number}/formats/A3-S1-FO-01/sections/${section}/signature`, { fields });
	await sign(PERSONNEL, "user", {
		novelty: "entry",
		kind: "official",
		document_type: "CC",
		document_number: number,
		first_names,
		last_names,
		unit: "Grupo Jurídico",
		position: "Profesional",
		appointment_act: "Resolución 12",
		start_date: "2024-03-11",
		boss: BOSS,
	});
	await sign(BOSS, "resources", {
		accounts: accounts.map(([system, profile]) => ({
			system,
			profile,
			justification: "Trabajar",
			...(until ? { valid_until: until } : {}),
		})),
		email_wanted: "yes",
		vpn: "no",
		equipment_wanted: "no",
	});
	await sign(ADMINISTRATIVE, "resources", { no_equipment: true });
	await sign(OFFICER, "creation", {
		created: accounts.map(([system, profile_granted, username]) => ({
			system,
			profile_granted,
			username,
			outcome: "created",
			created_at: "2026-01-15",
			by: "Tecnología",
		})),
		user_email: `${first_names.toLowerCase()}@uspec.gov.co`,
	});
}

before(async () => {
	({ url } = await startHost());
	browser = await startBrowser();
	await granted("52345618", ["Ricardo", "Pérez"], [["orfeo", "radicador", "rperez"]], inDays(-6));
	await granted("79123403", ["Marta", "Gil"], [["correo", "funcionario", "marta.gil"]], inDays(9));
	const accounts = /** @type {[string, string, string][]} */ ([
		["correo", "funcionario", "pedro.leon"],
		["siif", "registrador", "pleon"],
	]);
	await granted("51998247", ["Pedro", "León"], accounts);
});

/**
 * The choices of an account, by its person and system.
 * @param {Page} page
 * @param {string} account
 */
const choices = (page, account) => page.getByRole("group", { name: account });

/** Presses a button, and waits for the page that follows. @param {Page} page @param {string} name */
async function press(page, name) {
	await Promise.all([page.waitForEvent("load"), page.getByRole("button", { name }).click()]);
}

it("is decided in two sittings, the first on a telephone without scripts", async () => {
	const phone = await visitor(browser, url, { ...PHONE, javaScriptEnabled: false });
	await signIn(phone.page, BOSS, "/matriz/refrendo");
	await phone.page.getByText("0 de 4 decididas").waitFor();
	await picture(phone.page, "refrendo");
	assert.equal(await choices(phone.page, "Ricardo Pérez, Orfeo").getByRole("radio").count(), 1, "it is over");
	await choices(phone.page, "Ricardo Pérez, Orfeo").getByLabel("Retira").check();
	await choices(phone.page, "Marta Gil, Correo").getByLabel("Ratifica").check();
	await press(phone.page, "Guardar lo decidido");
	await phone.page.getByText("Guardado. Falta firmar.").waitFor();
	await phone.page.getByText("2 de 4 decididas:").waitFor();
	phone.watch.quiet();

	const boss = await visitor(browser, url);
	await signIn(boss.page, BOSS, "/matriz/refrendo");
	assert.ok(
		await choices(boss.page, "Marta Gil, Correo").getByLabel("Ratifica").isChecked(),
		"what was decided is kept",
	);
	await picture(boss.page, "refrendo");
	await boss.page.emulateMedia({ colorScheme: "dark" });
	await picture(boss.page, "refrendo");
	await boss.page.emulateMedia({ colorScheme: null });
	await accessible(boss.page);

	// What is missing is told, each with a way there, and nothing that was chosen is lost.
	await choices(boss.page, "Pedro León, Correo").getByLabel("Ratifica").check();
	boss.watch.mayHear(/422/);
	await press(boss.page, "Firmar el refrendo");
	const summary = boss.page.locator(".error-summary");
	await summary.waitFor();
	assert.equal(await summary.locator("li").count(), 1);
	assert.ok(await choices(boss.page, "Pedro León, Correo").getByLabel("Ratifica").isChecked());
	await picture(boss.page, "refrendo-error");
	await accessible(boss.page);
	await summary.getByRole("link", { name: /SIIF/ }).click();
	await choices(boss.page, "Pedro León, SIIF").getByLabel("Retira").check();

	// Another screen of hers was faster: she is told, and what she chose is there.
	const other = await visitor(browser, url);
	await signIn(other.page, BOSS, "/matriz/refrendo");
	await choices(other.page, "Pedro León, Correo").getByLabel("Retira").check();
	await press(other.page, "Guardar lo decidido");
	boss.watch.mayHear(/409/);
	await press(boss.page, "Firmar el refrendo");
	await boss.page.getByText("No se pudo guardar").waitFor();
	assert.ok(await choices(boss.page, "Pedro León, Correo").getByLabel("Ratifica").isChecked());
	await picture(boss.page, "refrendo-conflicto");
	await accessible(boss.page);
	await press(boss.page, "Firmar el refrendo");
	await boss.page.getByRole("heading", { name: "Refrendo firmado" }).waitFor();
	await within("what was withdrawn is asked for", async () => {
		await boss.page.reload();
		return (await boss.page.getByText(/Retirada: se pide en la #/).count()) === 2 ? true : undefined;
	});
	await picture(boss.page, "refrendo-firmado");
	await accessible(boss.page);
	assert.equal(await boss.page.getByRole("button", { name: "Firmar el refrendo" }).count(), 0);

	// She finds the formats of both in her list, filled in.
	await boss.page.goto("/formatos");
	await within("both wait for her signature", async () => {
		await boss.page.reload();
		return (await boss.page.getByRole("link", { name: "Usuarios deshabilitados" }).count()) >= 2 ? true : undefined;
	});
	for (const { watch } of [boss, other]) watch.quiet();
});

it("shows those who oversee it who has signed, and the offices nothing else", async () => {
	const auditor = await visitor(browser, url);
	await signIn(auditor.page, AUDITOR, "/matriz");
	await auditor.page.getByText(/^Firmó el/).waitFor();
	assert.equal(await auditor.page.locator("#matriz tbody tr").count(), 4);
	await picture(auditor.page, "matriz-refrendo");
	await accessible(auditor.page);
	const office = await visitor(browser, url);
	await signIn(office.page, PERSONNEL, "/matriz");
	await office.page.getByText(BOSS).first().waitFor();
	assert.equal(await office.page.getByText("Ricardo Pérez").count(), 0);
	await picture(office.page, "refrendo-oficina");
	await office.page.setViewportSize({ width: 360, height: 740 });
	await picture(office.page, "refrendo-oficina");
	await accessible(office.page);
	// Who is nobody's chief has nothing to decide.
	const nobody = await visitor(browser, url);
	await signIn(nobody.page, REQUESTER, "/matriz/refrendo");
	await nobody.page.getByText("No hay cuentas activas de personas a su cargo").waitFor();
	await picture(nobody.page, "refrendo-vacio");
	await accessible(nobody.page);
	for (const { watch } of [auditor, office, nobody]) watch.quiet();
});
