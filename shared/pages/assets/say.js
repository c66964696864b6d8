// How the modules speak: one polite line that is read out, and small parts of a page, built of nodes and never of markup.

/** Said once, after what is being read. @param {string} sentence */
export function say(sentence) {
	const line = document.getElementById("avisos");
	if (line) line.textContent = sentence;
}

const DAY = new Intl.DateTimeFormat("es-CO", {
	weekday: "long",
	day: "numeric",
	month: "long",
	timeZone: "America/Bogota",
});

/** A time to come: `a las 9:05`, `el lunes 30 de noviembre a las 9:05`. @param {number} at @param {number} now */
export function until(at, now) {
	const day = DAY.format(at);
	return `${day === DAY.format(now) ? "" : `el ${day.replace(",", "")} `}a las ${hour(at)}`;
}

/** How long a line can be seen, in milliseconds. */
const SEEN = 6000;

/** @type {ReturnType<typeof setTimeout> | undefined} */
let seen;

/** Said, and shown for a moment: what a key came to that changes nothing else. @param {string} sentence */
export function tell(sentence) {
	const line = document.getElementById("avisos");
	if (!line) return;
	line.textContent = sentence;
	line.className = "said";
	clearTimeout(seen);
	seen = setTimeout(() => {
		line.className = "hide";
	}, SEEN);
}

/**
 * An element with attributes and content.
 * @param {string} name
 * @param {Record<string, string>} attributes
 * @param {(Node | string)[]} content
 */
export function element(name, attributes, ...content) {
	const made = document.createElement(name);
	for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
	made.append(...content);
	return made;
}

const HOUR = new Intl.DateTimeFormat("es-CO", {
	hour: "numeric",
	minute: "2-digit",
	hourCycle: "h23",
	timeZone: "America/Bogota",
});

/** The hour as pages write it: `9:05`. @param {number} at milliseconds since 1970 */
export const hour = (at) => HOUR.format(at);
