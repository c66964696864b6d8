// A page of our own with the product's styles and scripts, under the product's policy, and a server that answers as it is
// told: for what a desk cannot be made to do at a given moment.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { atTheEnd } from "./harness.js";

const ASSETS = new URL("../../shared/pages/assets/", import.meta.url);

const POLICY =
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types 'none'";

/** @typedef {{ number: number, title: string, left: number, own?: boolean }} Row */
/** @typedef {{ path: string, body: URLSearchParams, accept: string }} Sent */

/** @param {Row} row */
const rowOf = ({ number, title, left, own }) => `
<tr class="row" role="row" id="r${number}">
<td class="c-pick" role="cell"><label class="pick"><span class="hide">Elegir ${number}</span><input type="checkbox"></label></td>
<td class="c-clock" role="cell"><span class="clock" data-state="run" data-left="${left}" data-running${own ? " data-mine" : ""}>
<svg class="i" aria-hidden="true"><use href="#i-run"/></svg><span>Solución: <b>faltan</b></span></span></td>
<th class="c-what" scope="row" role="rowheader"><a href="/solicitudes/${number}">${title}</a><small><span class="num">#${number}</span></small></th>
</tr>`;

/** What the server does next, and what it was asked. */
export class Stage {
	url = "";
	title = "Cola";
	/** @type {Row[]} */
	rows = [];
	/** How often the list was asked for, and with which condition. @type {string[]} */
	asked = [];
	/** @type {Sent[]} */
	sent = [];
	/** What a command is answered with; nothing: the connection breaks. @type {[status: number, body: object] | undefined} */
	outcome = [200, {}];
	/** Whether the list is answered at all. */
	up = true;

	/** @param {string} title @param {string} content */
	page(title, content) {
		// Yesterday's hour, as on a machine whose clock is wrong.
		const now = new Date(Date.now() - 86_400_000).toISOString();
		return `<!doctype html><html lang="es-CO"><head><meta charset="utf-8"><title>${title}</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="/recursos/mesa.css"><script type="module" src="/recursos/mesa.js"></script></head>
<body class="desk" data-now="${now}" data-who="agente1.soporte@uspec.gov.co" data-acts="a r n h e l Shift+E">
<header class="rail"><nav aria-label="Cola"><ul><li><a href="/cola" data-key="g c">Todas <span class="count" data-count="todas">${this.rows.length}</span></a></li></ul></nav>
<div class="rail-foot"><form method="post" action="/salir" data-leave><button class="linkish">Salir</button></form></div></header>
<main class="work">${content}</main><p class="hide" role="status" id="avisos"></p></body></html>`;
	}

	list() {
		return this.page(
			this.title,
			`<h1>Cola</h1><p><span id="conexion"></span></p><input type="search" class="input" data-key="/" aria-label="Buscar">
<div id="lista" data-poll="1"><table class="queue" role="table"><tbody role="rowgroup">${this.rows.map(rowOf).join("")}</tbody></table></div>`,
		);
	}

	ticket() {
		return this.page(
			"Solicitud 12",
			`<p><a href="/cola" data-key="Escape" data-back>Cola</a></p><h1>Solicitud</h1><p><span class="num" data-copy="#000012">#000012</span></p>
<form class="compose compose--public" method="post" action="/solicitudes/12/seguimientos" id="reply" data-inplace data-next="/solicitudes/12?hecho=enviado" data-key="r">
<input type="hidden" name="idempotency_key" value="una-vez"><div class="field"><label for="reply-body">Respuesta</label>
<textarea class="textarea" id="reply-body" name="body" data-draft></textarea></div>
<div class="compose-foot"><button class="button button--primary" type="submit" data-busy="Enviando…">Enviar a quien pidió</button></div></form>
<details data-key="e"><summary>Resolver</summary><form method="post" action="/solicitudes/12/solucion" data-inplace><div class="field"><label for="solucion">Solución</label>
<textarea class="textarea" id="solucion" name="solution" data-draft></textarea></div><div class="compose-foot"><button class="button" type="submit" aria-keyshortcuts="Control+Enter">Guardar</button>
<button class="button" type="submit" name="luego" value="siguiente" data-next="/solicitudes/13" data-key="Shift+E" aria-keyshortcuts="Control+Shift+Enter Shift+E">Guardar y siguiente</button></div></form></details>`,
		);
	}

	async start() {
		const server = createServer((request, response) => {
			const { pathname } = new URL(request.url ?? "/", "http://stage");
			/** @param {number} status @param {string} type @param {string} body @param {Record<string, string>} [more] */
			const answer = (status, type, body, more = {}) => {
				response.writeHead(status, { "content-type": type, "content-security-policy": POLICY, ...more });
				response.end(body);
			};
			const html = "text/html; charset=utf-8";
			if (request.method === "POST") {
				let body = "";
				request.on("data", (part) => {
					body += part;
				});
				request.on("end", () => {
					const accept = request.headers.accept ?? "";
					this.sent.push({ path: pathname, body: new URLSearchParams(body), accept });
					if (!this.outcome) request.socket.destroy();
					else if (!accept.includes("json"))
						answer(200, html, this.page("Decidir", "<h1>Mientras usted escribía</h1>"));
					else answer(this.outcome[0], "application/problem+json", JSON.stringify(this.outcome[1]));
				});
			} else if (pathname === "/recursos/mesa.css") {
				const layers = ["tokens", "base", "components", "pages"];
				answer(200, "text/css", layers.map((layer) => readFileSync(new URL(`${layer}.css`, ASSETS), "utf8")).join(""));
			} else if (pathname.startsWith("/recursos/")) {
				answer(200, "text/javascript", readFileSync(new URL(pathname.slice("/recursos/".length), ASSETS), "utf8"));
			} else if (pathname === "/cola") {
				const tag = `"${JSON.stringify([this.title, this.rows]).length}-${this.rows.map(({ number }) => number)}"`;
				const condition = request.headers["if-none-match"] ?? "";
				this.asked.push(condition);
				if (!this.up) request.socket.destroy();
				else if (condition === tag) answer(304, html, "", { etag: tag });
				else answer(200, html, this.list(), { etag: tag });
			} else answer(200, html, this.ticket());
		});
		await new Promise((listening) => server.listen(0, "127.0.0.1", () => listening(undefined)));
		const address = server.address();
		this.url = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
		atTheEnd(() => {
			server.close();
			server.closeAllConnections();
		});
		return this;
	}
}
