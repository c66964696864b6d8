// Drafts: what is typed is kept in this browser until it has been sent. Nobody gets another's, and none is kept for long.

import { now } from "./clock.js";
import { element, hour } from "./say.js";
import { briefly, keys, read, remove, who, write } from "./store.js";

const PREFIX = "borrador:";

/** Older ones are thrown away, in milliseconds. */
const KEPT = 14 * 86_400_000;

/** So are those of which it was not known of whom they were written, in milliseconds. */
const HIS = 600_000;

/** What was typed, and over what: nothing, mostly. @typedef {{ text: string, over?: string, at: number }} Draft */

/**
 * A request's page and the pages of its commands are one place: what was typed on one is found on the others. Each of
 * its formats is another.
 * @param {string} path
 */
export const place = (path) => /^\/solicitudes\/\d+(?:\/formatos\/[^/]+)?/.exec(path)?.[0] ?? path;

/**
 * @param {string} whose the address that is signed in
 * @param {string} path
 * @param {string} field
 */
export const draftKey = (whose, path, field) => `${PREFIX}${whose}:${place(path)}:${field}`;

/**
 * @param {string | null} kept
 * @returns {Draft | undefined}
 */
export function parse(kept) {
	try {
		const draft = JSON.parse(kept ?? "");
		if (typeof draft?.text === "string" && typeof draft.at === "number") return draft;
	} catch {
		// Not one of ours.
	}
	return undefined;
}

/**
 * Whether a draft is to be thrown away.
 * @param {Draft | undefined} draft
 * @param {number} at
 */
export const stale = (draft, at, key = "") => !draft || at - draft.at > (key.includes("/:") ? HIS : KEPT);

/** @typedef {HTMLTextAreaElement | HTMLInputElement | HTMLSelectElement} Field */

/** @param {EventTarget | null} target @returns {target is Field} */
const drafted = (target) => target instanceof HTMLElement && target.matches("[data-draft]");

/** Those of which one is chosen are one field. @param {Field} field @returns {HTMLInputElement[]} */
function choices(field) {
	if (field.type !== "radio" || !field.form) return [];
	const all = field.form.querySelectorAll(`[type="radio"][name="${CSS.escape(field.name)}"]`);
	return /** @type {HTMLInputElement[]} */ (Array.from(all));
}

/** What it says. @param {Field} field */
function said(field) {
	if (field.type === "radio") return choices(field).find((choice) => choice.checked)?.value ?? "";
	if (field instanceof HTMLInputElement && field.type === "checkbox") return field.checked ? field.value : "";
	return field.value;
}

/** What it said as it came. @param {Field} field */
function given(field) {
	if (field.type === "radio") return choices(field).find((choice) => choice.defaultChecked)?.value ?? "";
	if (field instanceof HTMLSelectElement) {
		return Array.from(field.options).find((option) => option.defaultSelected)?.value ?? "";
	}
	if (field.type !== "checkbox") return field.defaultValue;
	return field instanceof HTMLInputElement && field.defaultChecked ? field.value : "";
}

/** @param {Field} field @param {string} text */
function put(field, text) {
	if (field instanceof HTMLInputElement && /^(?:radio|checkbox)$/.test(field.type))
		field.checked = field.value === text;
	else field.value = text;
}

/**
 * A form that is about somebody keeps what is written of him apart.
 * @param {Field} field
 */
const keyOf = (field, of = field.form?.dataset.draftOf) => {
	const name = field.type === "radio" ? field.name : field.id || field.name;
	return draftKey(who(), location.pathname + (of === undefined ? "" : `/${of}`), name);
};

/** @param {Element} form @returns {Field[]} */
const fieldsOf = (form) => Array.from(form.querySelectorAll("[data-draft]")).filter(drafted);

/**
 * Says when it was kept: below everything that somebody may aim at.
 * @param {Field} field
 * @param {number} at
 */
function told(field, at) {
	const form = field.form;
	if (!form) return;
	let line = form.querySelector("[data-saved]");
	if (!line) {
		line = element("span", { class: "hint", "data-saved": "" });
		(form.querySelector(".compose-foot, .signbar") ?? form).append(line);
	}
	// What stands beside the words stays.
	(line.firstChild ?? line.appendChild(new Text())).nodeValue =
		`${form.dataset.kept ?? "Borrador guardado"} a las ${hour(at)}`;
}

