// The formats of the procedure, as their parties fill them in on the pages: what each of them writes, in his turn.

import { signIn, visitor } from "./harness.js";
import { COORDINATOR, OFFICER } from "./people.js";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("playwright-core").Browser} Browser */
/** @typedef {Record<string, string | boolean>} Fields */

/**
 * A signature: who gives it, of which section, and what he fills in.
 * @typedef {{ who: string, section: number, fields: Fields }} Turn
 */

export const PERSONNEL = "personal@uspec.gov.co";
export const CONTRACTING = "contratos@uspec.gov.co";
export const ADMINISTRATIVE = "administrativo@uspec.gov.co";
export const BOSS = "jefa.juridica@uspec.gov.co";

/** Whose accounts a format is about. @typedef {{ document: string, first: string, last: string, email: string }} Person */

/** @type {Person} */
export const NEWCOMER = {
	document: "52345618",
	first: "Ricardo",
	last: "Pérez",
	email: "ricardo.perez@uspec.gov.co",
};

/**
 * A3-S1-FO-01: a contractor gets two accounts and no equipment.
 * @param {Person} person
 * @param {string} desk who answers for the desk
 * @returns {Turn[]}
 */
export const accounts = ({ document, first, last, email }, desk = COORDINATOR) => [
	{
		who: CONTRACTING,
		section: 1,
		fields: {
			novelty: "entry",
			kind: "contractor",
			document_type: "CC",
			document_number: document,
			first_names: first,
			last_names: last,
			unit: "Supervisión de Contratos",
			position: "Apoyo jurídico",
			contract_number: "318",
			contract_start: "2026-01-01",
			contract_end: "2090-05-31",
			supervisor: COORDINATOR,
			boss: BOSS,
		},
	},
	{
		who: BOSS,
		section: 2,
		fields: {
			"accounts.0.system": "correo",
			"accounts.0.profile": "contratista",
			"accounts.0.justification": "Comunicarse",
			email_wanted: "yes",
			vpn: "no",
			equipment_wanted: "no",
		},
	},
	{ who: ADMINISTRATIVE, section: 2, fields: { no_equipment: true } },
	{
		who: OFFICER,
		section: 3,
		fields: {
			"created.0.outcome": "created",
			"created.0.username": email,
			"created.0.created_at": "2026-01-15",
			"created.0.by": "Tecnología",
			user_email: email,
		},
	},
	{
		who: desk,
		section: 4,
		fields: {
			delivered_at: "2026-01-15",
			place: "Piso 3",
			"induction.0.given": "given",
			induction_desk: true,
			induction_policy: true,
			induction_minutes: "40",
		},
	},
	{ who: email, section: 5, fields: { received: true, policies_accepted: true, confidentiality_accepted: true } },
];

/**
 * A3-S1-FO-03: a document is published on the web page.
 * @param {string} requester
 * @returns {Turn[]}
 */
export const publication = (requester) => [
	{
		who: requester,
		section: 1,
		fields: {
			action: "publish",
			unit: "Oficina Jurídica",
			requester: "Ana",
			approver: BOSS,
			title: "Informe de gestión de 2025",
			menu_path: "Transparencia > Informes",
			summary: "Es el informe aprobado por la Dirección.",
			publish_from: "2090-02-01",
			new_or_replaces: "new",
		},
	},
	{
		who: requester,
		section: 2,
		fields: {
			is_final_version: "yes",
			no_personal_data: "yes",
			not_classified_or_reserved: "yes",
			accessible_document: "yes",
			plain_language: "yes",
		},
	},
	{ who: BOSS, section: 3, fields: { decision: "approved" } },
	{
		who: OFFICER,
		section: 4,
		fields: {
			published_at: "2026-01-15",
			final_url: "https://www.uspec.gov.co/transparencia/informe-2025",
			evidence: "captura.png",
		},
	},
	{ who: requester, section: 5, fields: { conforms: "yes" } },
];

/**
 * A3-FO-12: somebody leaves without equipment; section 2 says what was done with his accounts.
 * @param {Person} person
 * @param {Fields} disabled
 * @param {string} desk who answers for the desk
 * @returns {Turn[]}
 */
export const leaving = ({ document, first, last }, disabled = {}, desk = COORDINATOR) => [
	{
		who: PERSONNEL,
		section: 1,
		fields: {
			document_type: "CC",
			document_number: document,
			first_names: first,
			last_names: last,
			reason: "contract_end",
			effective_at: "2026-01-30T17:00",
			urgent: "no",
			act_or_contract: "Contrato 318",
			supervisor: COORDINATOR,
			mail_policy: "none",
			has_equipment: "no",
		},
	},
	{
		who: OFFICER,
		section: 2,
		fields: { ...disabled, tokens_removed: "yes", access_removed: "none", mailbox_export: "not_applicable" },
	},
	{ who: ADMINISTRATIVE, section: 3, fields: { no_equipment: true } },
	{
		who: COORDINATOR,
		section: 4,
		fields: { documents_at_zero: "yes", hand_over_report: "delivered", folder_delivered: "yes" },
	},
	{ who: desk, section: 5, fields: { clearance: "issued" } },
];

/**
 * Fills fields in by their names: a choice is checked, a list is chosen from.
 * @param {Page} page
 * @param {Fields} fields
 */
export async function fill(page, fields) {
	for (const [name, value] of Object.entries(fields)) {
		const field = page.locator(`[name="c.${name}"]`);
		const kind = await field.first().evaluate((it) => (it instanceof HTMLInputElement ? it.type : it.localName));
		if (kind === "radio") await page.locator(`[name="c.${name}"][value="${value}"]`).check();
		else if (kind === "checkbox") await field.setChecked(value === true);
		else if (kind === "select") await field.selectOption(String(value));
		else await field.fill(String(value));
	}
}

/**
 * Presses a button of the form, and waits for the page that follows.
 * @param {Page} page
 * @param {string} name
 */
export async function press(page, name) {
	await Promise.all([page.waitForEvent("load"), page.getByRole("button", { name }).first().click()]);
}

/**
 * Signs a section that is open in a page.
 * @param {Page} page
 * @param {Turn} turn
 */
export async function sign(page, { section, fields }) {
	await fill(page, fields);
	await press(page, `Firmar la sección ${section}`);
	await page.waitForURL(/hecho=(?:firmada|completo)$/);
}

/**
 * Signs what is everybody's in turn, each in a browser of his own that is closed again.
 * @param {Browser} browser
 * @param {string} url
 * @param {string} path of the format
 * @param {Turn[]} turns
 */
export async function signed(browser, url, path, turns) {
	for (const turn of turns) {
		const { page, context, watch } = await visitor(browser, url);
		await signIn(page, turn.who, path);
		await sign(page, turn);
		watch.quiet();
		await context.close();
	}
}
