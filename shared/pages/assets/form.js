// Forms that are sent in place: the same form to the same address, asked for the outcome as data. What was typed stays
// until the server has it.

import { element } from "./say.js";

/**
 * What the server says where a command was not carried out (RFC 9457).
 * @typedef {{ code?: string, title?: string, detail?: string, errors?: { field: string, detail: string }[] }} Problem
 */

const KEPT = "Lo que escribió sigue aquí.";

/**
 * What stands at the form, and which way leads on from there.
 * @param {number} status 0 where there was no answer
 * @param {Problem} problem
 * @returns {{ lead: string, rest: string, way?: "enter" | "compare" }}
 */
export function sentence(status, problem) {
	if (status === 0) return { lead: "No hay conexión.", rest: `${KEPT} Vuelva a enviarlo cuando la haya.` };
	if (status === 401) return { lead: "Su sesión terminó.", rest: KEPT, way: "enter" };
	if (problem.code === "version_conflict") {
		return { lead: "Otra persona la cambió mientras usted escribía.", rest: `No se envió. ${KEPT}`, way: "compare" };
	}
	if (status >= 500 || status === 429) {
		return { lead: "La Mesa de Ayuda no pudo recibirlo.", rest: `${KEPT} Vuelva a enviarlo en un momento.` };
	}
	return { lead: "No se envió.", rest: `${problem.detail ?? problem.title ?? ""} ${KEPT}`.trim() };
}

/**
 * The names that a field of a problem may have in a form: its own, and those that it begins with.
 * @param {string} field `web_request.action`, `observers[0]`
 */
export function names(field) {
	const parts = field.replace(/\[\d+\]/g, "").split(".");
	return parts.map((_, index) => parts.slice(0, parts.length - index).join("."));
}

/**
 * @param {HTMLFormElement} form
 * @param {string} field
 */
function control(form, field) {
	const candidates = Array.from(form.elements).filter((part) => part instanceof HTMLElement && part.matches("[name]"));
	for (const name of names(field)) {
		const found = candidates.find((part) => {
			const own = part.getAttribute("name") ?? "";
			return part.getAttribute("type") !== "hidden" && (own === name || own.startsWith(`${name}.`));
		});
		if (found instanceof HTMLElement) return found;
	}
	return undefined;
}

/** Takes back what is said to be wrong in a part of a form. @param {Element} part */
function unmark(part) {
	for (const said of part.querySelectorAll(".field-error, [data-said]")) said.remove();
	for (const wrong of part.querySelectorAll("[aria-invalid]")) {
		wrong.removeAttribute("aria-invalid");
		const left = (wrong.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => document.getElementById(id));
		wrong.setAttribute("aria-describedby", left.join(" "));
	}
	// A question of several parts is wrong until each of them is mended.
	for (const field of document.querySelectorAll(".field--error:not(:has(.field-error))")) {
		field.classList.remove("field--error");
	}
}

/** Takes back what an earlier attempt said. @param {HTMLFormElement} form */
function clear(form) {
	document.getElementById("errores")?.remove();
	unmark(form);
	document.title = document.title.replace(/^Error: /, "");
}

function warning() {
	const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
	icon.setAttribute("class", "i");
	icon.setAttribute("aria-hidden", "true");
	const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
	use.setAttribute("href", "#i-warn");
	icon.append(use);
	return icon;
}

/**
 * Says what is wrong where it is wrong.
 * @param {HTMLElement} wrong
 * @param {string} detail
 */
function mark(wrong, detail) {
	wrong.id ||= `campo-${wrong.getAttribute("name")}`;
	const id = `${wrong.id}-error`;
	const field = wrong.closest(".field");
	const error = element("p", { class: "field-error", id }, warning(), element("span", {}, detail));
	field?.classList.add("field--error");
	(wrong.closest(".choices, .stars") ?? wrong).before(error);
	wrong.setAttribute("aria-invalid", "true");
	wrong.setAttribute("aria-describedby", `${wrong.getAttribute("aria-describedby") ?? ""} ${id}`.trim());
}

/** What was asked for there, before what is wrong with it. @param {HTMLElement} wrong */
function asked(wrong) {
	const question = wrong.closest(".field")?.querySelector("legend, label")?.firstChild?.textContent?.trim();
	return question ? `${question}${question.endsWith("?") ? "" : ":"} ` : "";
}

/**
 * @param {HTMLFormElement} form
 * @param {{ field: string, detail: string }[]} errors
 */
function summarise(form, errors) {
	/** In the order of the page. @type {(Element | undefined)[]} */
	const parts = Array.from(form.elements);
	const found = errors.map(({ field, detail }) => ({ wrong: control(form, field), detail }));
	found.sort((one, other) => parts.indexOf(one.wrong) - parts.indexOf(other.wrong));
	const lines = found.map(({ wrong, detail }) => {
		if (!wrong) return element("li", {}, detail);
		// Something to be chosen is not filled in.
		const chosen = wrong.matches("select, [type='radio']");
		const said = chosen ? detail.replace(/^Es obligatorio.*/, "Elija una opción.") : detail;
		mark(wrong, said);
		const link = element("a", { href: `#${wrong.id}` }, `${asked(wrong)}${said}`);
		link.addEventListener("click", (event) => {
			event.preventDefault();
			wrong.focus();
			wrong.scrollIntoView({ block: "center" });
		});
		return element("li", {}, link);
	});
	const title = errors.length === 1 ? "Falta algo por corregir" : `Faltan ${errors.length} cosas por corregir`;
	const summary = element(
		"div",
		{ class: "error-summary", role: "alert", tabindex: "-1", id: "errores" },
		element("h2", {}, title),
		element("ul", {}, ...lines),
	);
	form.before(summary);
	document.title = `Error: ${document.title}`;
	summary.focus();
}