/** @param {Field} field */
function keep(field) {
	const [text, over] = [said(field), given(field)];
	if (text.trim() === "" || text === over) {
		remove(keyOf(field));
		field.form?.querySelector("[data-saved]")?.remove();
		return;
	}
	const at = now();
	write(keyOf(field), JSON.stringify(over ? { text, over, at } : { text, at }));
	if (read(keyOf(field))) told(field, at);
}

/** Says what came back, where it is seen, and takes it back. @param {Field} field @param {number} at */
function recalled(field, at) {
	const form = field.form;
	told(field, at);
	const line = form?.querySelector("[data-saved]");
	if (!form || !line || field.type !== "textarea" || form.matches("[data-kept]")) return;
	const button = element("button", { class: "linkish", type: "button" }, "Descartar");
	button.addEventListener("click", () => {
		form.reset();
		for (const each of fieldsOf(form)) remove(keyOf(each));
		line.remove();
		field.focus();
	});
	line.append(" ", button);
	// Not where the next key leads whoever writes.
	field.before(line);
}

/**
 * What was written before it was known of whom is his, where nothing of his is kept.
 * @param {Element} form
 */
function adopt(form) {
	const fields = fieldsOf(form);
	if (fields.some((field) => read(keyOf(field)))) return;
	for (const field of fields) {
		const early = keyOf(field, "");
		const text = read(early);
		if (text) write(keyOf(field), text);
		remove(early);
	}
}

/** @param {Field} field */
function restore(field) {
	const draft = parse(read(keyOf(field)));
	if (!draft || said(field) !== (draft.over ?? "")) return;
	put(field, draft.text);
	field.dispatchEvent(new Event("input", { bubbles: true }));
	field.closest("form .fold")?.setAttribute("open", "");
	recalled(field, draft.at);
}

/** What a form sent by the browser itself takes along: gone, if the next page says that it was carried out. */
const SENT = "enviados";

function settle() {
	briefly((storage) => {
		const sent = storage.getItem(SENT);
		storage.removeItem(SENT);
		if (sent && new URLSearchParams(location.search).has("hecho")) {
			for (const key of sent.split("\n")) remove(key);
		}
	});
	for (const key of keys(PREFIX)) if (stale(parse(read(key)), now(), key)) remove(key);
}

export function start() {
	settle();
	/** @type {Map<Field, ReturnType<typeof setTimeout>>} */
	const waiting = new Map();
	/** @param {Field} field */
	const flush = (field) => {
		clearTimeout(waiting.get(field));
		waiting.delete(field);
		keep(field);
	};
	document.addEventListener("input", ({ target, isTrusted }) => {
		if (!drafted(target) || !isTrusted) return;
		clearTimeout(waiting.get(target));
		waiting.set(target, setTimeout(flush, 400, target));
	});
	window.addEventListener("pagehide", () => {
		for (const field of waiting.keys()) flush(field);
	});
	document.addEventListener("mesa:sent", ({ target }) => {
		if (!(target instanceof HTMLFormElement)) return;
		for (const field of fieldsOf(target)) {
			clearTimeout(waiting.get(field));
			waiting.delete(field);
			remove(keyOf(field));
		}
	});
	document.addEventListener("submit", ({ target, defaultPrevented }) => {
		if (!(target instanceof HTMLFormElement) || defaultPrevented) return;
		if (target.matches("[data-leave], [action='/salir']")) {
			waiting.clear();
			for (const key of keys(`${PREFIX}${who()}:`)) remove(key);
			return;
		}
		briefly((storage) =>
			storage.setItem(
				SENT,
				fieldsOf(target)
					.map((field) => keyOf(field))
					.join("\n"),
			),
		);
	});
	for (const form of document.querySelectorAll("form[data-draft-of]:not([data-draft-of=''])")) adopt(form);
	const fields = fieldsOf(document.documentElement);
	for (const field of fields) restore(field);
	// What was typed before this came. What a browser put back by itself may have been sent already.
	const [way] = performance.getEntriesByType("navigation");
	if (way && "type" in way && way.type === "navigate") {
		for (const field of fields) if (said(field) !== given(field) && !read(keyOf(field))) keep(field);
	}
}
