// Uploads files that go with what is written, while one writes. Each is announced to the desk, which says where its bytes
// go; what goes with the form are the ids of those that arrived.

import { amount } from "./clock.js";
import { sentence } from "./form.js";
import { element, say } from "./say.js";

// Larger ones are refused by the desk before a byte is sent: there is no need to read them.
const LARGEST = 25 * 1024 * 1024;

/** @param {number} bytes */
export function size(bytes) {
	if (bytes < 1000) return `${bytes} B`;
	if (bytes < 1e6) return `${Math.floor(bytes / 1000)} kB`;
	return `${(Math.floor(bytes / 1e5) / 10).toFixed(1).replace(".", ",")} MB`;
}

/**
 * How far one is, in words: what is left once that can be told.
 * @param {number} sent
 * @param {number} total
 * @param {number} seconds since it began
 */
export function progress(sent, total, seconds) {
	const percent = Math.floor((100 * sent) / total);
	const left = Math.ceil((seconds * (total - sent)) / Math.max(sent, 1));
	return `${percent} %${seconds > 1 && left > 1 ? `, faltan ${amount(left)}` : ""}`;
}

/**
 * The digest of a file's bytes, where the browser has one: then nothing else is taken for it.
 * @param {File} file
 */
async function digest(file) {
	if (!crypto.subtle || file.size > LARGEST) return "";
	const hash = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
	return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Why a file is not there, for whoever sent it. */
class Refusal extends Error {
	/** @param {string} why @param {boolean} [lasting] whether it is refused, however often it is sent */
	constructor(why, lasting = false) {
		super(why);
		this.lasting = lasting;
	}
}

/** @typedef {{ id: string, upload_url: string, upload_headers: Record<string, string> }} Announced */

/**
 * @param {string} address
 * @param {File} file
 * @param {AbortSignal} signal
 * @returns {Promise<Announced>}
 */
async function announce(address, file, signal) {
	const sum = await digest(file);
	const body = new URLSearchParams({
		name: file.name,
		content_type: file.type || "application/octet-stream",
		size: String(file.size),
		sha256: sum,
	});
	/** @type {Response} */
	let response;
	try {
		response = await fetch(address, { method: "POST", body, headers: { Accept: "application/json" }, signal });
	} catch {
		throw new Refusal(sentence(0, {}).lead);
	}
	const said = await response.json().catch(() => ({}));
	if (response.ok) return said;
	const { lead, way } = sentence(response.status, said);
	const lasting = response.status < 500 && response.status !== 429 && !way;
	throw new Refusal((lasting && (said.errors?.[0]?.detail ?? said.detail)) || lead, lasting);
}

/**
 * @param {Announced} to
 * @param {File} file
 * @param {AbortSignal} signal
 * @param {(sent: number) => void} tell
 */
const send = (to, file, signal, tell) =>
	new Promise((done, fail) => {
		// `fetch` does not say how much of it went.
		const request = new XMLHttpRequest();
		const failed = () => fail(new Refusal("La conexión se cortó."));
		request.open("PUT", to.upload_url);
		for (const [name, value] of Object.entries(to.upload_headers)) request.setRequestHeader(name, value);
		request.upload.addEventListener("progress", ({ loaded }) => tell(loaded));
		request.addEventListener("load", () => (request.status === 200 ? done(undefined) : failed()));
		request.addEventListener("error", failed);
		request.addEventListener("abort", failed);
		signal.addEventListener("abort", () => request.abort());
		request.send(file);
	});

/**
 * What takes files up for a form.
 * @param {import("./files.js").Place} place
 * @returns {(files: Iterable<File>) => void}
 */
export function uploads({ form, field, input, ids, list }) {
	/** Those that are there, by their ids. @type {Map<string, (why: string) => void>} */
	const there = new Map(ids.value.split(" ").map((id) => [id, () => {}]));
	there.delete("");

	/** What waits for a file goes on, perhaps. */
	const changed = () => {
		ids.value = Array.from(there.keys()).join(" ");
		list.hidden = list.childElementCount === 0;
		form.dispatchEvent(new Event("mesa:files"));
	};

	/** @param {File} file @returns {HTMLElement} */
	const add = (file) => {
		const controller = new AbortController();
		const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
		const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
		icon.setAttribute("class", "i");
		icon.setAttribute("aria-hidden", "true");
		use.setAttribute("href", "#i-file");
		icon.append(use);
		const name = element("span", {}, `${file.name} `, element("span", { class: "what" }, size(file.size)));
		const bar = element("progress", { max: "100", value: "0", "aria-label": `Subiendo ${file.name}` });
		const state = element("span", { class: "state" }, "En espera");
		const row = element("li", {});
		let id = "";

		/** @param {string} word @param {() => void} act */
		const button = (word, act) => {
			const made = element("button", { class: "linkish", type: "button" }, word);
			made.append(element("span", { class: "hide" }, ` ${file.name}`));
			made.addEventListener("click", act);
			return made;
		};
		const drop = () => {
			controller.abort();
			there.delete(id);
			row.remove();
			changed();
			input.focus();
		};
		/** @param {string} why @param {boolean} lasting */
		const refuse = (why, lasting) => {
			there.delete(id);
			row.className = "bad";
			state.replaceChildren(why);
			if (!lasting) state.append(" ", button("Reintentar", again));
			row.replaceChildren(icon, name, button("Quitar", drop), state);
			say(`${file.name}: ${why}`);
			changed();
		};
		const again = () => {
			row.replaceWith(add(file));
			changed();
			input.focus();
		};
		const upload = async () => {
			try {
				const to = await announce(field.dataset.files ?? "", file, controller.signal);
				const began = performance.now();
				await send(to, file, controller.signal, (sent) => {
					bar.setAttribute("value", String((100 * sent) / file.size));
					state.textContent = progress(sent, file.size, (performance.now() - began) / 1000);
				});
				id = to.id;
				there.set(id, (why) => refuse(why.replace(`${file.name}: `, ""), true));
				state.textContent = "Listo";
				row.replaceChildren(icon, name, button("Quitar", drop), state);
				say(`${file.name}: listo`);
				changed();
			} catch (error) {
				if (controller.signal.aborted) return;
				const known = error instanceof Refusal;
				refuse(known ? error.message : "No se pudo leer.", known && error.lasting);
			}
		};
		row.append(icon, name, button("Cancelar", drop), bar, state);
		upload();
		return row;
	};

	// What the desk found wrong with those that were sent along.
	form.addEventListener("mesa:refused", (event) => {
		const sent = Array.from(there.values());
		for (const { field, detail } of event instanceof CustomEvent ? event.detail : []) {
			const place = /^attachments\[(\d+)\]$/.exec(field)?.[1];
			if (place) sent[Number(place)]?.(detail);
		}
	});
	return (files) => {
		for (const file of files) list.append(add(file));
		changed();
	};
}
