// How the modules speak: one polite line that is read out, and small parts of a page, built of nodes and never of markup.

/** Said once, after what is being read. @param {string} sentence */
export function say(sentence) {
	const line = document.getElementById("avisos");
	if (line) line.textContent = sentence;
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
