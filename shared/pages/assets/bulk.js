// The same done to several requests: each is a command of its own, sent to the address of its own form. What failed stays
// chosen, and says why.

import { now } from "./clock.js";
import { sentence } from "./form.js";
import { element, say, until } from "./say.js";

/**
 * What a button of the strip sends, and where: the forms of a request's page have the same.
 * @type {Record<string, { path: string, done: string, fields: string[], fixed?: Record<string, string> }>}
 */
export const ACTS = {
	tomar: { path: "responsable", done: "tomada", fields: [] },
	asignar: { path: "responsable", done: "asignada", fields: ["agent"] },
	cerrar: { path: "cierre", done: "cerrada", fields: [] },
	responder: { path: "seguimientos", done: "respondida", fields: ["body"], fixed: { visibility: "public" } },
};

/**
 * How many are chosen, in words.
 * @param {number} count
 */
export const chosenWords = (count) => (count === 1 ? "1 elegida" : `${count} elegidas`);

/**
 * What came of all of them, in words.
 * @param {string} done
 * @param {number} well
 * @param {number} failed
 * @param {string} [to] whom they went to, and until when
 */
export function outcome(done, well, failed, to = "") {
	const good = `${well} ${done}${well === 1 ? "" : "s"}${to}`;
	if (failed === 0) return `${good}.`;
	return `${good}; ${failed} no: ${failed === 1 ? "sigue elegida" : "siguen elegidas"}.`;
}

/**
 * To whom they went, and until when: of several, the first.
 * @param {string} name
 * @param {string[]} due
 */
export function whose(name, due) {
	const [first, ...more] = due.toSorted();
	if (!first) return ` a ${name}`;
	const by = `${more.length > 0 ? "el primer" : "su"} tiempo de solución vence ${until(Date.parse(first), now())}`;
	return ` a ${name}: ${by}`;
}

/** @returns {HTMLInputElement[]} */
const chosen = () =>
	Array.from(document.querySelectorAll(".pick input")).filter(
		/** @returns {box is HTMLInputElement} */ (box) => box instanceof HTMLInputElement && box.checked,
	);

/** Keys of what was sent and not answered: sent again it is the same command. @type {Map<string, string>} */
const keys = new Map();

/**
 * Carries one out. Gives what stood in the way, or until when it is now to be solved, where that is known.
 * @param {string} number
 * @param {{ path: string }} act
 * @param {Record<string, string>} fields
 * @returns {Promise<{ why: string } | { due: string | undefined }>}
 */
async function carryOut(number, act, fields) {
	const what = JSON.stringify([number, act.path, fields]);
	const key = keys.get(what) ?? crypto.randomUUID();
	keys.set(what, key);
	/** @type {Response} */
	let response;
	try {
		response = await fetch(`/solicitudes/${encodeURIComponent(number)}/${act.path}`, {
			method: "POST",
			body: new URLSearchParams({ ...fields, idempotency_key: key }),
			headers: { Accept: "application/json" },
			signal: AbortSignal.timeout(30_000),
		});
	} catch {
		return { why: "No hay conexión." };
	}
	if (response.status < 500) keys.delete(what);
	if (response.ok) {
		/** @type {{ clocks?: { solution?: { due_at?: string } } }} */
		const ticket = await response.json().catch(() => ({}));
		return { due: ticket.clocks?.solution?.due_at };
	}
	/** @type {import("./form.js").Problem} */
	const problem = await response.json().catch(() => ({}));
	const wrong = problem.errors?.[0]?.detail ?? problem.detail;
	return { why: wrong ?? sentence(response.status, problem).lead };
}