/**
 * @param {HTMLFormElement} form
 * @param {number} status
 * @param {Problem} problem
 */
function explain(form, status, problem) {
	const { lead, rest, way } = sentence(status, problem);
	const line = element("p", { class: "expired", role: "alert", "data-said": "" }, element("b", {}, lead), ` ${rest} `);
	if (way === "enter") {
		const back = encodeURIComponent(location.pathname + location.search);
		const link = element(
			"a",
			{ href: `/entrar?a=${back}`, target: "_blank", rel: "noopener" },
			"Entre en otra pestaña",
		);
		line.append(link, " y vuelva a enviar.");
	}
	if (way === "compare") {
		const button = element("button", { class: "linkish", type: "button" }, "Ver lo que cambió y decidir");
		// The page that answers shows both texts; it is the one that comes where no script runs.
		button.addEventListener("click", () => HTMLFormElement.prototype.submit.call(form));
		line.append(button);
	}
	const foot = form.querySelector(".compose-foot, .buttons");
	if (foot && foot.parentElement !== document.body) foot.before(line);
	else form.append(line);
	line.scrollIntoView({ block: "nearest" });
}

/**
 * The button says that it works, and keeps its width. Gives the way back.
 * @param {HTMLElement | null} button
 */
function busy(button) {
	if (!button) return () => {};
	const content = Array.from(button.childNodes);
	const width = button.getBoundingClientRect().width;
	button.style.minInlineSize = `${width}px`;
	button.setAttribute("aria-disabled", "true");
	button.setAttribute("aria-busy", "true");
	button.replaceChildren(button.dataset.busy ?? "Enviando…");
	return () => {
		button.replaceChildren(...content);
		button.removeAttribute("aria-disabled");
		button.removeAttribute("aria-busy");
		button.style.removeProperty("min-inline-size");
	};
}

/** @param {Response} response @returns {Promise<Problem>} */
async function problemOf(response) {
	try {
		const problem = await response.json();
		return typeof problem === "object" && problem !== null ? problem : {};
	} catch {
		return {};
	}
}

/**
 * Where it goes on from a command that was carried out.
 * @param {HTMLFormElement} form
 * @param {HTMLElement | null} button
 * @param {Response} response
 */
function next(form, button, response) {
	if (button?.dataset.next) return button.dataset.next;
	if ("located" in form.dataset) return response.headers.get("Location") ?? form.dataset.next;
	return form.dataset.next ?? (response.redirected ? response.url : undefined);
}

/** Forms whose command is on its way. @type {Map<HTMLFormElement, () => void>} */
const sending = new Map();

/**
 * @param {HTMLFormElement} form
 * @param {HTMLElement | null} button
 */
async function send(form, button) {
	clear(form);
	const restore = busy(button);
	sending.set(form, restore);
	const done = () => {
		sending.delete(form);
		restore();
	};
	// Files that are on their way go along.
	while (form.querySelector(".files progress, [data-coming]")) {
		await new Promise((change) => form.addEventListener("mesa:files", change, { once: true }));
	}
	if (form.querySelector(".files .bad")) {
		done();
		explain(form, 422, { detail: "Un archivo no subió: reinténtelo o quítelo." });
		return;
	}
	const body = new URLSearchParams();
	for (const [name, value] of new FormData(form, button)) if (typeof value === "string") body.append(name, value);
	/** @type {Response} */
	let response;
	try {
		response = await fetch(form.getAttribute("action") ?? location.href, {
			method: "POST",
			body,
			headers: { Accept: "application/json" },
			signal: AbortSignal.timeout(30_000),
		});
	} catch {
		done();
		explain(form, 0, {});
		return;
	}
	if (response.ok) {
		form.dispatchEvent(new Event("mesa:sent", { bubbles: true }));
		const address = next(form, button, response);
		// The button stays busy until the next page is there.
		if (address) location.assign(address);
		else location.reload();
		return;
	}
	const problem = await problemOf(response);
	done();
	const { errors } = problem;
	form.dispatchEvent(new CustomEvent("mesa:refused", { detail: errors ?? [] }));
	if (errors && errors.length > 0) summarise(form, errors);
	else explain(form, response.status, problem);
}

export function start() {
	// What was said of one search says nothing of the next.
	document.addEventListener("input", ({ target }) => {
		if (target instanceof HTMLInputElement) document.querySelector(`[data-of="${CSS.escape(target.id)}"]`)?.remove();
	});
	document.addEventListener("submit", (event) => {
		const form = event.target;
		if (!(form instanceof HTMLFormElement)) return;
		const button = event.submitter;
		// A button that says why it does nothing does nothing.
		if (sending.has(form) || button?.getAttribute("aria-disabled") === "true") {
			event.preventDefault();
			return;
		}
		if (!form.matches("[data-inplace]:not([enctype='multipart/form-data'])")) return;
		event.preventDefault();
		send(form, button);
	});
	document.addEventListener("input", ({ target }) => {
		if (target instanceof Element) unmark(target.closest(".field") ?? target);
	});
	// Back from the next page: the button is one again.
	window.addEventListener("pageshow", (event) => {
		if (!event.persisted) return;
		for (const restore of sending.values()) restore();
		sending.clear();
	});
}