/** Only what can be done to one of them at least, where the rows say what can. @param {HTMLFormElement} strip */
function offer(strip) {
	const rows = chosen().map((box) => box.closest(".row"));
	/** @param {string} act */
	const can = (act) => rows.some((row) => (row?.getAttribute("data-can") ?? act).split(" ").includes(act));
	for (const button of strip.querySelectorAll("button[type='submit'][value]")) {
		const act = button.getAttribute("value") ?? "";
		const field = ACTS[act]?.fields[0];
		const input = field ? strip.elements.namedItem(field) : null;
		const fold = button.closest("details");
		const parts = fold ? [fold] : [button, input instanceof Element ? input : button];
		for (const part of parts) part.toggleAttribute("hidden", !can(act));
	}
}

/**
 * @param {HTMLFormElement} strip
 * @param {Element} results
 */
function tell(strip, results) {
	const count = chosen().length;
	// At the same height with and without: no row moves under whoever chooses.
	strip.toggleAttribute("data-on", count > 0);
	for (const part of strip.querySelectorAll("[data-some]")) part.toggleAttribute("hidden", count === 0);
	for (const part of strip.querySelectorAll("[data-none]")) part.toggleAttribute("hidden", count > 0);
	const words = strip.querySelector("[data-chosen]");
	if (words) words.textContent = chosenWords(count);
	offer(strip);
	if (count > 0) results.replaceChildren();
}

/**
 * @param {HTMLFormElement} strip
 * @param {Element} results
 * @param {HTMLElement} button
 */
async function send(strip, results, button) {
	const act = ACTS[button.getAttribute("value") ?? ""];
	if (!act) return;
	/** @type {Record<string, string>} */
	const fields = { ...act.fixed };
	for (const name of act.fields) {
		const field = strip.elements.namedItem(name);
		const value = field instanceof HTMLSelectElement || field instanceof HTMLTextAreaElement ? field.value.trim() : "";
		if (value === "") {
			if (field instanceof HTMLElement) field.focus();
			say("Falta un dato para hacerlo.");
			return;
		}
		fields[name] = value;
	}
	const content = Array.from(button.childNodes);
	const boxes = chosen();
	/** @type {Node[]} */
	const lines = [];
	/** @type {string[]} */
	const due = [];
	const agent = strip.elements.namedItem("agent");
	const name = agent instanceof HTMLSelectElement ? agent.selectedOptions[0]?.textContent : null;
	strip.setAttribute("aria-busy", "true");
	for (const [index, box] of boxes.entries()) {
		button.replaceChildren(`${index + 1} de ${boxes.length}…`);
		const came = await carryOut(box.value, act, fields);
		if ("why" in came) lines.push(element("li", {}, element("b", {}, `#${box.value.padStart(6, "0")}: `), came.why));
		else {
			box.checked = false;
			if (came.due) due.push(came.due);
		}
	}
	button.replaceChildren(...content);
	strip.removeAttribute("aria-busy");
	tell(strip, results);
	const to = act === ACTS.asignar && name && lines.length < boxes.length ? whose(name, due) : "";
	const summary = outcome(act.done, boxes.length - lines.length, lines.length, to);
	const said = element("div", {}, element("p", {}, summary));
	if (lines.length > 0) said.append(element("ul", { class: "links" }, ...lines));
	results.replaceChildren(element("div", { class: "notice" }, said));
	if (lines.length === 0) strip.reset();
	document.dispatchEvent(new Event("mesa:changed"));
}

export function start() {
	const strip = document.querySelector("form[data-bulk]");
	const results = document.getElementById("resultados");
	if (!(strip instanceof HTMLFormElement) || !results) return;
	document.addEventListener("change", ({ target }) => {
		if (target instanceof Element && target.matches(".pick input")) tell(strip, results);
	});
	strip.addEventListener("submit", (event) => {
		event.preventDefault();
		const busy = strip.getAttribute("aria-busy") === "true";
		if (event.submitter instanceof HTMLElement && !busy) send(strip, results, event.submitter);
	});
	strip.addEventListener("reset", () => {
		for (const box of chosen()) box.checked = false;
		tell(strip, results);
	});
	// The browser brings back what was chosen before a reload.
	tell(strip, results);
}
